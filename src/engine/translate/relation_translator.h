#pragma once

// The translation of relations, spread over relations*.cc. Include it in .cc files only.

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/translate/expressions.h"
#include "engine/translate/names.h"
#include "engine/translate/python.h"
#include "engine/translate/relations.h"
#include "spark/plan_extensions.pb.h"
#include "spark/proto_relations.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

using Expressions = google::protobuf::RepeatedPtrField<proto::Expression>;

/// Makes column ids that are unique as DuckDB compares them: letter case aside.
class UniqueIds {
 public:
  std::string Make(std::string_view name);
  bool Has(std::string_view name) const;

 private:
  std::set<std::string> taken_;
};

/// An output column and the SQL that computes it.
struct SelectItem {
  Sql value;
  OutputColumn column;
};

/// How a relation's SELECT is made: SELECT items FROM from rest.
struct Block {
  enum class Kind {
    kSelect,     ///< a projection: sorts and filters above may reach its inputs
    kUsingJoin,  ///< a join that merges columns: whatever is above may reach both of each
    kAggregate,  ///< sorts and filters above may call more aggregates
    kFilter,     ///< SELECT * FROM (input) rest: shows what `input` shows
  };
  Kind kind = Kind::kSelect;
  std::vector<SelectItem> items;
  Sql from;
  Sql rest;
  Sql order = {};                    ///< ORDER BY, behind `rest`, where small inputs keep an order
  std::vector<OutputColumn> inputs;  ///< what `items` may use
  Grouping grouping;                 ///< of kAggregate
  TranslatedRelation input;          ///< of kFilter
  /// Of a join that computes nothing: every id in `from`. Its reader takes `from` itself, without a SELECT around it,
  /// because DuckDB orders only joins that no SELECT parts.
  std::vector<std::string> shown;
  size_t tables = 0;  ///< in `from`, when `shown`
};

/// A column of that name and type, not reachable in any other way.
OutputColumn NewColumn(std::string name, DataType type, bool nullable);
/// SELECT items FROM (input) rest. `rest` is what follows the FROM clause.
TranslatedRelation Select(std::vector<SelectItem> items, const Sql& from, const Sql& rest = {});
/// The same, where later operations may reach more of `inputs`.
TranslatedRelation SelectBlock(Block block);
/// The rows of a FROM clause with their number in that order (of the rows as they come when it is empty) as a column.
Sql NumberRows(const Sql& from, const char* id, const Sql& order);
/// (sql)
Sql Derived(const Sql& sql);
/// What begins the ids that no sub-query can have.
std::string IsolatedPrefix(uint64_t isolation);
/// SELECT * FROM (input) rest, with the input's columns.
TranslatedRelation SelectAll(TranslatedRelation input, const Sql& rest);
/// Whether the column _metadata of its files can be had.
bool HasMetadata(const TranslatedRelation& relation);
/// Says how `out`, a SELECT of the items from the input alone, gets its files' column.
void PassMetadata(const TranslatedRelation& input, std::vector<SelectItem> items, TranslatedRelation* out);
/// The column as a value.
Typed ValueOf(const OutputColumn& column);

/// Expressions of the plan language, for operations that others can express.
proto::Expression AttributeExpression(const std::string& name);
proto::Expression FunctionExpression(const std::string& name, std::initializer_list<proto::Expression> arguments);
proto::Expression StringExpression(const std::string& text);

/// `value` as a type that holds the same fields by name and perhaps more, or wider ones. `path` names it in errors.
Typed Reconcile(const Typed& value, const DataType& to, const std::string& path, const Scope& scope);

/// One GROUP BY with its SELECT list.
struct GroupRequest {
  using GroupType = proto::Aggregate::GroupType;
  GroupType type = proto::Aggregate::GROUP_TYPE_GROUPBY;
  const Expressions* keys = nullptr;
  std::vector<std::vector<const proto::Expression*>> sets;
  std::vector<const proto::Expression*> list;  ///< the SELECT list
  bool has_subquery = false;                   ///< in a HAVING to come
};

class RelationTranslator : public Subqueries {
 public:
  RelationTranslator(Leaves& leaves, const TranslateOptions& options) : leaves_(leaves), options_(options) {}

  TranslatedRelation Translate(const proto::Relation& relation);
  Typed Subquery(const proto::SubqueryExpression& subquery, const proto::Relation* plan, const Scope& scope) override;
  std::shared_ptr<const Variable> FindVariable(const std::vector<std::string>& parts) override {
    return leaves_.FindVariable(parts);
  }
  std::shared_ptr<const SqlFunction> FindFunction(const std::vector<std::string>& parts) override {
    return leaves_.FindFunction(parts);
  }

