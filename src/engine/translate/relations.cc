#include "engine/translate/relations.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "engine/functions/interval_text.h"
#include "engine/places.h"
#include "engine/streaming/stream_scope.h"
#include "engine/translate/coercion.h"
#include "engine/translate/refusals.h"
#include "engine/translate/relation_translator.h"
#include "engine/translate/type_parts.h"
#include "engine/translate/windows.h"
#include "spark/children.h"
#include "spark/error_conditions.h"
#include "spark/extension.h"
#include "spark/type_names.h"

namespace tinderbox::engine {

namespace {

std::string KindName(const proto::Relation& relation) {
  const auto* field = proto::Relation::descriptor()->FindFieldByNumber(relation.rel_type_case());
  return field == nullptr ? "empty relation" : field->message_type()->name();
}

void CheckDelay(const std::string& text) {
  const auto delay = ParseCalendarInterval(text);
  if (!delay) {
    throw Error("CANNOT_PARSE_INTERVAL",
                fmt::format("Unable to parse '{}'. Please ensure that the value provided is in a valid format for "
                            "defining an interval. You can reference the documentation for the correct format. If the "
                            "issue persists, please double check that the input value is not null or empty and try "
                            "again.",
                            text),
                {{"intervalString", fmt::format("'{}'", text)}});
  }
  if (delay->months < 0 || delay->days < 0 || delay->micros < 0) {
    throw Error(spark::kJavaIllegalArgument,
                fmt::format("requirement failed: delay threshold ({}) should not be negative.", text));
  }
}

/// Instants, and windows of them, can be followed by a watermark.
void CheckEventTime(const std::string& name, const Scope& scope) {
  const DataType type = ResolveAttribute(name, -1, scope).type;
  if (type.kind() == TypeKind::kTimestamp) return;
  if (type.kind() == TypeKind::kStruct) {
    for (const StructField& field : type.fields()) {
      if (field.name == "end" && field.type.kind() == TypeKind::kTimestamp) return;
    }
  }
  const std::string quoted = spark::Quote(name);
  throw Error(
      "EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE",
      fmt::format("The event time {} has the invalid type \"{}\", but expected \"TIMESTAMP\".", quoted, type.Sql()),
      {{"eventName", quoted}, {"eventType", fmt::format("\"{}\"", type.Sql())}});
}

/// The plan ids that expressions of the plan refer to.
void CollectPlanIds(const google::protobuf::Message& message, int depth, std::set<int64_t>* ids) {
  // A relation takes two levels of messages, an expression as many.
  if (depth > 4 * kMaxRelationDepth + 2000) {
    throw Error("TINDERBOX_PLAN_TOO_DEEP",
                "The query nests too deeply. Persist a step in the middle, or combine steps.");
  }
  if (const auto* expression = dynamic_cast<const proto::Expression*>(&message)) {
    if (expression->has_unresolved_attribute() && expression->unresolved_attribute().has_plan_id()) {
      ids->insert(expression->unresolved_attribute().plan_id());
    }
    if (expression->has_unresolved_star() && expression->unresolved_star().has_plan_id()) {
      ids->insert(expression->unresolved_star().plan_id());
    }
    if (expression->has_unresolved_regex() && expression->unresolved_regex().has_plan_id()) {
      ids->insert(expression->unresolved_regex().plan_id());
    }
  }
  for (const auto* child : spark::Children(message)) CollectPlanIds(*child, depth + 1, ids);
}

}  // namespace

std::vector<std::optional<std::string>> Leaves::Texts(const Sql&) {
  RefuseFeature("an operation whose columns depend on the data");
}

std::optional<Sql> Leaves::Store(const TranslatedRelation&) {
  return std::nullopt;
}

std::shared_ptr<const Variable> Leaves::FindVariable(const std::vector<std::string>&) {
  return nullptr;
}

std::shared_ptr<const SqlFunction> Leaves::FindFunction(const std::vector<std::string>&) {
  return nullptr;
}

void Leaves::Observe(const std::string& name, const TranslatedRelation&) {
  RefuseFeature(fmt::format("observing the metrics \"{}\" here", name));
}

TranslatedRelation Leaves::Other(const proto::Relation& relation) {
  throw Error("UNSUPPORTED_FEATURE.RELATION",
              fmt::format("The embedded engine does not support the operation {}.", KindName(relation)),
              {{"relation", KindName(relation)}});
}

void RefuseArity(size_t columns, size_t names) {
  throw Error(
      "ASSIGNMENT_ARITY_MISMATCH",
      fmt::format("The number of columns or variables assigned or aliased: {} does not match the number of source "
                  "expressions: {}.",
                  columns, names),
      {{"numTarget", std::to_string(columns)}, {"numExpr", std::to_string(names)}});
}

void RequireComparable(const std::vector<OutputColumn>& columns) {
  for (const OutputColumn& column : columns) {
    for (const TypeKind kind : {TypeKind::kMap, TypeKind::kVariant}) {
      if (!Holds(column.type, kind)) continue;
      const std::string word = kind == TypeKind::kMap ? "MAP" : "VARIANT";
      const std::string name = "`" + column.name + "`";
      const std::string type = "\"" + column.type.Sql() + "\"";
      throw Error("UNSUPPORTED_FEATURE.SET_OPERATION_ON_" + word + "_TYPE",
                  fmt::format("The feature is not supported: Cannot have {} type columns in DataFrame which calls set "
                              "operations (INTERSECT, EXCEPT, etc.), but the type of column {} is {}.",
                              word, name, type),
                  {{"colName", name}, {"dataType", type}});
    }
  }
}

TranslatedRelation TranslateRelation(const proto::Relation& relation, Leaves& leaves, const TranslateOptions& options) {
  return RelationTranslator(leaves, options).Translate(relation);
}

Scope RelationTranslator::ScopeOf(const std::vector<OutputColumn>& columns) {
  Scope scope;
  scope.columns = &columns;
  scope.case_sensitive = options_.case_sensitive;
  scope.ansi = options_.ansi;
  scope.time_zone = options_.time_zone;
  scope.database = options_.database;
  scope.outer = outer_;
  scope.subqueries = this;
  scope.python = leaves_.Python();
  return scope;
}

std::vector<size_t> RelationTranslator::FindAll(const std::vector<OutputColumn>& columns, std::string_view name) const {
  std::vector<size_t> out;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (Same(columns[i].name, name)) out.push_back(i);
  }
  return out;
}

