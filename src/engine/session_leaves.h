#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/cache.h"
#include "engine/catalog/catalog.h"
#include "engine/duckdb/connection.h"
#include "engine/local_source.h"
#include "engine/named_plans.h"
#include "engine/translate/relations.h"

namespace spark::connect {
class SQL;
class WithRelations;
}  // namespace spark::connect

namespace tinderbox::engine {

class Workspace;

/// The leaves of one query of a workspace. Keeps what the query's SQL refers to alive.
class SessionLeaves : public Leaves {
 public:
  /// With `executes`, persisted relations are computed when the query needs them, as part of `operation`.
  SessionLeaves(Workspace& workspace, bool executes, std::string operation);

  ~SessionLeaves() override;

  TranslatedRelation Translate(const ::spark::connect::Relation& relation);
  TranslatedRelation Translate(const NamedPlan& plan);

  TranslatedRelation Read(const ::spark::connect::Read& read) override;
  TranslatedRelation Local(const ::spark::connect::LocalRelation& local) override;
  TranslatedRelation Other(const ::spark::connect::Relation& relation) override;
  std::optional<Sql> Store(const TranslatedRelation& relation) override;
  std::optional<Sql> Persisted(const ::spark::connect::Relation& relation,
                               const TranslatedRelation& translated) override;

  std::shared_ptr<const Variable> FindVariable(const std::vector<std::string>& parts) override;
  std::shared_ptr<const SqlFunction> FindFunction(const std::vector<std::string>& parts) override;

  std::vector<std::optional<std::string>> Texts(const Sql& query) override;

  void Observe(const std::string& name, const TranslatedRelation& metrics) override;

  PythonFunctions* Python() override;

  /// The key of a relation in the cache, as names mean at this place.
  std::string CacheKey(const ::spark::connect::Relation& relation);
  std::string CacheKey(const NamedPlan& plan);

  /// The files that the query reads.
  const std::vector<std::string>& paths() const { return paths_; }
  std::vector<std::pair<std::string, TranslatedRelation>> TakeObserved() { return std::move(observed_); }
  std::vector<std::shared_ptr<const void>> TakeKept() { return std::move(kept_); }

 private:
  /// What names and values mean at a place of the plan: at the top, or inside a view.
  struct Frame {
    TranslateOptions options;
    std::string database;
    std::string view;  ///< the id of the named plan, or the name of the catalogue's view
    std::map<std::string, const ::spark::connect::Relation*> relations;  ///< those that only this text names
  };
  class Inside;

  TranslatedRelation NamedTable(const std::vector<std::string>& name,
                                const std::map<std::string, std::string>& options);
  TranslatedRelation Table(const CatalogTable& table, const std::map<std::string, std::string>& options);
  TranslatedRelation View(const CatalogTable& table);
  TranslatedRelation Files(const std::string& format, const std::map<std::string, std::string>& options,
                           std::vector<std::string> paths, std::optional<StructType> schema);
  TranslatedRelation Jdbc(const std::map<std::string, std::string>& options, const std::vector<std::string>& predicates,
                          const std::optional<StructType>& schema);
  TranslatedRelation Rows(const StructType& data_schema, const StructType& schema, std::vector<ArrowBatch> batches);
  TranslatedRelation Rows(const std::shared_ptr<LocalSource>& table, const StructType& schema);
  TranslatedRelation Checkpoint(const std::string& id);
  /// Replaces a name by what it stands for.
  void Expand(::spark::connect::Relation* relation);

  Workspace& workspace_;
  bool executes_;
  std::string operation_;
  std::vector<Frame> frames_;
  std::vector<std::string> paths_;
  std::vector<std::pair<std::string, TranslatedRelation>> observed_;
  std::vector<std::shared_ptr<const void>> kept_;
  std::unique_ptr<PythonFunctions> python_;
};

/// Throws TABLE_OR_VIEW_NOT_FOUND. `database`: the session's. `is_query`: the functions' namespaces are searched too.
[[noreturn]] void ThrowTableNotFound(const std::vector<std::string>& name, const std::string& database,
                                     bool is_query = true);
/// "{"… is JSON, anything else DDL.
StructType ParseSchemaText(const std::string& text);
/// Database and name of a catalogue's table. Throws for another catalogue, or too many parts.
std::pair<std::string, std::string> SplitTableName(const std::vector<std::string>& name, const std::string& database);

inline constexpr char kLocalTableFunction[] = "tinderbox_local";

}  // namespace tinderbox::engine
