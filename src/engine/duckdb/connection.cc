#include "engine/duckdb/connection.h"
#include "engine/functions/time_zone.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/temp_dir.h"
#include "engine/duckdb/capi.h"
#include "engine/duckdb/registry.h"
#include "engine/places.h"
#include "engine/translate/sql.h"

namespace tinderbox::engine {

namespace {

/// Frees a result on every way out.
struct Result {
  duckdb_result value{};
  ~Result() { duckdb_destroy_result(&value); }
  [[noreturn]] void Throw(const PlacedSql& sql) {
    const char* text = duckdb_result_error(&value);
    ThrowEngineError(duckdb_result_error_type(&value), text == nullptr ? "unknown error" : text, &sql);
  }
  bool HasError() { return duckdb_result_error(&value) != nullptr && *duckdb_result_error(&value) != '\0'; }
  bool WasInterrupted() { return HasError() && duckdb_result_error_type(&value) == DUCKDB_ERROR_INTERRUPT; }
};

}  // namespace

struct Connection::State {
  Database::State* database = nullptr;
  duckdb_connection connection = nullptr;
  std::string time_zone;
  std::string tag;
  std::atomic<bool> interrupted = false;
  bool streaming = false;  // a stream was opened and not read to its end: DuckDB goes on filling its buffers

  Prepared Prepare(const PlacedSql& sql);
  void CheckInterrupted() const {
    if (interrupted) throw Interrupted();
  }
  /// A task that fails interrupts the others before its error is noted, and DuckDB then tells, now and then, of nothing
  /// but an interruption that nobody asked for. The query that runs once more says what was wrong.
  bool HidesItsError(Result* result) const { return result->WasInterrupted() && !interrupted; }
  void Execute(const PlacedSql& sql, Prepared* prepared, Result* result);
};

namespace {

/// While an exception unwinds the calling thread, DuckDB's connections are destroyed without waiting for their tasks,
/// which then work on freed memory. A thread of its own has no exception.
template <typename Work>
void OutsideUnwinding(const Work& work) {
  if (std::uncaught_exceptions() == 0) {
    work();
  } else {
    std::thread(work).join();
  }
}

}  // namespace

struct Database::State {
  std::unique_ptr<base::TempDir> temp;
  duckdb_database database = nullptr;
  std::mutex mutex;
  struct Idle {
    duckdb_connection connection;
    std::string time_zone;
  };
  std::string time_zone;
  std::vector<Idle> idle;
  std::set<Connection::State*> leased;
  ScanCounters counters;
  // The native functions by name. DuckDB is told of those that are called: most queries call few of them, and telling
  // it of all of them takes longer than a small query.
  struct Overloads {
    std::vector<ScalarFunction> scalars;
    std::vector<AggregateFunction> aggregates;
  };
  std::map<std::string, Overloads, std::less<>> functions;
  std::map<std::string, ScalarFunction, std::less<>> families;
  std::set<std::string, std::less<>> registered;  // names of functions, of members and of functions at further places
  std::mutex functions_mutex;
  // A connection that runs no query, so that what it registers is committed at once, whatever becomes of the query.
  duckdb_connection registrar = nullptr;

  /// The native functions that SQL calls by a name: with overloads, a member of a family, or one at a further place.
  std::optional<Overloads> Find(std::string_view name) const {
    if (const auto base = WithoutPlace(name)) {
      auto found = Find(*base);
      if (!found) return std::nullopt;
      for (ScalarFunction& scalar : found->scalars) scalar.name = name;
      for (AggregateFunction& aggregate : found->aggregates) aggregate.name = name;
      return found;
    }
    if (const auto found = functions.find(name); found != functions.end()) return found->second;
    const size_t mark = name.rfind(kMemberMark);
    if (mark == std::string_view::npos) return std::nullopt;
    const auto family = families.find(name.substr(0, mark));
    if (family == families.end()) return std::nullopt;
    ScalarFunction function = family->second.member(MemberPayload(name.substr(mark + kMemberMark.size())));
    function.name = name;
    return Overloads{{std::move(function)}, {}};
  }

