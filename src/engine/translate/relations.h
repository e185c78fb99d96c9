#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/translate/scope.h"
#include "tinderbox/types.h"

namespace spark::connect {
class LocalRelation;
class Read;
class Relation;
}  // namespace spark::connect

namespace tinderbox::engine {

/// Where a plan's rows come from. The translation asks it for nothing but SQL and columns.
class Leaves {
 public:
  virtual ~Leaves() = default;
  virtual TranslatedRelation Read(const ::spark::connect::Read& read) = 0;
  virtual TranslatedRelation Local(const ::spark::connect::LocalRelation& local) = 0;
  /// A relation that the translation itself cannot make because it needs the session: SQL text, cached local and remote
  /// relations, operations of the catalogue. Throws UNSUPPORTED_FEATURE.RELATION for any other.
  virtual TranslatedRelation Other(const ::spark::connect::Relation& relation);
  /// The first column of a query as text, run at once: for what only the data can say, as the columns of a pivot.
  virtual std::vector<std::optional<std::string>> Texts(const Sql& query);
  /// Computes a relation now, once for this query, and yields SQL for its rows; nullopt where nothing is to run yet.
  virtual std::optional<Sql> Store(const TranslatedRelation& relation);
  /// Metrics of one row that are to be computed once over the rows that pass here, and reported under the name.
  virtual void Observe(const std::string& name, const TranslatedRelation& metrics);
  /// Calls the Python functions of the plan; nullptr where there are none.
  virtual PythonFunctions* Python() { return nullptr; }
  /// The session's variable or function of that name; nullptr when there is none.
  virtual std::shared_ptr<const Variable> FindVariable(const std::vector<std::string>& parts);
  virtual std::shared_ptr<const SqlFunction> FindFunction(const std::vector<std::string>& parts);
  /// SQL for the rows of a relation that is marked as persisted, given its translation; nullopt when it is not.
  virtual std::optional<Sql> Persisted(const ::spark::connect::Relation& relation,
                                       const TranslatedRelation& translated) = 0;
};

struct TranslateOptions {
  bool case_sensitive = false;
  bool ansi = true;
  std::string time_zone = "UTC";
  std::string database = "default";  ///< the session's current one
  bool order_by_ordinal = true;      ///< ORDER BY 1 is the first column
  bool group_by_ordinal = true;
  bool group_by_aliases = true;      ///< GROUP BY may name what the SELECT list makes
  bool lateral_aliases = true;       ///< so may later entries of the SELECT list
  bool retain_group_columns = true;  ///< df.groupBy(k).agg(…) shows k
};

/// Translates a relation to one SELECT and its columns. Throws Error; UNSUPPORTED_FEATURE.RELATION names a kind that
/// the engine lacks. More than 1,000 nested relations are refused. Pure, apart from `leaves`.
TranslatedRelation TranslateRelation(const ::spark::connect::Relation& relation, Leaves& leaves,
                                     const TranslateOptions& options = {});

/// Fresh columns of a leaf, with unique ids made of the names.
std::vector<OutputColumn> NewColumns(const StructType& schema);
/// The Spark schema of a relation.
StructType ToSchema(const std::vector<OutputColumn>& columns);

inline constexpr int kMaxRelationDepth = 1000;

}  // namespace tinderbox::engine
