// The order of rows where Spark promises none: for small inputs, the one that a local Spark gives.
//
// Spark keeps the order of the rows in many operations although it need not, and people's tests and notebooks show it.
// What keeps it in DuckDB costs a sort, so that only inputs that are known to be small get it.
#include <algorithm>
#include <limits>

#include "engine/translate/relation_translator.h"
#include "spark/children.h"
#include "spark/extension.h"
#include "sql/parser.h"

namespace tinderbox::engine {

namespace {

constexpr uint64_t kSmallRows = 1000;

/// The windows of an expression that have partitions, in their order.
void CollectWindows(const google::protobuf::Message& message, std::vector<proto::Expression::Window>* out) {
  if (const auto* expression = dynamic_cast<const proto::Expression*>(&message)) {
    if (expression->has_expression_string()) {
      CollectWindows(sql::ParseExpression(expression->expression_string().expression()), out);
      return;
    }
    if (expression->has_subquery_expression()) return;
    if (expression->has_window() && !expression->window().partition_spec().empty()) {
      out->push_back(expression->window());
      return;
    }
  }
  for (const auto* child : spark::Children(message)) CollectWindows(*child, out);
}

/// What Spark takes a value of the type for when it estimates the size of a table.
uint64_t DefaultSize(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kNull:
    case TypeKind::kBoolean:
    case TypeKind::kByte:
      return 1;
    case TypeKind::kShort:
      return 2;
    case TypeKind::kInteger:
    case TypeKind::kFloat:
    case TypeKind::kDate:
    case TypeKind::kYearMonthInterval:
      return 4;
    case TypeKind::kString:
      return 20;
    case TypeKind::kBinary:
      return 100;
    case TypeKind::kArray:
      return DefaultSize(type.element());
    case TypeKind::kMap:
      return DefaultSize(type.key()) + DefaultSize(type.value());
    case TypeKind::kStruct: {
      uint64_t size = 0;
      for (const StructField& field : type.fields()) size += DefaultSize(field.type);
      return size;
    }
    default:
      return type.kind() == TypeKind::kDecimal && type.precision() > 18 ? 16 : 8;
  }
}

uint64_t EstimatedSize(const TranslatedRelation& relation) {
  uint64_t row = 8;
  for (const OutputColumn& column : relation.columns) row += DefaultSize(column.type);
  return row * relation.most_rows;
}

/// Whether a condition compares for equality, so that Spark joins by keys.
bool ComparesKeys(const proto::Expression& condition) {
  const auto& function = condition.unresolved_function();
  const std::string& name = function.function_name();
  if (name == "and") return std::ranges::any_of(function.arguments(), ComparesKeys);
  return name == "=" || name == "==" || name == "<=>";
}

}  // namespace

void RelationTranslator::CountRows(uint64_t rows) {
  constexpr uint64_t kMost = uint64_t{1} << 32;
  if (rows >= kMost || rows_ >= kMost) {
    rows_ = kManyRows;
  } else {
    rows_ = rows_ == 0 ? rows : (rows_ + 1) * (rows + 1);
  }
}

uint64_t RelationTranslator::MostRows(const proto::Relation& relation, uint64_t own) const {
  switch (relation.rel_type_case()) {
    case proto::Relation::kProject:
    case proto::Relation::kFilter:
    case proto::Relation::kJoin:
    case proto::Relation::kSetOp:
    case proto::Relation::kSort:
    case proto::Relation::kOffset:
    case proto::Relation::kTail:
    case proto::Relation::kSample:
    case proto::Relation::kWithColumns:
    case proto::Relation::kWithColumnsRenamed:
    case proto::Relation::kDrop:
    case proto::Relation::kToDf:
    case proto::Relation::kToSchema:
    case proto::Relation::kSubqueryAlias:
    case proto::Relation::kDeduplicate:
    case proto::Relation::kFillNa:
    case proto::Relation::kDropNa:
    case proto::Relation::kReplace:
    case proto::Relation::kHint:
    case proto::Relation::kRepartition:
    case proto::Relation::kRepartitionByExpression:
    case proto::Relation::kWithRelations:
    case proto::Relation::kExtension:
      return std::max<uint64_t>(rows_, 1);
    case proto::Relation::kLimit:
      return std::min<uint64_t>(std::max<uint64_t>(rows_, 1), static_cast<uint64_t>(relation.limit().limit()));
    case proto::Relation::kAggregate:
      return relation.aggregate().group_type() == proto::Aggregate::GROUP_TYPE_GROUPBY ? std::max<uint64_t>(rows_, 1)
                                                                                       : kManyRows;
    default:
      return own;
  }
}