  /// Registers the functions that `sql` may call. A name inside a literal registers one in vain, which does no harm.
  void RegisterCalled(std::string_view sql) {
    const auto in_name = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
    const std::lock_guard lock(functions_mutex);
    for (size_t end = sql.find('('); end != std::string_view::npos; end = sql.find('(', end + 1)) {
      const size_t last = end > 0 && sql[end - 1] == '"' ? end - 1 : end;
      size_t begin = last;
      while (begin > 0 && in_name(sql[begin - 1])) --begin;
      const std::string_view name = sql.substr(begin, last - begin);
      if (registered.contains(name)) continue;
      const auto found = Find(name);
      if (!found) continue;
      if (registrar == nullptr && duckdb_connect(database, &registrar) != DuckDBSuccess) {
        throw Error("INTERNAL_ERROR", "The engine gives no further connection.");
      }
      RegisterScalarFunctions(registrar, found->scalars);
      for (const AggregateFunction& aggregate : found->aggregates) RegisterAggregateFunction(registrar, aggregate);
      registered.emplace(name);
    }
  }

  /// On a thread of its own, which has no exception (see OutsideUnwinding) and whose thread-locals live: DuckDB looks
  /// into one of its own, which is gone where a database of static lifetime ends with the main thread.
  ~State() {
    std::thread([this] {
      for (Idle& entry : idle) duckdb_disconnect(&entry.connection);
      if (registrar != nullptr) duckdb_disconnect(&registrar);
      if (database != nullptr) duckdb_close(&database);
    }).join();
  }
};

Prepared Connection::State::Prepare(const PlacedSql& sql) {
  database->RegisterCalled(sql.text());
  Prepared prepared;
  if (duckdb_prepare(connection, sql.text().c_str(), prepared.address()) != DuckDBSuccess) {
    const char* text = duckdb_prepare_error(prepared.get());
    std::string message = text == nullptr ? "unknown error" : text;
    // The C interface gives no error type here; the text begins with its name.
    duckdb_error_type type = DUCKDB_ERROR_INVALID;
    if (message.starts_with("IO Error")) type = DUCKDB_ERROR_IO;
    if (message.starts_with("Invalid Input Error")) type = DUCKDB_ERROR_INVALID_INPUT;
    if (message.starts_with("Conversion Error")) type = DUCKDB_ERROR_CONVERSION;
    if (message.starts_with("Out of Range Error")) type = DUCKDB_ERROR_OUT_OF_RANGE;
    ThrowEngineError(type, message, &sql);
  }
  return prepared;
}

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}

Connection::~Connection() {
  if (state_->streaming) {
    OutsideUnwinding([this] {
      Result result;
      duckdb_query(state_->connection, "SELECT 1", &result.value);  // any other query ends the one that streams
    });
  }
  std::lock_guard lock(state_->database->mutex);
  state_->database->leased.erase(state_.get());
  state_->database->idle.push_back({state_->connection, state_->time_zone});
}

void Connection::State::Execute(const PlacedSql& sql, Prepared* prepared, Result* result) {
  if (duckdb_execute_prepared(prepared->get(), &result->value) == DuckDBSuccess) return;
  if (!HidesItsError(result)) result->Throw(sql);
  duckdb_destroy_result(&result->value);
  if (duckdb_execute_prepared(prepared->get(), &result->value) != DuckDBSuccess) result->Throw(sql);
}

void Connection::Run(std::string_view sql) {
  state_->CheckInterrupted();
  const PlacedSql placed(sql);
  Prepared prepared = state_->Prepare(placed);
  Result result;
  state_->Execute(placed, &prepared, &result);
}

