#include "engine/jdbc/postgres.h"

#include <fmt/format.h>
#include <poll.h>
#include <postgresql/libpq-fe.h>

#include <charconv>

#include "base/fail.h"
#include "base/interrupt.h"

namespace tinderbox::engine {
namespace {

using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

template <typename T>
T Number(const std::string& text) {
  T out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

}  // namespace

struct Postgres::State {
  PGconn* connection = nullptr;
  std::string name;
  char* piece = nullptr;

  [[noreturn]] void Fail(const PGresult* result) const {
    const char* code = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char* primary = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char* detail = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    std::string text = primary != nullptr ? primary : PQerrorMessage(connection);
    while (!text.empty() && (text.back() == '\n' || text.back() == '.')) text.pop_back();
    if (detail != nullptr) text += fmt::format(" ({})", detail);
    if (code != nullptr) text += fmt::format(" [{}]", code);
    base::Fail("TINDERBOX_JDBC", "PostgreSQL at {}: {}.", name, text);
  }

  /// Waits until the server has said something, and can be interrupted meanwhile.
  void Wait() {
    while (PQisBusy(connection) == 1) {
      base::ThrowIfInterrupted();
      pollfd socket{PQsocket(connection), POLLIN, 0};
      if (::poll(&socket, 1, 200) != 0 && PQconsumeInput(connection) == 0) Fail(nullptr);
    }
  }

  Result Next() {
    Wait();
    return {PQgetResult(connection), PQclear};
  }

  /// The last result of what was sent. Throws when one of them is an error.
  Result Finish() {
    Result last(nullptr, PQclear);
    while (Result result = Next()) {
      const ExecStatusType status = PQresultStatus(result.get());
      if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE || status == PGRES_NONFATAL_ERROR)
        Fail(result.get());
      last = std::move(result);
      if (status == PGRES_COPY_OUT || status == PGRES_COPY_IN) break;
    }
    return last;
  }

  Result Execute(const std::string& sql, const std::vector<std::string>& parameters = {}) {
    std::vector<const char*> values;
    for (const std::string& parameter : parameters) values.push_back(parameter.c_str());
    const int sent = parameters.empty() ? PQsendQuery(connection, sql.c_str())
                                        : PQsendQueryParams(connection, sql.c_str(), static_cast<int>(values.size()),
                                                            nullptr, values.data(), nullptr, nullptr, 0);
    if (sent == 0) Fail(nullptr);
    return Finish();
  }
};

Postgres::Postgres(const PostgresAddress& address) : state_(std::make_unique<State>()) {
  state_->name = address.name;
  std::vector<const char*> names, values;
  for (const auto& [name, value] : address.parameters) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  state_->connection = PQconnectdbParams(names.data(), values.data(), 0);
  if (PQstatus(state_->connection) != CONNECTION_OK) {
    std::string text = PQerrorMessage(state_->connection);
    while (text.ends_with('\n')) text.pop_back();
    PQfinish(state_->connection);
    base::FailWith("FAILED_JDBC.CONNECTION", {{"url", address.name}}, "There is no connection to PostgreSQL at {}: {}.",
                   address.name, text);
  }
  PQsetNoticeProcessor(
      state_->connection, [](void*, const char*) {}, nullptr);
  Run("SET DateStyle = 'ISO'; SET IntervalStyle = 'postgres'; SET bytea_output = 'hex'; SET client_encoding = 'UTF8'");
}

Postgres::~Postgres() {
  if (state_->piece != nullptr) PQfreemem(state_->piece);
  PQfinish(state_->connection);
}

void Postgres::Run(const std::string& sql) {
  state_->Execute(sql);
}

std::vector<std::vector<std::string>> Postgres::Rows(const std::string& sql,
                                                     const std::vector<std::string>& parameters) {
  const Result result = state_->Execute(sql, parameters);
  std::vector<std::vector<std::string>> out;
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    out.emplace_back();
    for (int column = 0; column < PQnfields(result.get()); ++column)
      out.back().emplace_back(PQgetvalue(result.get(), row, column));
  }
  return out;
}

std::vector<PostgresColumn> Postgres::Describe(const std::string& sql) {
  if (PQsendPrepare(state_->connection, "", sql.c_str(), 0, nullptr) == 0) state_->Fail(nullptr);
  state_->Finish();
  if (PQsendDescribePrepared(state_->connection, "") == 0) state_->Fail(nullptr);
  const Result result = state_->Finish();
  std::vector<PostgresColumn> out;
  for (int i = 0; i < PQnfields(result.get()); ++i) {
    PostgresColumn column{PQfname(result.get(), i), PQftype(result.get(), i), PQfmod(result.get(), i), 0};
    // An array's elements, and how deep a table declares it. A query that only computes it says nothing: it is flat
    // then.
    const auto rows = Rows(
        "SELECT t.typelem, coalesce(a.attndims, 1) FROM pg_type t LEFT JOIN pg_attribute a ON a.attrelid = $2::oid AND "
        "a.attnum = $3::int WHERE t.oid = $1::oid AND t.typcategory = 'A' AND t.typelem <> 0",
        {std::to_string(column.type), std::to_string(PQftable(result.get(), i)),
         std::to_string(PQftablecol(result.get(), i))});
    if (!rows.empty()) {
      column.type = Number<uint32_t>(rows[0][0]);
      column.dimensions = std::max(1, Number<int>(rows[0][1]));
    }
    out.push_back(std::move(column));
  }
  return out;
}

void Postgres::StartCopyOut(const std::string& sql) {
  const Result result = state_->Execute(sql);
  if (PQresultStatus(result.get()) != PGRES_COPY_OUT) state_->Fail(result.get());
}

bool Postgres::ReadCopy(std::string_view* piece) {
  if (state_->piece != nullptr) PQfreemem(std::exchange(state_->piece, nullptr));
  int size = 0;
  while ((size = PQgetCopyData(state_->connection, &state_->piece, 1)) == 0) {
    base::ThrowIfInterrupted();
    pollfd socket{PQsocket(state_->connection), POLLIN, 0};
    if (::poll(&socket, 1, 200) != 0 && PQconsumeInput(state_->connection) == 0) state_->Fail(nullptr);
  }
  if (size == -2) state_->Fail(nullptr);
  if (size == -1) {
    state_->Finish();
    return false;
  }
  *piece = {state_->piece, static_cast<size_t>(size)};
  return true;
}

uint64_t Postgres::CopyIn(const std::string& sql, const std::function<std::string_view()>& next) {
  const Result begun = state_->Execute(sql);
  if (PQresultStatus(begun.get()) != PGRES_COPY_IN) state_->Fail(begun.get());
  try {
    for (std::string_view piece = next(); !piece.empty(); piece = next()) {
      base::ThrowIfInterrupted();
      // A server that has ended the connection or the statement is asked why below.
      if (PQputCopyData(state_->connection, piece.data(), static_cast<int>(piece.size())) != 1) break;
    }
  } catch (...) {
    PQputCopyEnd(state_->connection, "the rows could not be computed");
    while (const PGresult* result = PQgetResult(state_->connection)) PQclear(const_cast<PGresult*>(result));
    throw;
  }
  if (PQputCopyEnd(state_->connection, nullptr) != 1) state_->Fail(nullptr);
  const Result ended = state_->Finish();
  return Number<uint64_t>(ended == nullptr ? "0" : PQcmdTuples(ended.get()));
}

std::string QuotePostgres(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

}  // namespace tinderbox::engine