size_t RelationTranslator::FindColumn(const std::vector<OutputColumn>& columns, const std::string& name) const {
  Scope scope;
  scope.columns = &columns;
  scope.case_sensitive = options_.case_sensitive;
  scope.proposes_by_name = false;
  const std::string text = ResolveAttribute(name, -1, scope).sql.text();
  for (size_t i = 0; i < columns.size(); ++i) {
    if (Ident(columns[i].id).text() == text) return i;
  }
  throw Error("UNSUPPORTED_FEATURE", fmt::format("`{}` is a field; only whole columns can stand here.", name));
}

Typed RelationTranslator::CallFunction(const std::string& function, const std::vector<Typed>& values,
                                       const Scope& scope) const {
  Scope inner = scope;
  inner.grouping = nullptr;
  proto::Expression::UnresolvedFunction call;
  call.set_function_name(function);
  for (size_t i = 0; i < values.size(); ++i) {
    std::string name = fmt::format("value {} {}", scope.lambdas.size(), i);
    call.add_arguments()->mutable_unresolved_named_lambda_variable()->add_name_parts(name);
    inner.lambdas.push_back({std::move(name), values[i]});
  }
  proto::Expression expression;
  *expression.mutable_unresolved_function() = std::move(call);
  return TranslateExpression(expression, inner);
}

bool RelationTranslator::Isolate(TranslatedRelation* input, bool has_subquery) {
  if (!has_subquery || input->columns.empty()) return false;
  std::vector<SelectItem> items;
  for (const OutputColumn& column : input->columns) {
    SelectItem item{Ident(column.id), column};
    // DuckDB looks a name up in a sub-query first, so that no column there may bear it.
    item.column.id = IsolatedPrefix(isolated_ + 1) + column.id;
    items.push_back(std::move(item));
  }
  ++isolated_;
  const Sql sql = input->sql;
  *input = Select(std::move(items), Derived(sql));
  return true;
}

TranslatedRelation RelationTranslator::Translate(const proto::Relation& relation) {
  if (!used_plan_ids_) {
    used_plan_ids_.emplace();
    CollectPlanIds(relation, 0, &*used_plan_ids_);
  }
  if (!relation.has_join()) isolation_ = 0;
  if (++depth_ > kMaxRelationDepth) {
    throw Error(
        "TINDERBOX_PLAN_TOO_DEEP",
        fmt::format("The query nests more than {} operations. Persist a step in the middle, or combine steps (one "
                    "WithColumns of many columns instead of many of one).",
                    kMaxRelationDepth));
  }
  TranslatedRelation out;
  const uint64_t rows_around = std::exchange(rows_, 0);
  const AtPlace place(relation.common().origin());
  try {
    out = TranslateKind(relation);
  } catch (const Error& error) {
    ThrowPlaced(error, relation.common().origin());
  }
  --depth_;
  out.most_rows = MostRows(relation, out.most_rows);
  rows_ = rows_around;
  CountRows(out.most_rows);
  // Rows that come from a table of a WITH clause are the query's own.
  if (auto persisted = ReadsCte(relation) ? std::nullopt : leaves_.Persisted(relation, out)) {
    out.sql = *persisted;
    out.block = nullptr;
  }
  if (relation.common().has_plan_id() && used_plan_ids_->contains(relation.common().plan_id())) {
    for (OutputColumn& column : out.columns) column.plan_ids.insert(relation.common().plan_id());
  }
  return out;
}