std::string Connection::Text(std::string_view sql) {
  state_->CheckInterrupted();
  const PlacedSql placed(sql);
  Prepared prepared = state_->Prepare(placed);
  Result result;
  state_->Execute(placed, &prepared, &result);
  Chunk chunk(duckdb_fetch_chunk(result.value));
  if (chunk.get() == nullptr || duckdb_data_chunk_get_size(chunk.get()) == 0) return "";
  InVector vector(duckdb_data_chunk_get_vector(chunk.get(), 0));
  if (vector.IsNull(0)) return "";
  if (vector.Type().kind() != TypeKind::kString && vector.Type().kind() != TypeKind::kBinary) {
    throw Error("INTERNAL_ERROR", "A query for a text gave another type.");
  }
  return std::string(vector.String(0));
}

void Connection::SetTimeZone(const std::string& zone) {
  if (state_->time_zone == zone) return;
  try {
    Run(Concat({Token("SET TimeZone = "), StringLiteral(zone)}).text());
  } catch (const Interrupted&) {
    throw;
  } catch (const Error&) {
    // Offsets are zones only to Spark. DuckDB's own zone matters to nothing that is translated.
    if (TimeZone::TryFind(zone) == nullptr) {
      throw Error(
          "INVALID_CONF_VALUE.TIME_ZONE",
          fmt::format("The value '{}' in the config \"spark.sql.session.timeZone\" is invalid. Cannot resolve the "
                      "given timezone.",
                      zone),
          {{"confName", "spark.sql.session.timeZone"}, {"confValue", zone}});
    }
    Run("SET TimeZone = 'UTC'");
  }
  state_->time_zone = zone;
}

size_t Connection::CountStatements(std::string_view sql) {
  duckdb_extracted_statements statements = nullptr;
  const idx_t count = duckdb_extract_statements(state_->connection, std::string(sql).c_str(), &statements);
  duckdb_destroy_extracted(&statements);
  return count;
}

std::vector<EngineColumn> Connection::Describe(std::string_view sql) {
  Prepared prepared = state_->Prepare(PlacedSql(sql));
  std::vector<EngineColumn> columns;
  for (idx_t i = 0; i < duckdb_prepared_statement_column_count(prepared.get()); ++i) {
    LogicalType type(duckdb_prepared_statement_column_logical_type(prepared.get(), i));
    const char* name = duckdb_prepared_statement_column_name(prepared.get(), i);
    columns.push_back({name, FromLogicalType(type.get())});
    duckdb_free(const_cast<char*>(name));
  }
  return columns;
}

struct ResultStream::State {
  explicit State(std::string_view marked) : sql(marked) {}
  Lease lease;
  PlacedSql sql;
  Prepared prepared;
  Result result;
  std::vector<EngineColumn> columns;
  std::vector<EngineType> types;
  bool done = false;

  Chunk Fetch() {
    if (done) return {};
    lease->state_->CheckInterrupted();
    Chunk chunk(duckdb_fetch_chunk(result.value));
    if (chunk.get() == nullptr) {
      done = true;
      lease->state_->streaming = false;
      if (lease->state_->HidesItsError(&result)) FailAgain();
      if (result.HasError()) result.Throw(sql);
    }
    return chunk;
  }

  void FailAgain() {
    Result again;
    if (duckdb_execute_prepared_streaming(prepared.get(), &again.value) != DuckDBSuccess) again.Throw(sql);
    lease->state_->streaming = true;
    while (Chunk(duckdb_fetch_chunk(again.value)).get() != nullptr) lease->state_->CheckInterrupted();
    lease->state_->streaming = false;
    if (again.HasError()) again.Throw(sql);
  }
};

ResultStream::ResultStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
ResultStream::~ResultStream() = default;
const std::vector<EngineColumn>& ResultStream::columns() const {
  return state_->columns;
}