 private:
  TranslatedRelation TranslateKind(const proto::Relation& relation);
  TranslatedRelation TranslateExtension(const proto::Relation& relation);
  // relations.cc
  TranslatedRelation Range(const proto::Range& range);
  TranslatedRelation Project(const proto::Project& project);
  TranslatedRelation Filter(const proto::Relation& input, const proto::Expression& condition);
  /// `isolation` as in `isolation_`, when the input was translated under it.
  TranslatedRelation Filter(TranslatedRelation input, const proto::Expression& condition, uint64_t isolation = 0);
  TranslatedRelation Qualify(const plan::Qualify& qualify);
  TranslatedRelation Sort(const proto::Sort& sort);
  TranslatedRelation SortBy(TranslatedRelation input, const proto::Sort& sort);
  TranslatedRelation RepartitionByExpression(const proto::RepartitionByExpression& repartition);
  TranslatedRelation SubqueryAlias(const proto::SubqueryAlias& alias);
  TranslatedRelation ColumnAliases(const plan::ColumnAliases& aliases);
  TranslatedRelation InlineTable(const plan::InlineTable& table, const std::vector<std::string>& names);
  TranslatedRelation CountedRows(const proto::Relation& input, const char* word, const Sql& count);
  // relations_columns.cc
  TranslatedRelation WithColumns(const proto::WithColumns& with_columns);
  TranslatedRelation WithColumnsRenamed(const proto::WithColumnsRenamed& renamed);
  TranslatedRelation Drop(const proto::Drop& drop);
  TranslatedRelation ToDf(const proto::ToDF& to_df);
  TranslatedRelation ToSchema(const proto::ToSchema& to_schema);
  TranslatedRelation Deduplicate(const proto::Deduplicate& deduplicate);
  // relations_join.cc
  TranslatedRelation Join(const proto::Join& join, bool natural);
  TranslatedRelation LateralJoin(const proto::LateralJoin& join);
  TranslatedRelation AsOfJoin(const proto::AsOfJoin& join);
  /// By DuckDB's own as-of join, which sorts; nullopt where that does not do.
  std::optional<TranslatedRelation> SortedAsOfJoin(const proto::AsOfJoin& join, TranslatedRelation left,
                                                   TranslatedRelation right, bool outer);
  TranslatedRelation NearestByJoin(const proto::NearestByJoin& join);
  // relations_aggregate.cc
  TranslatedRelation Aggregate(const proto::Aggregate& aggregate);
  TranslatedRelation SqlAggregate(const plan::SqlAggregate& aggregate);
  TranslatedRelation Group(TranslatedRelation input, const GroupRequest& request);
  // relations_time_window.cc
  /// The input with a column that holds the window which `keys` call for; rows without a time fall away.
  TranslatedRelation WithTimeWindow(TranslatedRelation input, const Expressions& keys);
  /// A filter of groups (HAVING), when `input` is a grouping whose output alone does not do for the condition.
  std::optional<TranslatedRelation> FilterGroups(const TranslatedRelation& input, const proto::Expression& condition,
                                                 const std::function<Sql(const Scope&)>& translate);
  /// Makes a grouping yield what `sort` needs besides its output, and `sort` use that.
  std::optional<std::vector<OutputColumn>> OrderGroups(TranslatedRelation* input, proto::Sort* sort);
  // relations_pivot.cc
  TranslatedRelation Pivot(const proto::Aggregate& aggregate);
  TranslatedRelation SqlPivot(const plan::SqlPivot& pivot);
  /// One value of the pivot column and the name its columns get.
  struct PivotValue {
    Typed value;
    std::string name;
  };
  TranslatedRelation PivotBy(TranslatedRelation input, const Expressions& keys, const Expressions& aggregates,
                             const Typed& pivot, const std::vector<PivotValue>& values);
  /// A row for each group of columns: the ids, the group's name and its values.
  struct UnpivotGroup {
    std::vector<Typed> values;
    std::vector<std::string> shown;
    std::string name;
  };
  TranslatedRelation UnpivotBy(const TranslatedRelation& input, std::vector<SelectItem> ids,
                               const std::vector<UnpivotGroup>& groups, const std::string& variable,
                               const std::vector<std::string>& value_names, bool include_nulls);
  TranslatedRelation Unpivot(const proto::Unpivot& unpivot);
  TranslatedRelation SqlUnpivot(const plan::SqlUnpivot& unpivot);
  TranslatedRelation Transpose(const proto::Transpose& transpose);
  // relations_set.cc
  TranslatedRelation SetOperation(const proto::SetOperation& operation);
  // relations_subquery.cc
  TranslatedRelation WithRelations(const proto::WithRelations& with);
  TranslatedRelation RecursiveTable(const plan::RecursiveTable& table);
  std::optional<TranslatedRelation> FindCte(const proto::Read& read) const;
  /// Whether a table of a WITH clause is read anywhere in it.
  bool ReadsCte(const google::protobuf::Message& message) const;
  // relations_generate.cc
  TranslatedRelation Generate(TranslatedRelation input, const Expressions& list);
  TranslatedRelation LateralView(const plan::LateralView& view);
  TranslatedRelation TableFunction(const proto::UnresolvedTableValuedFunction& function);
  // relations_python.cc
  TranslatedRelation MapPartitions(const proto::MapPartitions& map);
  TranslatedRelation GroupMap(const proto::GroupMap& map);
  TranslatedRelation CoGroupMap(const proto::CoGroupMap& map);
  TranslatedRelation PythonTable(const proto::CommonInlineUserDefinedTableFunction& function);
  PythonFunctions::Side GroupSide(const proto::Relation& relation, const Expressions& keys, const Expressions& order);
  TranslatedRelation Apart(TranslatedRelation input);
  // relations_na.cc
  TranslatedRelation NaFill(const proto::NAFill& fill);
  TranslatedRelation NaDrop(const proto::NADrop& drop);
  TranslatedRelation NaReplace(const proto::NAReplace& replace);
  // relations_sample.cc
  TranslatedRelation Sample(const proto::Sample& sample);
  TranslatedRelation SampleBy(const proto::StatSampleBy& sample);
  TranslatedRelation Tail(const proto::Tail& tail);
  // relations_stat.cc
  TranslatedRelation Summary(const proto::Relation& input, std::vector<std::string> columns,
                             const std::vector<std::string>& statistics);
  TranslatedRelation Crosstab(const proto::StatCrosstab& crosstab);
  TranslatedRelation FreqItems(const proto::StatFreqItems& items);
  TranslatedRelation ApproxQuantile(const proto::StatApproxQuantile& quantile);
  TranslatedRelation Moment(const proto::Relation& input, const char* function, const std::string& a,
                            const std::string& b);
  // relations_show.cc
  TranslatedRelation ShowString(const proto::ShowString& show);
  TranslatedRelation HtmlString(const proto::HtmlString& html);
  TranslatedRelation Shown(const proto::Relation& source, int rows, const char* function,
                           const std::vector<Sql>& options, const char* name);
  TranslatedRelation CollectMetrics(const proto::CollectMetrics& metrics);
  TranslatedRelation Parse(const proto::Parse& parse);

