#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/translate/sql.h"

namespace spark::connect {
class Relation;
class SubqueryExpression;
}  // namespace spark::connect

namespace tinderbox::engine {

class PythonFunctions;
struct Block;
struct Scope;

/// One output column of a translated relation.
struct OutputColumn {
  std::string name;  ///< Spark's name, as a user wrote it; may repeat within a relation
  std::string id;    ///< the SQL column name, unique within the relation, what emitted SQL refers to
  DataType type;
  bool nullable = true;
  std::vector<std::string> qualifiers;  ///< aliases this column can be reached through ("l" in l.x), outermost first
  std::set<int64_t> plan_ids;  ///< plan ids of the relations that output this very column (df["x"] after a join)
  std::string metadata_json = "{}";
};

struct TranslatedRelation;

/// The same rows with one more column at the end, `_metadata`: of the files they come from.
struct WithMetadata {
  std::string of;  ///< the SQL of the relation that this belongs to; for another it means nothing
  std::function<TranslatedRelation()> make;
};

inline constexpr uint64_t kManyRows = UINT64_MAX;

/// A translated relation: a SELECT whose columns are named by `columns[i].id`, in that order.
struct TranslatedRelation {
  Sql sql;
  std::vector<OutputColumn> columns;
  /// How the SELECT is made, where later operations may reach what it does not output; else null.
  std::shared_ptr<const Block> block;
  std::shared_ptr<const WithMetadata> with_metadata;  ///< null: they come from no files
  uint64_t most_rows = kManyRows;                     ///< it has not more rows, as far as the plan alone shows
};

/// A lambda variable in sight; innermost last.
struct LambdaBinding {
  std::string name;
  Typed value;
};

/// The keys of the GROUP BY around an expression.
struct Grouping {
  std::vector<Typed> keys;  ///< a value with this very SQL is the group's
  bool sets = false;        ///< whether grouping sets make grouping() and grouping_id() known
};

struct SqlFunction;
struct Variable;

/// What expressions need of the query and the session around them.
class Subqueries {
 public:
  virtual ~Subqueries() = default;
  /// The session's variable or function of that name; nullptr when there is none.
  virtual std::shared_ptr<const Variable> FindVariable(const std::vector<std::string>& parts) = 0;
  virtual std::shared_ptr<const SqlFunction> FindFunction(const std::vector<std::string>& parts) = 0;
  /// A sub-query of an expression.
  /// `plan`: the query; null: the one that the plan id of `subquery` names.
  virtual Typed Subquery(const ::spark::connect::SubqueryExpression& subquery, const ::spark::connect::Relation* plan,
                         const Scope& scope) = 0;
};

/// What an expression may refer to.
struct Scope {
  const std::vector<OutputColumn>* columns = nullptr;
  std::vector<LambdaBinding> lambdas;
  bool case_sensitive = false;
  bool ansi = true;
  std::string time_zone = "UTC";
  std::string database = "default";                   ///< the session's current one
  const std::vector<OutputColumn>* hidden = nullptr;  ///< found where `columns` has nothing of that name
  std::vector<LambdaBinding> aliases;                 ///< of the same SELECT list; found after columns
  const Grouping* grouping = nullptr;                 ///< set outside aggregates of a grouped query
  bool has_metadata = false;                          ///< `hidden` can have the column _metadata
  const Scope* outer = nullptr;                       ///< of the query around this sub-query
  Subqueries* subqueries = nullptr;                   ///< null: sub-queries are refused
  bool proposes_by_name = true;  ///< whether columns equally near an unknown name are proposed in the order of names
  PythonFunctions* python = nullptr;  ///< null: Python functions are refused
};

}  // namespace tinderbox::engine