bool ReadTypeAs(EngineType* engine, const DataType& type) {
  if (type.kind() == TypeKind::kNull && engine->type.kind() == TypeKind::kInteger) engine->type = type;
  std::vector<DataType> parts;
  if (type.kind() == TypeKind::kArray) parts = {type.element()};
  if (type.kind() == TypeKind::kMap) parts = {type.key(), type.value()};
  if (type.kind() == TypeKind::kStruct) {
    for (size_t i = 0; i < type.fields().size(); ++i) {
      if (engine->type.kind() != type.kind() || i >= engine->type.fields().size() ||
          engine->type.fields()[i].name != type.fields()[i].name)
        return false;
      parts.push_back(type.fields()[i].type);
    }
  }
  if (parts.empty()) return TypeName(engine->type).text() == TypeName(type).text();
  if (engine->type.kind() != type.kind() || parts.size() != engine->children.size()) return false;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!ReadTypeAs(&engine->children[i], parts[i])) return false;
  }
  return true;
}

bool ResultStream::ReadAs(size_t column, const DataType& type) {
  return ReadTypeAs(&state_->types[column], type);
}

bool ResultStream::Next(ArrowBatch* batch) {
  while (true) {
    Chunk chunk = state_->Fetch();
    if (chunk.get() == nullptr) return false;
    if (duckdb_data_chunk_get_size(chunk.get()) == 0) continue;
    *batch = ToArrow(std::move(chunk), state_->types);
    return true;
  }
}

uint64_t ResultStream::Drain() {
  uint64_t rows = 0;
  while (true) {
    Chunk chunk = state_->Fetch();
    if (chunk.get() == nullptr) return rows;
    rows += duckdb_data_chunk_get_size(chunk.get());
  }
}

std::unique_ptr<ResultStream> Connection::Stream(Lease lease, std::string_view sql) {
  lease->state_->CheckInterrupted();
  auto state = std::make_unique<ResultStream::State>(sql);
  state->prepared = lease->state_->Prepare(state->sql);
  lease->state_->streaming = true;
  state->lease = std::move(lease);
  // Marked deprecated, without a successor in the C interface of this version.
  if (duckdb_execute_prepared_streaming(state->prepared.get(), &state->result.value) != DuckDBSuccess) {
    if (state->lease->state_->HidesItsError(&state->result)) state->FailAgain();
    state->result.Throw(state->sql);
  }
  for (idx_t i = 0; i < duckdb_column_count(&state->result.value); ++i) {
    LogicalType type(duckdb_column_logical_type(&state->result.value, i));
    state->columns.push_back({duckdb_column_name(&state->result.value, i), FromLogicalType(type.get())});
    state->types.push_back(state->columns.back().type);
    if (!state->types.back().exact || state->types.back().unsupported) {
      throw Error("INTERNAL_ERROR", fmt::format("Column {} of a query has the type {}, which no Spark type has.",
                                                state->columns.back().name, state->types.back().name));
    }
  }
  return std::unique_ptr<ResultStream>(new ResultStream(std::move(state)));
}

std::unique_ptr<ResultStream> OpenStream(Lease lease, std::string_view sql) {
  return Connection::Stream(std::move(lease), sql);
}

Database::Database(const DatabaseOptions& options) : state_(std::make_shared<State>()) {
  state_->temp = std::make_unique<base::TempDir>(options.temp_directory);
  state_->time_zone = options.time_zone;
  duckdb_config config = nullptr;
  duckdb_create_config(&config);
  Handle<duckdb_config, duckdb_destroy_config> owned(config);
  auto set = [&](const char* name, const std::string& value) {
    if (duckdb_set_config(config, name, value.c_str()) != DuckDBSuccess) {
      throw Error("INVALID_CONF_VALUE", fmt::format("The engine refuses the setting {} = {}.", name, value));
    }
  };
  set("memory_limit", fmt::format("{}B", options.memory_bytes));
  set("threads", std::to_string(std::max(1, options.threads)));
  set("temp_directory", (state_->temp->path() / "spill").string());
  set("autoload_known_extensions", "false");
  set("autoinstall_known_extensions", "false");
  set("preserve_insertion_order", "true");
  char* failure = nullptr;
  if (duckdb_open_ext(nullptr, &state_->database, config, &failure) != DuckDBSuccess) {
    std::string text = Take(failure);
    ThrowEngineError(DUCKDB_ERROR_SETTINGS, text);
  }
}