TranslatedRelation RelationTranslator::TranslateKind(const proto::Relation& relation) {
  switch (relation.rel_type_case()) {
    case proto::Relation::kRead: {
      if (auto cte = FindCte(relation.read())) return *cte;
      return leaves_.Read(relation.read());
    }
    case proto::Relation::kLocalRelation:
      return leaves_.Local(relation.local_relation());
    case proto::Relation::kRange:
      return Range(relation.range());
    case proto::Relation::kProject:
      return Project(relation.project());
    case proto::Relation::kFilter:
      return Filter(relation.filter().input(), relation.filter().condition());
    case proto::Relation::kJoin:
      return Join(relation.join(), false);
    case proto::Relation::kLateralJoin:
      return LateralJoin(relation.lateral_join());
    case proto::Relation::kAsOfJoin:
      return AsOfJoin(relation.as_of_join());
    case proto::Relation::kNearestByJoin:
      return NearestByJoin(relation.nearest_by_join());
    case proto::Relation::kAggregate:
      return Aggregate(relation.aggregate());
    case proto::Relation::kSetOp:
      return SetOperation(relation.set_op());
    case proto::Relation::kSort:
      return Sort(relation.sort());
    case proto::Relation::kLimit:
      return CountedRows(relation.limit().input(), "limit", IntegerLiteral(relation.limit().limit()));
    case proto::Relation::kOffset:
      return CountedRows(relation.offset().input(), "offset", IntegerLiteral(relation.offset().offset()));
    case proto::Relation::kTail:
      return Tail(relation.tail());
    case proto::Relation::kSample:
      return Sample(relation.sample());
    case proto::Relation::kSampleBy:
      return SampleBy(relation.sample_by());
    case proto::Relation::kWithColumns:
      return WithColumns(relation.with_columns());
    case proto::Relation::kWithColumnsRenamed:
      return WithColumnsRenamed(relation.with_columns_renamed());
    case proto::Relation::kDrop:
      return Drop(relation.drop());
    case proto::Relation::kToDf:
      return ToDf(relation.to_df());
    case proto::Relation::kToSchema:
      return ToSchema(relation.to_schema());
    case proto::Relation::kSubqueryAlias:
      return SubqueryAlias(relation.subquery_alias());
    case proto::Relation::kDeduplicate:
      return Deduplicate(relation.deduplicate());
    case proto::Relation::kUnpivot:
      return Unpivot(relation.unpivot());
    case proto::Relation::kTranspose:
      return Transpose(relation.transpose());
    case proto::Relation::kFillNa:
      return NaFill(relation.fill_na());
    case proto::Relation::kDropNa:
      return NaDrop(relation.drop_na());
    case proto::Relation::kReplace:
      return NaReplace(relation.replace());
    case proto::Relation::kWithRelations:
      // SQL text is translated by itself; the session knows what its names mean.
      if (relation.with_relations().root().has_sql()) return leaves_.Other(relation);
      return WithRelations(relation.with_relations());
    case proto::Relation::kUnresolvedTableValuedFunction:
      return TableFunction(relation.unresolved_table_valued_function());
    case proto::Relation::kSummary: {
      const auto& summary = relation.summary();
      return Summary(summary.input(), {}, {summary.statistics().begin(), summary.statistics().end()});
    }
    case proto::Relation::kDescribe: {
      const auto& describe = relation.describe();
      return Summary(describe.input(), {describe.cols().begin(), describe.cols().end()},
                     {"count", "mean", "stddev", "min", "max"});
    }
    case proto::Relation::kCrosstab:
      return Crosstab(relation.crosstab());
    case proto::Relation::kFreqItems:
      return FreqItems(relation.freq_items());
    case proto::Relation::kApproxQuantile:
      return ApproxQuantile(relation.approx_quantile());
    case proto::Relation::kCov:
      return Moment(relation.cov().input(), "covar_samp", relation.cov().col1(), relation.cov().col2());
    case proto::Relation::kCorr:
      if (relation.corr().has_method() && relation.corr().method() != "pearson") {
        throw Error(
            "UNSUPPORTED_FEATURE.CORRELATION",
            fmt::format("Correlation by \"{}\" is not supported; only \"pearson\" is.", relation.corr().method()));
      }
      return Moment(relation.corr().input(), "corr", relation.corr().col1(), relation.corr().col2());
    case proto::Relation::kShowString:
      return ShowString(relation.show_string());
    case proto::Relation::kHtmlString:
      return HtmlString(relation.html_string());
    case proto::Relation::kCollectMetrics:
      return CollectMetrics(relation.collect_metrics());
    case proto::Relation::kParse:
      return Parse(relation.parse());
    case proto::Relation::kExtension:
      return TranslateExtension(relation);
    // What only says how to run the query changes none of its rows.
    case proto::Relation::kHint:
      return Translate(relation.hint().input());
    case proto::Relation::kRepartition: {
      if (relation.repartition().num_partitions() <= 0) {
        throw Error("INVALID_PARAMETER_VALUE",
                    fmt::format("requirement failed: Number of partitions ({}) must be positive.",
                                relation.repartition().num_partitions()));
      }
      return Translate(relation.repartition().input());
    }
    case proto::Relation::kRepartitionByExpression:
      return RepartitionByExpression(relation.repartition_by_expression());
    case proto::Relation::kWithWatermark: {
      // A mark for operations with a state, of which there are none; a batch needs none and may name any column.
      const auto& watermark = relation.with_watermark();
      CheckDelay(watermark.delay_threshold());
      const int before = StreamReads();
      TranslatedRelation input = Translate(watermark.input());
      if (StreamReads() > before) CheckEventTime(watermark.event_time(), ScopeOf(input.columns));
      return input;
    }
    case proto::Relation::kApplyInPandasWithState:
      RefuseFeature(fmt::format("the streaming operation {}", KindName(relation)));
    case proto::Relation::kMapPartitions:
      return MapPartitions(relation.map_partitions());
    case proto::Relation::kGroupMap:
      return GroupMap(relation.group_map());
    case proto::Relation::kCoGroupMap:
      return CoGroupMap(relation.co_group_map());
    case proto::Relation::kCommonInlineUserDefinedTableFunction:
      return PythonTable(relation.common_inline_user_defined_table_function());
    case proto::Relation::kCommonInlineUserDefinedDataSource:
      RefuseFeature("data sources written in Python");
    case proto::Relation::kMlRelation:
      RefuseFeature("machine learning (pyspark.ml)");
    default:
      return leaves_.Other(relation);
  }
}

