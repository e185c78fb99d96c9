#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinderbox::engine {

/// Where a PostgreSQL is and who asks it, as libpq takes it. Holds the password: it is shown nowhere.
struct PostgresAddress {
  std::map<std::string, std::string> parameters;
  std::string name;  ///< "host:port/database", for messages
};

/// A column of a query.
struct PostgresColumn {
  std::string name;
  uint32_t type = 0;     ///< the type's OID, of an array its elements'
  int32_t modifier = 0;  ///< as in atttypmod
  int dimensions = 0;    ///< 0: no array
};

/// One connection, used by one thread. Its calls throw Error TINDERBOX_JDBC with what the server says, and Interrupted.
class Postgres {
 public:
  explicit Postgres(const PostgresAddress& address);
  ~Postgres();
  Postgres(const Postgres&) = delete;
  Postgres& operator=(const Postgres&) = delete;

  void Run(const std::string& sql);
  /// Rows as texts; NULL is empty.
  std::vector<std::vector<std::string>> Rows(const std::string& sql, const std::vector<std::string>& parameters = {});
  std::vector<PostgresColumn> Describe(const std::string& sql);

  /// Starts COPY … TO STDOUT; ReadCopy gives the next piece, false at the end.
  void StartCopyOut(const std::string& sql);
  bool ReadCopy(std::string_view* piece);

  /// COPY … FROM STDIN of the pieces that `next` gives until it gives an empty one. Returns the number of rows.
  uint64_t CopyIn(const std::string& sql, const std::function<std::string_view()>& next);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// "name" as SQL writes it.
std::string QuotePostgres(std::string_view name);

}  // namespace tinderbox::engine
