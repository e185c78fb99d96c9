#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/duckdb/connection.h"
#include "engine/translate/scope.h"
#include "tinderbox/storage_level.h"

namespace tinderbox::engine {

/// Rows in a table of the engine's database, called c0, c1, …. The table goes with the last owner.
class StoredRows {
 public:
  /// Runs the query and stores its rows. Throws Error, and leaves nothing behind then.
  StoredRows(Database& database, std::string name, const Lease& lease, const TranslatedRelation& query);
  ~StoredRows();
  StoredRows(const StoredRows&) = delete;
  StoredRows& operator=(const StoredRows&) = delete;

  /// A SELECT of the rows under other names.
  Sql Read(const std::vector<OutputColumn>& columns) const;
  size_t columns() const { return columns_; }
  uint64_t bytes() const { return bytes_; }

 private:
  Database& database_;
  std::string name_;
  size_t columns_ = 0;
  uint64_t bytes_ = 0;
};

/// What a query reads, so that a change of it is noticed.
struct Inputs {
  std::set<std::string> paths;  ///< files and folders
};

/// The persisted relations of an engine, by key. A relation is computed by the first query that needs it, once. Must
/// not outlive its database. Thread-safe.
class Cache {
 public:
  /// Rows that must stay in memory are held up to `memory_bytes`.
  Cache(Database& database, uint64_t memory_bytes) : database_(database), memory_bytes_(memory_bytes) {}

  /// Marks a relation as persisted; one that is keeps its rows and level.
  void Add(const std::string& key, int relation_kind, StorageLevel level);
  /// Forgets a relation; running queries still read their rows.
  void Remove(const std::string& key);
  void Clear();
  std::optional<StorageLevel> Find(const std::string& key);
  /// Whether a relation of that kind is persisted at all.
  bool HasKind(int relation_kind) const { return kinds_[static_cast<size_t>(relation_kind)] > 0; }

  /// The rows of a persisted relation; nullptr when it is not persisted. Runs `query` on a connection of `connect` if
  /// nobody did before.
  std::shared_ptr<const StoredRows> Rows(const std::string& key, const TranslatedRelation& query, const Inputs& inputs,
                                         const std::function<Lease()>& connect);
  /// The rows when they are there already.
  std::shared_ptr<const StoredRows> StoredNow(const std::string& key);
  /// Stores rows that belong to the caller alone.
  std::shared_ptr<const StoredRows> Store(const TranslatedRelation& query, const Lease& lease);

  /// The rows of every relation that reads the path or something in it are computed again when they are next needed.
  void Refresh(const std::string& path);

 private:
  struct Entry {
    int relation_kind = 0;
    StorageLevel level;
    std::mutex filling;  ///< held while the rows are computed; taken before mutex_
    std::shared_ptr<const StoredRows> rows;
    Inputs inputs;
    uint64_t last_use = 0;
    bool stale = false;  ///< an input changed while the rows were being computed
  };
  std::string NewName();
  void Forget(const std::map<std::string, std::shared_ptr<Entry>>::iterator& entry);
  /// Gives up rows that must stay in memory, the longest unused first, until they fit. REQUIRES mutex_. The rows given
  /// up are appended to `released`, to be destroyed without it.
  void Evict(const Entry* keep, std::vector<std::shared_ptr<const StoredRows>>* released);

  Database& database_;
  uint64_t memory_bytes_;
  std::mutex mutex_;
  uint64_t next_name_ = 1;
  uint64_t clock_ = 0;
  std::map<std::string, std::shared_ptr<Entry>> entries_;
  std::array<std::atomic<int>, 1024> kinds_{};
};

}  // namespace tinderbox::engine
