#include "tinderbox/dataframe.h"

#include <algorithm>
#include <atomic>
#include <random>

#include "base/fail.h"
#include "dataframe/expression.h"
#include "dataframe/relation.h"
#include "spark/proto_types.h"
#include "spark/type_names.h"
#include "tinderbox/functions.h"

namespace tinderbox {
namespace dataframe {

int64_t NextPlanId() {
  static std::atomic<int64_t> next{0};
  return next.fetch_add(1, std::memory_order_relaxed);
}

int64_t RandomSeed() {
  thread_local std::mt19937_64 generator(std::random_device{}());
  return static_cast<int64_t>(generator() >> 1);
}

DataFrame Finish(const Session& session, std::shared_ptr<proto::Relation> relation, Parts parts) {
  std::vector<std::shared_ptr<const proto::Relation>> subqueries = std::move(parts.dependencies().subqueries);
  parts.dependencies().subqueries.clear();
  if (!subqueries.empty()) {
    auto around = std::make_shared<proto::Relation>();
    around->mutable_common()->set_plan_id(NextPlanId());
    *around->mutable_with_relations()->mutable_root() = std::move(*relation);
    for (const auto& subquery : subqueries) *around->mutable_with_relations()->add_references() = *subquery;
    relation = std::move(around);
  }
  return DataFrame(session, std::move(relation), parts.Take());
}

}  // namespace dataframe

namespace {

using dataframe::MakeRelation;
using dataframe::Parts;
using proto::Relation;
using JoinKind = proto::Join;
using SetKind = proto::SetOperation;

proto::Join::JoinType ParseJoinType(std::string_view how) {
  static constexpr std::pair<std::string_view, proto::Join::JoinType> kTypes[] = {
      {"inner", JoinKind::JOIN_TYPE_INNER},          {"cross", JoinKind::JOIN_TYPE_CROSS},
      {"left", JoinKind::JOIN_TYPE_LEFT_OUTER},      {"leftouter", JoinKind::JOIN_TYPE_LEFT_OUTER},
      {"right", JoinKind::JOIN_TYPE_RIGHT_OUTER},    {"rightouter", JoinKind::JOIN_TYPE_RIGHT_OUTER},
      {"outer", JoinKind::JOIN_TYPE_FULL_OUTER},     {"full", JoinKind::JOIN_TYPE_FULL_OUTER},
      {"fullouter", JoinKind::JOIN_TYPE_FULL_OUTER}, {"semi", JoinKind::JOIN_TYPE_LEFT_SEMI},
      {"leftsemi", JoinKind::JOIN_TYPE_LEFT_SEMI},   {"anti", JoinKind::JOIN_TYPE_LEFT_ANTI},
      {"leftanti", JoinKind::JOIN_TYPE_LEFT_ANTI},
  };
  std::string plain;
  for (const char c : how) {
    if (c != '_') plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  for (const auto& [name, type] : kTypes) {
    if (plain == name) return type;
  }
  base::FailWith(
      "UNSUPPORTED_JOIN_TYPE", {{"typ", std::string(how)}},
      "There is no join type '{}'; there are inner, cross, left_outer, right_outer, full_outer, left_semi and "
      "left_anti.",
      how);
}

DataFrame MakeSetOperation(const DataFrame& left, const DataFrame& right, SetKind::SetOpType type, bool all,
                           bool by_name = false, bool allow_missing_columns = false) {
  return MakeRelation(left.session(), [&](Parts& parts, Relation* out) {
    auto* operation = out->mutable_set_op();
    parts.Put(left, operation->mutable_left_input());
    parts.Put(right, operation->mutable_right_input());
    operation->set_set_op_type(type);
    operation->set_is_all(all);
    operation->set_by_name(by_name);
    operation->set_allow_missing_columns(allow_missing_columns);
  });
}

DataFrame MakeSort(const DataFrame& input, const ColumnList& order, bool global) {
  return MakeRelation(input.session(), [&](Parts& parts, Relation* out) {
    parts.Put(input, out->mutable_sort()->mutable_input());
    for (const ColumnOrName& one : order) dataframe::ToSortOrder(parts, one.column(), out->mutable_sort()->add_order());
    out->mutable_sort()->set_is_global(global);
  });
}

DataFrame MakeSample(const DataFrame& input, double lower, double upper, bool with_replacement, int64_t seed,
                     bool deterministic_order) {
  return MakeRelation(input.session(), [&](Parts& parts, Relation* out) {
    auto* sample = out->mutable_sample();
    parts.Put(input, sample->mutable_input());
    sample->set_lower_bound(lower);
    sample->set_upper_bound(upper);
    sample->set_with_replacement(with_replacement);
    sample->set_seed(seed);
    sample->set_deterministic_order(deterministic_order);
  });
}

DataFrame MakeRepartition(const DataFrame& input, std::optional<int> partitions, const std::vector<Column>& columns) {
  return MakeRelation(input.session(), [&](Parts& parts, Relation* out) {
    auto* repartition = out->mutable_repartition_by_expression();
    parts.Put(input, repartition->mutable_input());
    parts.PutAll(columns, repartition->mutable_partition_exprs());
    if (partitions) repartition->set_num_partitions(*partitions);
  });
}

std::vector<Column> ToColumns(const ColumnList& list) {
  std::vector<Column> out;
  for (const ColumnOrName& one : list) out.push_back(one.column());
  return out;
}

std::vector<Column> ToOrder(const ColumnList& list) {
  std::vector<Column> out;
  for (const ColumnOrName& one : list) {
    out.push_back(one.column().proto().has_sort_order() ? one.column() : one.column().Asc());
  }
  return out;
}

Column MakeSubquery(const DataFrame& query, proto::SubqueryExpression::SubqueryType type) {
  return dataframe::MakeColumn([&](Parts& parts, proto::Expression* out) {
    out->mutable_subquery_expression()->set_plan_id(parts.PutSubquery(query));
    out->mutable_subquery_expression()->set_subquery_type(type);
  });
}

}  // namespace

DataFrame DataFrame::Select(const ColumnList& columns) const {
  return MakeRelation(session_, [&](Parts& parts, Relation* out) {
    auto* made = out->mutable_project();
    parts.Put(*this, made->mutable_input());
    parts.PutAll(columns, made->mutable_expressions());
  });
}

DataFrame DataFrame::SelectExpr(const std::vector<std::string>& expressions) const {
  std::vector<Column> columns;
  for (const std::string& expression : expressions) columns.push_back(functions::Expr(expression));
  return Select(columns);
}

DataFrame DataFrame::Filter(const Column& condition) const {
  return MakeRelation(session_, [&](Parts& parts, Relation* out) {
    auto* made = out->mutable_filter();
    parts.Put(*this, made->mutable_input());
    parts.Put(condition, made->mutable_condition());
  });
}

DataFrame DataFrame::Filter(std::string_view sql) const {
  return Filter(functions::Expr(sql));
}

DataFrame DataFrame::WithColumn(std::string_view name, const Column& column) const {
  return WithColumns({{std::string(name), column}});
}

DataFrame DataFrame::WithColumns(const std::vector<std::pair<std::string, Column>>& columns) const {
  return MakeRelation(session_, [&](Parts& parts, Relation* out) {
    auto* made = out->mutable_with_columns();
    parts.Put(*this, made->mutable_input());
    for (const auto& [name, column] : columns) {
      auto* alias = made->add_aliases();
      parts.Put(column, alias->mutable_expr());
      alias->add_name(name);
    }
  });
}

DataFrame DataFrame::WithMetadata(std::string_view name, std::string_view metadata_json) const {
  return MakeRelation(session_, [&](Parts& parts, Relation* out) {
    auto* made = out->mutable_with_columns();
    parts.Put(*this, made->mutable_input());
    auto* alias = made->add_aliases();
    parts.Put((*this)[name], alias->mutable_expr());
    alias->add_name(std::string(name));
    alias->set_metadata(std::string(metadata_json));
  });
}

DataFrame DataFrame::WithColumnRenamed(std::string_view old_name, std::string_view new_name) const {
  return WithColumnsRenamed({{std::string(old_name), std::string(new_name)}});
}

DataFrame DataFrame::WithColumnsRenamed(const std::map<std::string, std::string>& old_to_new) const {
  return MakeRelation(session_, [&](Parts& parts, Relation* out) {
    auto* made = out->mutable_with_columns_renamed();
    parts.Put(*this, made->mutable_input());
    for (const auto& [from, to] : old_to_new) {
      auto* rename = made->add_renames();
      rename->set_col_name(from);
      rename->set_new_col_name(to);
    }
  });
}

DataFrame DataFrame::Drop(const ColumnList& columns) const {
  return MakeRelation(session_, [&](Parts& parts, Relation* out) {
    auto* made = out->mutable_drop();
    parts.Put(*this, made->mutable_input());
    for (const ColumnOrName& column : columns) {
      if (column.name()) {
        made->add_column_names(*column.name());
      } else {
        parts.Put(column.column(), made->add_columns());
      }
    }
  });
}

DataFrame DataFrame::ToDf(const std::vector<std::string>& names) const {
  return MakeRelation(session_, [&](Parts& parts, Relation* out) {
    auto* made = out->mutable_to_df();
    parts.Put(*this, made->mutable_input());
    for (const std::string& name : names) made->add_column_names(name);
  });
}

DataFrame DataFrame::To(const StructType& schema) const {
  return MakeRelation(session_, [&](Parts& parts, Relation* out) {
    auto* made = out->mutable_to_schema();
    parts.Put(*this, made->mutable_input());
    spark::ToProto(schema.ToType(), made->mutable_schema());
  });
}

DataFrame DataFrame::Unpivot(const ColumnList& ids, const ColumnList& values, std::string_view variable_name,
                             std::string_view value_name) const {
  return MakeRelation(session_, [&](Parts& parts, Relation* out) {
    auto* made = out->mutable_unpivot();
    parts.Put(*this, made->mutable_input());
    parts.PutAll(ids, made->mutable_ids());
    if (!values.empty()) parts.PutAll(values, made->mutable_values()->mutable_values());
    made->set_variable_column_name(std::string(variable_name));
    made->set_value_column_name(std::string(value_name));
  });
}

DataFrame DataFrame::Transpose(const ColumnOrName& index) const {
  return MakeRelation(session_, [&](Parts& parts, Relation* out) {
    auto* made = out->mutable_transpose();
    parts.Put(*this, made->mutable_input());
    if (index.given()) parts.Put(index.column(), made->add_index_columns());
  });
}

DataFrame DataFrame::ZipWithIndex(std::string_view name) const {
  return Select({"*", functions::Call("distributed_sequence_id", {}).Alias(name)});
}

DataFrame DataFrame::Alias(std::string_view name) const {
  return MakeRelation(session_, [&](Parts& parts, Relation* out) {
    auto* made = out->mutable_subquery_alias();
    parts.Put(*this, made->mutable_input());
    made->set_alias(std::string(name));
  });
}

DataFrame DataFrame::Hint(std::string_view name, const std::vector<ColumnOrValue>& parameters) const {
  return MakeRelation(session_, [&](Parts& parts, Relation* out) {
    auto* made = out->mutable_hint();
    parts.Put(*this, made->mutable_input());
    made->set_name(std::string(name));
    parts.PutAll(parameters, made->mutable_parameters());
  });
}

DataFrame DataFrame::Distinct() const {
  return MakeRelation(session_, [&](Parts& parts, Relation* out) {
    auto* made = out->mutable_deduplicate();
    parts.Put(*this, made->mutable_input());
    made->set_all_columns_as_keys(true);
  });
}

DataFrame DataFrame::DropDuplicates(const std::vector<std::string>& names) const {
  return MakeRelation(session_, [&](Parts& parts, Relation* out) {
    auto* made = out->mutable_deduplicate();
    parts.Put(*this, made->mutable_input());
    for (const std::string& name : names) made->add_column_names(name);
    if (names.empty()) made->set_all_columns_as_keys(true);
  });
}

DataFrame DataFrame::Sort(const ColumnList& order) const {
  return MakeSort(*this, order, true);
}
DataFrame DataFrame::SortWithinPartitions(const ColumnList& order) const {
  return MakeSort(*this, order, false);
}

DataFrame DataFrame::Limit(int n) const {
  return MakeRelation(session_, [&](Parts& parts, Relation* out) {
    auto* made = out->mutable_limit();
    parts.Put(*this, made->mutable_input());
    made->set_limit(n);
  });
}

DataFrame DataFrame::Offset(int n) const {
  return MakeRelation(session_, [&](Parts& parts, Relation* out) {
    auto* made = out->mutable_offset();
    parts.Put(*this, made->mutable_input());
    made->set_offset(n);
  });
}

DataFrame DataFrame::Sample(double fraction, bool with_replacement, std::optional<int64_t> seed) const {
  return MakeSample(*this, 0, fraction, with_replacement, seed.value_or(dataframe::RandomSeed()), false);
}

std::vector<DataFrame> DataFrame::RandomSplit(const std::vector<double>& weights, std::optional<int64_t> seed) const {
  double total = 0;
  for (const double weight : weights) {
    if (!(weight >= 0)) base::Fail("INVALID_PARAMETER_VALUE", "The weight {} of a random split is negative.", weight);
    total += weight;
  }
  if (!(total > 0)) base::Fail("INVALID_PARAMETER_VALUE", "The weights of a random split need a sum above 0.");
  const int64_t common = seed.value_or(dataframe::RandomSeed());
  std::vector<DataFrame> out;
  double lower = 0;
  for (const double weight : weights) {
    const double upper = lower + weight / total;
    out.push_back(MakeSample(*this, lower, upper, false, common, true));
    lower = upper;
  }
  return out;
}

DataFrame DataFrame::Join(const DataFrame& other, const Column& condition, std::string_view how) const {
  return MakeRelation(session_, [&](Parts& parts, Relation* out) {
    auto* join = out->mutable_join();
    parts.Put(*this, join->mutable_left());
    parts.Put(other, join->mutable_right());
    parts.Put(condition, join->mutable_join_condition());
    join->set_join_type(ParseJoinType(how));
  });
}

DataFrame DataFrame::Join(const DataFrame& other, const std::vector<std::string>& names, std::string_view how) const {
  return MakeRelation(session_, [&](Parts& parts, Relation* out) {
    auto* join = out->mutable_join();
    parts.Put(*this, join->mutable_left());
    parts.Put(other, join->mutable_right());
    for (const std::string& name : names) join->add_using_columns(name);
    join->set_join_type(ParseJoinType(how));
  });
}

DataFrame DataFrame::CrossJoin(const DataFrame& other) const {
  return MakeRelation(session_, [&](Parts& parts, Relation* out) {
    auto* join = out->mutable_join();
    parts.Put(*this, join->mutable_left());
    parts.Put(other, join->mutable_right());
    join->set_join_type(JoinKind::JOIN_TYPE_CROSS);
  });
}

DataFrame DataFrame::LateralJoin(const DataFrame& other, const std::optional<Column>& condition,
                                 std::string_view how) const {
  return MakeRelation(session_, [&](Parts& parts, Relation* out) {
    auto* join = out->mutable_lateral_join();
    parts.Put(*this, join->mutable_left());
    parts.Put(other, join->mutable_right());
    if (condition) parts.Put(*condition, join->mutable_join_condition());
    join->set_join_type(ParseJoinType(how));
  });
}

DataFrame DataFrame::NearestByJoin(const DataFrame& other, const Column& ranking, int count, std::string_view mode,
                                   std::string_view direction, std::string_view how) const {
  return MakeRelation(session_, [&](Parts& parts, Relation* out) {
    auto* join = out->mutable_nearest_by_join();
    parts.Put(*this, join->mutable_left());
    parts.Put(other, join->mutable_right());
    parts.Put(ranking, join->mutable_ranking_expression());
    join->set_num_results(count);
    join->set_mode(std::string(mode));
    join->set_direction(std::string(direction));
    join->set_join_type(std::string(how));
  });
}

DataFrame DataFrame::UnionAll(const DataFrame& other) const {
  return MakeSetOperation(*this, other, SetKind::SET_OP_TYPE_UNION, true);
}
DataFrame DataFrame::UnionByName(const DataFrame& other, bool allow_missing_columns) const {
  return MakeSetOperation(*this, other, SetKind::SET_OP_TYPE_UNION, true, true, allow_missing_columns);
}
DataFrame DataFrame::IntersectAll(const DataFrame& other) const {
  return MakeSetOperation(*this, other, SetKind::SET_OP_TYPE_INTERSECT, true);
}
DataFrame DataFrame::Intersect(const DataFrame& other) const {
  return MakeSetOperation(*this, other, SetKind::SET_OP_TYPE_INTERSECT, false);
}
DataFrame DataFrame::ExceptAll(const DataFrame& other) const {
  return MakeSetOperation(*this, other, SetKind::SET_OP_TYPE_EXCEPT, true);
}
DataFrame DataFrame::Subtract(const DataFrame& other) const {
  return MakeSetOperation(*this, other, SetKind::SET_OP_TYPE_EXCEPT, false);
}

GroupedData DataFrame::GroupBy(const ColumnList& columns) const {
  return GroupedData(*this, GroupedData::Kind::kGroupBy, columns);
}
GroupedData DataFrame::Rollup(const ColumnList& columns) const {
  return GroupedData(*this, GroupedData::Kind::kRollup, columns);
}
GroupedData DataFrame::Cube(const ColumnList& columns) const {
  return GroupedData(*this, GroupedData::Kind::kCube, columns);
}
GroupedData DataFrame::GroupingSets(const std::vector<ColumnList>& sets, const ColumnList& columns) const {
  return GroupedData(*this, GroupedData::Kind::kGroupingSets, columns, sets);
}
DataFrame DataFrame::Agg(const ColumnList& aggregates) const {
  return GroupBy({}).Agg(aggregates);
}

DataFrame DataFrame::Coalesce(int partitions) const {
  return MakeRelation(session_, [&](Parts& parts, Relation* out) {
    auto* made = out->mutable_repartition();
    parts.Put(*this, made->mutable_input());
    made->set_num_partitions(partitions);
    made->set_shuffle(false);
  });
}

DataFrame DataFrame::Repartition(int partitions) const {
  return MakeRelation(session_, [&](Parts& parts, Relation* out) {
    auto* made = out->mutable_repartition();
    parts.Put(*this, made->mutable_input());
    made->set_num_partitions(partitions);
    made->set_shuffle(true);
  });
}

DataFrame DataFrame::Repartition(int partitions, const ColumnList& columns) const {
  return MakeRepartition(*this, partitions, ToColumns(columns));
}
DataFrame DataFrame::Repartition(const ColumnList& columns) const {
  return MakeRepartition(*this, {}, ToColumns(columns));
}
DataFrame DataFrame::RepartitionByRange(int partitions, const ColumnList& columns) const {
  return MakeRepartition(*this, partitions, ToOrder(columns));
}
DataFrame DataFrame::RepartitionByRange(const ColumnList& columns) const {
  return MakeRepartition(*this, {}, ToOrder(columns));
}
DataFrame DataFrame::RepartitionById(int partitions, const ColumnOrName& id) const {
  const Column direct = dataframe::MakeColumn([&](Parts& parts, proto::Expression* out) {
    parts.Put(id.column(), out->mutable_direct_shuffle_partition_id()->mutable_child());
  });
  return MakeRepartition(*this, partitions, {direct});
}

DataFrame DataFrame::Observe(const Observation& observation, const ColumnList& metrics) const {
  return MakeRelation(session_, [&](Parts& parts, Relation* out) {
    auto* made = out->mutable_collect_metrics();
    parts.Put(*this, made->mutable_input());
    made->set_name(observation.name());
    parts.PutAll(metrics, made->mutable_metrics());
    parts.dependencies().observations.push_back(observation.state());
  });
}

Column DataFrame::operator[](std::string_view name) const {
  return dataframe::MakeColumn([&](Parts&, proto::Expression* out) {
    auto* attribute = out->mutable_unresolved_attribute();
    attribute->set_unparsed_identifier(spark::QuoteIfNeeded(name));
    attribute->set_plan_id(relation_->common().plan_id());
  });
}

Column DataFrame::ColRegex(std::string_view pattern) const {
  return dataframe::MakeColumn([&](Parts&, proto::Expression* out) {
    out->mutable_unresolved_regex()->set_col_name(std::string(pattern));
    out->mutable_unresolved_regex()->set_plan_id(relation_->common().plan_id());
  });
}

Column DataFrame::MetadataColumn(std::string_view name) const {
  return dataframe::MakeColumn([&](Parts&, proto::Expression* out) {
    auto* attribute = out->mutable_unresolved_attribute();
    attribute->set_unparsed_identifier(std::string(name));
    attribute->set_plan_id(relation_->common().plan_id());
    attribute->set_is_metadata_column(true);
  });
}

Column DataFrame::Scalar() const {
  return MakeSubquery(*this, proto::SubqueryExpression::SUBQUERY_TYPE_SCALAR);
}
Column DataFrame::Exists() const {
  return MakeSubquery(*this, proto::SubqueryExpression::SUBQUERY_TYPE_EXISTS);
}

DataFrame functions::Broadcast(const DataFrame& frame) {
  return frame.Hint("broadcast");
}

}  // namespace tinderbox