  // relations_order.cc
  /// An input of the relation being translated has so many rows.
  void CountRows(uint64_t rows);
  /// How many rows a relation has at most, by those of its inputs. `own`: what a leaf says.
  uint64_t MostRows(const proto::Relation& relation, uint64_t own) const;
  /// Whether rows shall come in the order in which a local Spark gives them.
  bool KeepsOrder(const TranslatedRelation& relation) const;
  void OrderByWindows(const std::vector<const proto::Expression*>& expressions, const TranslatedRelation& input,
                      Block* block);
  /// One row of those that are equal in `keys`, which are some or all of its columns.
  TranslatedRelation DistinctRows(TranslatedRelation input, const std::vector<OutputColumn>& keys);

  Scope ScopeOf(const std::vector<OutputColumn>& columns);
  /// Calls `translate` with the scope of the input's columns; where it does not find a column, with what the input can
  /// show besides (only what joins merged away, unless `below`).
  template <typename F>
  auto Resolving(TranslatedRelation* input, bool below, F translate);
  /// Makes the input yield more than its columns, which it returns: _metadata, or else what its SELECT does not show.
  std::vector<OutputColumn> Uncover(TranslatedRelation* input, bool below, bool metadata);
  /// Gives the columns ids that no sub-query can have, when an expression has one. Returns whether it did.
  bool Isolate(TranslatedRelation* input, bool has_subquery);
  /// The outputs of one expression of a select list: several for a star.
  void AddItems(const proto::Expression& expression, const Scope& scope, UniqueIds* ids,
                std::vector<SelectItem>* items);
  void AddStar(const proto::Expression::UnresolvedStar& star, const Scope& scope, UniqueIds* ids,
               std::vector<SelectItem>* items);
  /// The columns whose names match.
  std::vector<size_t> MatchingColumns(const proto::Expression::UnresolvedRegex& regex,
                                      const std::vector<OutputColumn>& columns) const;
  Sql SortKey(const proto::Expression::SortOrder& order, const Scope& scope) const;
  bool Same(std::string_view a, std::string_view b) const { return SameName(a, b, options_.case_sensitive); }
  /// `relation` with every column cast to the type given for it.
  TranslatedRelation CastColumns(TranslatedRelation relation, const std::vector<DataType>& types);
  /// Positions of the columns of that name.
  std::vector<size_t> FindAll(const std::vector<OutputColumn>& columns, std::string_view name) const;
  /// The column an attribute ("a", "s.b", with plan id) names, refused when it names none.
  size_t FindColumn(const std::vector<OutputColumn>& columns, const std::string& name) const;
  /// function(values) by the function tables.
  Typed CallFunction(const std::string& function, const std::vector<Typed>& values, const Scope& scope) const;
  /// Tables side by side, as they stand behind FROM.
  struct Tables {
    Sql sql;
    std::vector<std::string> shown;  ///< the ids that can be named behind it
    size_t count = 0;
  };
  /// Two relations, without a condition; the right one's ids become unique. Behind a semi or anti join (`left_only`)
  /// the right one's have no name.
  Tables From(TranslatedRelation* left, TranslatedRelation* right, const char* keyword, uint64_t isolation = 0,
              bool left_only = false);