bool RelationTranslator::KeepsOrder(const TranslatedRelation& relation) const {
  // In a correlated sub-query DuckDB cannot number rows.
  return relation.most_rows <= kSmallRows && outer_ == nullptr;
}

Sql NumberRows(const Sql& from, const char* id, const Sql& order) {
  return Template("(SELECT *, row_number() OVER ($2) AS $3\nFROM $1)", {from, order, Ident(id)});
}

void RelationTranslator::OrderByWindows(const std::vector<const proto::Expression*>& expressions,
                                        const TranslatedRelation& input, Block* block) {
  if (!KeepsOrder(input)) return;
  std::vector<proto::Expression::Window> windows;
  for (const proto::Expression* expression : expressions) CollectWindows(*expression, &windows);
  if (windows.empty()) return;
  // Spark sorts for each kind of window in turn; the last sort shows.
  const proto::Expression::Window& last = windows.back();
  std::vector<Sql> keys;
  try {
    const Scope scope = ScopeOf(input.columns);
    proto::Expression::SortOrder order;
    order.set_direction(proto::Expression::SortOrder::SORT_DIRECTION_ASCENDING);
    for (const auto& partition : last.partition_spec()) {
      *order.mutable_child() = partition;
      keys.push_back(SortKey(order, scope));
    }
    for (const auto& by : last.order_spec()) keys.push_back(SortKey(by, scope));
  } catch (const Error&) {
    return;  // the keys are made of more than the input's columns
  }
  block->from = NumberRows(block->from, "row number", Concat({Token("ORDER BY "), engine::Join(keys, ", ")}));
  block->order = Template("ORDER BY $1", {Ident("row number")});
}

TranslatedRelation RelationTranslator::DistinctRows(TranslatedRelation input, const std::vector<OutputColumn>& keys) {
  std::vector<Sql> names, all;
  for (const OutputColumn& key : keys) names.push_back(Ident(key.id));
  for (const OutputColumn& column : input.columns) all.push_back(Ident(column.id));
  const Sql list = engine::Join(names, ", ");
  if (KeepsOrder(input) && !keys.empty()) {
    input.sql = Template(
        "SELECT $1\nFROM $2\nQUALIFY row_number() OVER (PARTITION BY $3 ORDER BY $4) = 1\nORDER BY $4",
        {engine::Join(all, ", "), NumberRows(Derived(input.sql), "row number", {}), list, Ident("row number")});
  } else if (keys.size() == input.columns.size()) {
    input.sql = Concat({Token("SELECT DISTINCT *\nFROM "), Derived(input.sql)});
  } else {
    input.sql = Template("SELECT DISTINCT ON ($1) *\nFROM $2", {list, Derived(input.sql)});
  }
  return input;
}

bool HasPartitions(const proto::Expression& expression) {
  std::vector<proto::Expression::Window> windows;
  CollectWindows(expression, &windows);
  return !windows.empty();
}

Sql JoinOrder(const proto::Join& join, const TranslatedRelation& left, const TranslatedRelation& right,
              const std::vector<std::pair<size_t, size_t>>& keys) {
  const bool by_key = !keys.empty() || (join.has_join_condition() && ComparesKeys(join.join_condition()));
  // Spark walks through one side; of several rows of the other side with the same key the last comes first.
  const auto order = [&](const char* walked, const char* found) {
    return Template(by_key ? "ORDER BY $1, $2 DESC" : "ORDER BY $1, $2", {Ident(walked), Ident(found)});
  };
  switch (join.join_type()) {
    case proto::Join::JOIN_TYPE_LEFT_SEMI:
    case proto::Join::JOIN_TYPE_LEFT_ANTI:
      return Template("ORDER BY $1", {Ident("left row")});
    case proto::Join::JOIN_TYPE_LEFT_OUTER:
      return order("left row", "right row");
    case proto::Join::JOIN_TYPE_RIGHT_OUTER:
      return order("right row", "left row");
    case proto::Join::JOIN_TYPE_FULL_OUTER: {
      if (keys.empty()) return {};  // sorted by keys that stand in the condition
      std::vector<Sql> by;
      for (const auto& [l, r] : keys) {
        const OutputColumn &a = left.columns[l], &b = right.columns[r];
        if (!a.type.SameIgnoringNullability(b.type)) return {};
        by.push_back(Template("coalesce($1, $2) ASC NULLS FIRST", {Ident(a.id), Ident(b.id)}));
      }
      return Template("ORDER BY $1, $2, $3", {engine::Join(by, ", "), Ident("left row"), Ident("right row")});
    }
    default:
      return EstimatedSize(right) <= EstimatedSize(left) ? order("left row", "right row")
                                                         : order("right row", "left row");
  }
}

}  // namespace tinderbox::engine
