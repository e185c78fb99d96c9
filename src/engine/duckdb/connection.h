#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/duckdb/aggregate_function.h"
#include "engine/duckdb/scalar_function.h"
#include "engine/duckdb/source.h"
#include "engine/duckdb/types.h"
#include "tinderbox/arrow.h"
#include "tinderbox/session.h"

namespace tinderbox::engine {

/// A column of a query as DuckDB sees it.
struct EngineColumn {
  std::string name;
  EngineType type;
};

class Connection;
/// A connection on loan; it goes back to its database when the lease ends.
using Lease = std::shared_ptr<Connection>;

/// A running query. Not thread-safe. Holds its connection until it is destroyed.
class ResultStream {
 public:
  ~ResultStream();
  const std::vector<EngineColumn>& columns() const;
  /// Reads a column as that type; false when it is not what DuckDB computes. What is void, DuckDB computes as INTEGER.
  /// Call it before Next.
  bool ReadAs(size_t column, const DataType& type);
  /// The next rows (at most kChunkRows) in the layouts of ArrowBatch, or false at the end. Throws Error.
  bool Next(ArrowBatch* batch);
  /// Reads on to the end without making batches; returns the number of rows.
  uint64_t Drain();

 private:
  friend class Connection;
  struct State;
  explicit ResultStream(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// One DuckDB connection, used by one operation at a time.
class Connection {
 public:
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Runs one statement to its end; its rows are dropped.
  void Run(std::string_view sql);
  /// The first column of the first row as text, or empty when there is none.
  std::string Text(std::string_view sql);
  /// The session time zone of what runs next. Throws Error INVALID_CONF_VALUE for an unknown one.
  void SetTimeZone(const std::string& zone);
  /// How many statements the text holds; 0 when it cannot be parsed.
  size_t CountStatements(std::string_view sql);
  /// The columns of one query, without running it.
  std::vector<EngineColumn> Describe(std::string_view sql);

 private:
  friend class Database;
  friend class ResultStream;
  friend std::unique_ptr<ResultStream> OpenStream(Lease lease, std::string_view sql);
  struct State;
  explicit Connection(std::unique_ptr<State> state);
  static std::unique_ptr<ResultStream> Stream(Lease lease, std::string_view sql);
  std::unique_ptr<State> state_;
};

/// Starts one query whose rows stream. The stream keeps the lease.
std::unique_ptr<ResultStream> OpenStream(Lease lease, std::string_view sql);

struct DatabaseOptions {
  uint64_t memory_bytes = 0;  ///< REQUIRES > 0
  int threads = 1;
  std::filesystem::path temp_directory;  ///< empty: the system's; a private folder inside is removed at the end
  std::string time_zone = "UTC";
};

/// A private in-memory DuckDB database. Thread-safe. Must outlive its leases.
class Database {
 public:
  explicit Database(const DatabaseOptions& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// A connection for the work `tag` names; several may bear the same tag.
  Lease Connect(const std::string& tag = "");
  /// Makes the table function `name`(VARCHAR), whose rows are those of the Source that `factory` makes of its argument.
  void Register(const std::string& name, SourceFactory factory);
  /// Makes native functions callable; each is made known to DuckDB when the first statement calls it.
  void Register(const std::vector<ScalarFunction>& functions);
  void Register(const std::vector<AggregateFunction>& functions);

  /// Every call that is running on a lease whose tag begins with `prefix` ends with Interrupted.
  void Interrupt(std::string_view prefix = "");
  /// Whether a lease of that very tag was told to end.
  bool IsInterrupted(std::string_view tag);
  Progress GetProgress(std::string_view prefix = "");
  const std::filesystem::path& temp_directory() const;

 private:
  friend class Connection;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace tinderbox::engine
