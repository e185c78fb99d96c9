#include "tinderbox/dataframe.h"

#include <atomic>
#include <mutex>
#include <optional>

#include "base/fail.h"
#include "dataframe/expression.h"
#include "dataframe/relation.h"
#include "spark/ipc.h"
#include "spark/session.h"
#include "spark/type_names.h"
#include "tinderbox/functions.h"

namespace tinderbox {
namespace dataframe {

int64_t NextPlanId() {
  static std::atomic<int64_t> next{0};
  return next.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace dataframe

namespace {

using dataframe::MakeRelation;
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

DataFrame MakeSetOperation(const DataFrame& left, const DataFrame& right, SetKind::SetOpType type, bool all) {
  return MakeRelation(left.session(), [&](Relation* out) {
    auto* operation = out->mutable_set_op();
    *operation->mutable_left_input() = left.proto();
    *operation->mutable_right_input() = right.proto();
    operation->set_set_op_type(type);
    operation->set_is_all(all);
    operation->set_by_name(false);
    operation->set_allow_missing_columns(false);
  });
}

DataFrame MakeAggregate(const DataFrame& input, const std::vector<Column>& grouping,
                        const std::vector<Column>& aggregates) {
  return MakeRelation(input.session(), [&](Relation* out) {
    auto* aggregate = out->mutable_aggregate();
    *aggregate->mutable_input() = input.proto();
    aggregate->set_group_type(proto::Aggregate::GROUP_TYPE_GROUPBY);
    for (const Column& column : grouping) *aggregate->add_grouping_expressions() = column.proto();
    for (const Column& column : aggregates) *aggregate->add_aggregate_expressions() = column.proto();
  });
}

}  // namespace

/// What is learnt about a plan, shared by the copies of one DataFrame.
struct DataFrame::Analysis {
  ~Analysis() {
    if (persisted_in == nullptr) return;
    try {
      persisted_in->Unpersist(*persisted);
    } catch (const std::exception&) {
      // A destructor has nobody to tell; the session drops what is kept when it ends.
    }
  }

  std::mutex mutex;
  std::optional<StructType> schema;
  std::shared_ptr<spark::Session> persisted_in;
  std::shared_ptr<const Relation> persisted;
};

DataFrame::DataFrame(Session session, std::shared_ptr<const Relation> relation)
    : session_(std::move(session)), relation_(std::move(relation)), analysis_(std::make_shared<Analysis>()) {}

DataFrame DataFrame::Select(std::vector<Column> columns) const {
  return MakeRelation(session_, [&](Relation* out) {
    *out->mutable_project()->mutable_input() = proto();
    for (const Column& column : columns) *out->mutable_project()->add_expressions() = column.proto();
  });
}

DataFrame DataFrame::Filter(const Column& condition) const {
  return MakeRelation(session_, [&](Relation* out) {
    *out->mutable_filter()->mutable_input() = proto();
    *out->mutable_filter()->mutable_condition() = condition.proto();
  });
}

DataFrame DataFrame::WithColumns(std::vector<std::pair<std::string, Column>> columns) const {
  return MakeRelation(session_, [&](Relation* out) {
    *out->mutable_with_columns()->mutable_input() = proto();
    for (const auto& [name, column] : columns) {
      auto* alias = out->mutable_with_columns()->add_aliases();
      *alias->mutable_expr() = column.proto();
      alias->add_name(name);
    }
  });
}

DataFrame DataFrame::WithColumnsRenamed(const std::map<std::string, std::string>& old_to_new) const {
  return MakeRelation(session_, [&](Relation* out) {
    *out->mutable_with_columns_renamed()->mutable_input() = proto();
    for (const auto& [from, to] : old_to_new) {
      auto* rename = out->mutable_with_columns_renamed()->add_renames();
      rename->set_col_name(from);
      rename->set_new_col_name(to);
    }
  });
}

DataFrame DataFrame::Drop(const std::vector<std::string>& names) const {
  return MakeRelation(session_, [&](Relation* out) {
    *out->mutable_drop()->mutable_input() = proto();
    for (const std::string& name : names) out->mutable_drop()->add_column_names(name);
  });
}

DataFrame DataFrame::ToDf(const std::vector<std::string>& names) const {
  return MakeRelation(session_, [&](Relation* out) {
    *out->mutable_to_df()->mutable_input() = proto();
    for (const std::string& name : names) out->mutable_to_df()->add_column_names(name);
  });
}

DataFrame DataFrame::Alias(std::string_view name) const {
  return MakeRelation(session_, [&](Relation* out) {
    *out->mutable_subquery_alias()->mutable_input() = proto();
    out->mutable_subquery_alias()->set_alias(std::string(name));
  });
}

DataFrame DataFrame::Join(const DataFrame& other, const Column& condition, std::string_view how) const {
  const auto type = ParseJoinType(how);
  return MakeRelation(session_, [&](Relation* out) {
    auto* join = out->mutable_join();
    *join->mutable_left() = proto();
    *join->mutable_right() = other.proto();
    *join->mutable_join_condition() = condition.proto();
    join->set_join_type(type);
  });
}

GroupedData DataFrame::GroupBy(std::vector<Column> columns) const {
  return GroupedData(*this, std::move(columns));
}

DataFrame DataFrame::Agg(std::vector<Column> aggregates) const {
  return MakeAggregate(*this, {}, aggregates);
}

DataFrame DataFrame::UnionAll(const DataFrame& other) const {
  return MakeSetOperation(*this, other, SetKind::SET_OP_TYPE_UNION, true);
}

DataFrame DataFrame::UnionByName(const DataFrame& other, bool allow_missing_columns) const {
  return MakeRelation(session_, [&](Relation* out) {
    auto* operation = out->mutable_set_op();
    *operation->mutable_left_input() = proto();
    *operation->mutable_right_input() = other.proto();
    operation->set_set_op_type(SetKind::SET_OP_TYPE_UNION);
    operation->set_is_all(true);
    operation->set_by_name(true);
    operation->set_allow_missing_columns(allow_missing_columns);
  });
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

DataFrame DataFrame::Distinct() const {
  return MakeRelation(session_, [&](Relation* out) {
    *out->mutable_deduplicate()->mutable_input() = proto();
    out->mutable_deduplicate()->set_all_columns_as_keys(true);
  });
}

DataFrame DataFrame::Sort(std::vector<Column> order) const {
  return MakeRelation(session_, [&](Relation* out) {
    *out->mutable_sort()->mutable_input() = proto();
    for (const Column& column : order) dataframe::ToSortOrder(column, out->mutable_sort()->add_order());
    out->mutable_sort()->set_is_global(true);
  });
}

DataFrame DataFrame::Limit(int n) const {
  return MakeRelation(session_, [&](Relation* out) {
    *out->mutable_limit()->mutable_input() = proto();
    out->mutable_limit()->set_limit(n);
  });
}

DataFrame DataFrame::Offset(int n) const {
  return MakeRelation(session_, [&](Relation* out) {
    *out->mutable_offset()->mutable_input() = proto();
    out->mutable_offset()->set_offset(n);
  });
}

Column DataFrame::operator[](std::string_view name) const {
  return dataframe::MakeColumn([&](proto::Expression* out) {
    auto* attribute = out->mutable_unresolved_attribute();
    attribute->set_unparsed_identifier(spark::QuoteIfNeeded(name));
    attribute->set_plan_id(relation_->common().plan_id());
  });
}

const StructType& DataFrame::Schema() const {
  const std::lock_guard lock(analysis_->mutex);
  if (!analysis_->schema) analysis_->schema = session_.waist()->Schema(*relation_);
  return *analysis_->schema;
}

int64_t DataFrame::Count() const {
  const std::vector<Row> rows = Agg({functions::CountStar().Alias("count")}).Collect();
  if (rows.size() != 1 || rows[0].size() != 1)
    base::Fail("INTERNAL_ERROR", "A count did not return exactly one value.");
  return rows[0][0].As<int64_t>();
}

std::vector<Row> DataFrame::Collect() const {
  std::vector<Row> rows;
  const auto reader = Batches();
  ArrowBatch batch;
  while (reader->Next(&batch)) {
    const std::vector<StructField>& fields = reader->schema().fields;
    rows.reserve(rows.size() + static_cast<size_t>(batch.rows()));
    for (int64_t i = 0; i < batch.rows(); ++i) {
      Row& row = rows.emplace_back();
      row.values.reserve(fields.size());
      for (size_t c = 0; c < fields.size(); ++c) {
        row.values.push_back(spark::ToValue(fields[c].type, batch.column(c), batch.array().offset + i));
      }
    }
  }
  return rows;
}

std::unique_ptr<BatchReader> DataFrame::Batches() const {
  return session_.waist()->Execute(*relation_);
}

std::string DataFrame::Explain() const {
  return session_.waist()->Explain(*relation_);
}

DataFrame DataFrame::Persist() const {
  session_.waist()->Persist(*relation_);
  DataFrame out(session_, relation_);
  out.analysis_->persisted_in = session_.waist();
  out.analysis_->persisted = relation_;
  return out;
}

DataFrameWriter DataFrame::Write() const {
  return DataFrameWriter(*this);
}

DataFrame GroupedData::Agg(std::vector<Column> aggregates) const {
  return MakeAggregate(input_, grouping_, aggregates);
}

DataFrame GroupedData::Count() const {
  return Agg({functions::CountStar().Alias("count")});
}

}  // namespace tinderbox
