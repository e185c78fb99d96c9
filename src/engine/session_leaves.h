#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/duckdb/connection.h"
#include "engine/local_source.h"
#include "engine/translate/relations.h"

namespace tinderbox::engine {

/// Tables of Arrow batches that running queries read, by the name their SQL has for them. Thread-safe.
class LocalTables {
 public:
  /// Gives the table a name, under which it is found as long as the caller keeps it.
  std::string Add(const std::shared_ptr<LocalSource>& table);
  std::shared_ptr<Source> Find(std::string_view name);

 private:
  std::mutex mutex_;
  uint64_t next_ = 1;
  std::map<std::string, std::weak_ptr<LocalSource>, std::less<>> tables_;
};

/// Tables in the engine's database that hold the rows of persisted relations. Thread-safe.
class PersistedTables {
 public:
  struct Table {
    std::string name;
    size_t columns = 0;
    int relation_kind = 0;
  };
  void Add(const std::string& key, Table table);
  /// Forgets a table, which the caller then drops.
  std::optional<Table> Release(const std::string& key);
  std::optional<Table> Find(const std::string& key);
  /// Whether a relation of that kind is persisted at all.
  bool HasKind(int relation_kind);
  std::string NewName();
  /// Held while a table is being filled.
  std::mutex& filling() { return filling_; }

 private:
  std::mutex mutex_;
  std::mutex filling_;
  uint64_t next_ = 1;
  std::map<std::string, Table> tables_;
};

/// The leaves of one query of an embedded session. Keeps what the query's SQL refers to alive.
class SessionLeaves : public Leaves {
 public:
  SessionLeaves(Database& database, LocalTables& locals, PersistedTables& persisted, const std::string& time_zone)
      : database_(database), locals_(locals), persisted_(persisted), time_zone_(time_zone) {}

  TranslatedRelation Read(const ::spark::connect::Read& read) override;
  TranslatedRelation Local(const ::spark::connect::LocalRelation& local) override;
  std::optional<Sql> Persisted(const ::spark::connect::Relation& relation,
                               const std::vector<OutputColumn>& columns) override;

  /// The files that the query reads.
  const std::vector<std::string>& paths() const { return paths_; }
  std::vector<std::shared_ptr<LocalSource>> TakeLocals() { return std::move(alive_); }

 private:
  Database& database_;
  LocalTables& locals_;
  PersistedTables& persisted_;
  std::string time_zone_;
  std::vector<std::string> paths_;
  std::vector<std::shared_ptr<LocalSource>> alive_;
};

inline constexpr char kLocalTableFunction[] = "tinderbox_local";

}  // namespace tinderbox::engine