Database::~Database() = default;

const std::filesystem::path& Database::temp_directory() const {
  return state_->temp->path();
}

Lease Database::Connect(const std::string& tag) {
  auto state = std::make_unique<Connection::State>();
  state->tag = tag;
  state->database = state_.get();
  {
    std::lock_guard lock(state_->mutex);
    if (!state_->idle.empty()) {
      state->connection = state_->idle.back().connection;
      state->time_zone = state_->idle.back().time_zone;
      state_->idle.pop_back();
    }
  }
  if (state->connection == nullptr) {
    if (duckdb_connect(state_->database, &state->connection) != DuckDBSuccess) {
      throw Error("INTERNAL_ERROR", "The engine gives no further connection.");
    }
    Result result;
    duckdb_query(state->connection,
                 "SET enable_progress_bar = true; SET enable_progress_bar_print = false; "
                 // Plans are bounded before they get here; a nested query counts as several levels.
                 "SET max_expression_depth = 8000; "
                 // Deep enough that scans go on in parallel while a consumer works on what it has.
                 "SET streaming_buffer_size = '32MB';",
                 &result.value);
  }
  Connection::State* inner = state.get();
  // The database lives on until its last lease has ended.
  Lease lease(new Connection(std::move(state)), [keep = state_](Connection* connection) { delete connection; });
  {
    std::lock_guard lock(state_->mutex);
    state_->leased.insert(inner);
  }
  lease->SetTimeZone(state_->time_zone);
  return lease;
}

void Database::Register(const std::string& name, SourceFactory factory) {
  Lease lease = Connect();
  RegisterSource(lease->state_->connection, name, std::move(factory), &state_->counters);
}

void Database::Register(const std::vector<ScalarFunction>& functions) {
  const std::lock_guard lock(state_->functions_mutex);
  for (const ScalarFunction& function : functions) {
    if (function.member != nullptr) {
      state_->families.emplace(function.name, function);
    } else {
      state_->functions[function.name].scalars.push_back(function);
    }
  }
}

void Database::Register(const std::vector<AggregateFunction>& functions) {
  const std::lock_guard lock(state_->functions_mutex);
  for (const AggregateFunction& function : functions) {
    state_->functions[function.name].aggregates.push_back(function);
  }
}

void Database::Interrupt(std::string_view prefix) {
  std::lock_guard lock(state_->mutex);
  for (Connection::State* connection : state_->leased) {
    if (!connection->tag.starts_with(prefix)) continue;
    connection->interrupted = true;
    duckdb_interrupt(connection->connection);
  }
}

bool Database::IsInterrupted(std::string_view tag) {
  std::lock_guard lock(state_->mutex);
  for (const Connection::State* connection : state_->leased) {
    if (connection->tag == tag && connection->interrupted) return true;
  }
  return false;
}

Progress Database::GetProgress(std::string_view prefix) {
  Progress out;
  std::lock_guard lock(state_->mutex);
  for (Connection::State* connection : state_->leased) {
    if (!connection->tag.starts_with(prefix)) continue;
    duckdb_query_progress_type progress = duckdb_query_progress(connection->connection);
    if (progress.percentage >= 0) out.fraction = std::max(out.fraction, progress.percentage / 100);
    out.rows += progress.rows_processed;
  }
  if (double read = state_->counters.Fraction(); read >= 0) out.fraction = std::max(out.fraction, read);
  out.rows += state_->counters.rows;
  return out;
}

}  // namespace tinderbox::engine