TranslatedRelation RelationTranslator::TranslateExtension(const proto::Relation& relation) {
  plan::RelationExtension extension;
  if (!spark::UnpackExtension(relation.extension(), &extension)) {
    throw Error(
        "UNSUPPORTED_FEATURE.EXTENSION",
        fmt::format("The embedded engine does not know the relation extension {}.", relation.extension().type_url()));
  }
  using Extension = plan::RelationExtension;
  switch (extension.kind_case()) {
    case Extension::kHaving:
      return Filter(extension.having().input(), extension.having().condition());
    case Extension::kInlineTable:
      return InlineTable(extension.inline_table(), {});
    case Extension::kLateralView:
      return LateralView(extension.lateral_view());
    case Extension::kNaturalJoin:
      return Join(extension.natural_join().join(), true);
    case Extension::kPivot:
      return SqlPivot(extension.pivot());
    case Extension::kUnpivot:
      return SqlUnpivot(extension.unpivot());
    case Extension::kRecursiveTable:
      return RecursiveTable(extension.recursive_table());
    case Extension::kColumnAliases:
      return ColumnAliases(extension.column_aliases());
    case Extension::kSqlAggregate:
      return SqlAggregate(extension.sql_aggregate());
    case Extension::kQualify:
      return Qualify(extension.qualify());
    default:
      RefuseFeature("a relation that the SQL parser added");
  }
}

TranslatedRelation RelationTranslator::CountedRows(const proto::Relation& input, const char* word, const Sql& count) {
  if (count.text().starts_with("(")) {
    const std::string shown = count.text().substr(1, count.text().size() - 2);
    throw Error("INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE",
                fmt::format("The limit like expression \"{0}\" is invalid. The {1} expression must be equal to or "
                            "greater than 0, but got {0}.",
                            shown, word),
                {{"expr", "\"" + shown + "\""}, {"name", word}, {"v", shown}});
  }
  return SelectAll(Translate(input), Concat({Token(word == std::string_view("limit") ? "LIMIT " : "OFFSET "), count}));
}

TranslatedRelation RelationTranslator::RepartitionByExpression(const proto::RepartitionByExpression& repartition) {
  TranslatedRelation input = Translate(repartition.input());
  const Scope scope = ScopeOf(input.columns);
  for (const proto::Expression& expression : repartition.partition_exprs()) {
    const bool direct = expression.has_direct_shuffle_partition_id();
    TranslateExpression(expression.has_sort_order() ? expression.sort_order().child()
                        : direct                    ? expression.direct_shuffle_partition_id().child()
                                                    : expression,
                        scope);
  }
  return input;
}

}  // namespace tinderbox::engine
