#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tinderbox/arrow.h"
#include "tinderbox/row.h"

namespace tinderbox {

namespace spark {
class Session;
}
class DataFrame;
class DataFrameReader;

/// How the embedded engine may use this machine.
struct EmbeddedOptions {
  uint64_t memory_bytes = 0;             ///< 0: 60 % of the machine's (or cgroup's) memory
  int threads = 0;                       ///< 0: all cores this process may run on
  std::filesystem::path temp_directory;  ///< spill files; empty: the system's temporary folder. A private folder inside
                                         ///< is removed at the end
  std::string time_zone = "UTC";
  std::filesystem::path warehouse;  ///< the folder of tables, made on first use; empty: ./spark-warehouse
};

/// What runs a query right now; for progress displays.
struct Progress {
  double fraction = -1;  ///< 0 to 1, or -1 when unknown
  uint64_t rows = 0;     ///< rows read so far by running queries
};

/// An engine that runs Spark plans: the embedded one, or any Spark Connect server. Cheap to copy; thread-safe.
class Session {
 public:
  explicit Session(std::shared_ptr<spark::Session> session) : session_(std::move(session)) {}

  /// Opens the embedded engine. Throws Error when a limit cannot be honoured.
  static Session Embedded(const EmbeddedOptions& options = {});

  DataFrameReader Read() const;
  /// Rows 0 (or start) to end, exclusive, in one bigint column "id".
  DataFrame Range(int64_t end) const;
  DataFrame Range(int64_t start, int64_t end, int64_t step = 1) const;
  DataFrame CreateDataFrame(const StructType& schema, const std::vector<Row>& rows) const;
  /// Takes ownership of the batches (each of the given schema's layout, see ArrowBatch).
  DataFrame CreateDataFrame(const StructType& schema, std::vector<ArrowBatch> batches) const;

  void SetConf(const std::string& key, const std::string& value) const;
  std::string GetConf(const std::string& key) const;

  /// Ends every running call of this session with Interrupted. Safe to call from any thread.
  void Interrupt() const;
  Progress GetProgress() const;

  const std::shared_ptr<spark::Session>& waist() const { return session_; }

 private:
  std::shared_ptr<spark::Session> session_;
};

}  // namespace tinderbox