  Typed JoinCondition(const proto::Expression& condition, const std::vector<OutputColumn>& columns);

  struct Cte {
    std::string name;
    TranslatedRelation relation;  ///< SELECT * FROM the table of the WITH clause
  };

  Leaves& leaves_;
  TranslateOptions options_;
  int depth_ = 0;
  uint64_t rows_ = 0;  ///< of the inputs translated so far of the relation being translated; 0: none yet
  uint64_t isolated_ = 0;
  uint64_t isolation_ = 0;        ///< when the next relation is a join, its ids are to be isolated under this number
  uint64_t joined_ = 0;           ///< tables in FROM clauses so far
  uint64_t named_ = 0;            ///< tables of WITH clauses so far
  const Scope* outer_ = nullptr;  ///< around the sub-query that is being translated
  std::vector<Cte> ctes_;         ///< in sight; innermost last
  std::vector<Sql> with_;         ///< the tables of WITH clauses in sight: name AS (query)
  std::map<int64_t, const proto::Relation*> plans_;  ///< of sub-queries, by plan id
  std::optional<std::set<int64_t>> used_plan_ids_;   ///< which expressions of the whole plan refer to
};

template <typename F>
auto RelationTranslator::Resolving(TranslatedRelation* input, bool below, F translate) {
  const bool has_metadata = HasMetadata(*input);
  try {
    Scope scope = ScopeOf(input->columns);
    scope.has_metadata = has_metadata;
    return translate(scope);
  } catch (const Error& error) {
    if (!error.condition().starts_with("UNRESOLVED_COLUMN") && error.condition() != "CANNOT_RESOLVE_DATAFRAME_COLUMN") {
      throw;
    }
    TranslatedRelation extended = *input;
    const auto name = error.params().find("objectName");
    const bool metadata =
        has_metadata && name != error.params().end() && name->second.find("`_metadata`") != std::string::npos;
    const std::vector<OutputColumn> hidden = Uncover(&extended, below, metadata);
    if (hidden.empty()) throw;
    Scope scope = ScopeOf(input->columns);
    scope.hidden = &hidden;
    scope.has_metadata = metadata;
    try {
      auto out = translate(scope);
      *input = std::move(extended);
      return out;
    } catch (const Error& second) {
      if (second.condition() != error.condition()) throw;
    }
    throw;
  }
}

/// Throws when a column of the type cannot be compared: a MAP is in it.
void RequireComparable(const std::vector<OutputColumn>& columns);
/// ASSIGNMENT_ARITY_MISMATCH.
[[noreturn]] void RefuseArity(size_t columns, size_t names);
bool HasSubquery(const proto::Expression& expression);
/// Whether it calls a window function over partitions.
bool HasPartitions(const proto::Expression& expression);
/// The ORDER BY clause of a join of two sides whose rows are numbered ("left row", "right row"); `keys` are the pairs
/// of columns that USING names. Empty where Spark's order cannot be had.
Sql JoinOrder(const proto::Join& join, const TranslatedRelation& left, const TranslatedRelation& right,
              const std::vector<std::pair<size_t, size_t>>& keys);

}  // namespace tinderbox::engine
