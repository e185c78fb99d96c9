#include "engine/streaming/stream_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "base/ascii.h"
#include "engine/plan_key.h"
#include "engine/streaming/rate_source.h"
#include "engine/streaming/stream_scope.h"
#include "engine/translate/expressions.h"
#include "engine/translate/refusals.h"
#include "engine/workspace.h"
#include "spark/children.h"
#include "spark/extension.h"
#include "spark/plan_extensions.pb.h"
#include "spark/proto.h"
#include "sql/parser.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using google::protobuf::Message;
using Kind = proto::Relation::RelTypeCase;

/// Operations of one input that treat each row by itself, or only say how to run the query.
constexpr Kind kStateless[] = {
    Kind::kProject,       Kind::kFilter,        Kind::kToDf,
    Kind::kWithColumns,   Kind::kDrop,          Kind::kWithColumnsRenamed,
    Kind::kToSchema,      Kind::kSubqueryAlias, Kind::kHint,
    Kind::kRepartition,   Kind::kFillNa,        Kind::kRepartitionByExpression,
    Kind::kDropNa,        Kind::kReplace,       Kind::kUnpivot,
    Kind::kWithWatermark, Kind::kMapPartitions, Kind::kWithRelations,
    Kind::kSql,           Kind::kRead,          Kind::kCachedRemoteRelation,
};

struct Refusal {
  Kind kind;
  const char* message;
};

/// What Spark refuses in whatever mode.
constexpr Refusal kRefusals[] = {
    {Kind::kSort,
     "Sorting is not supported on streaming DataFrames/Datasets, unless it is on aggregated DataFrame/Dataset in "
     "Complete output mode"},
    {Kind::kOffset, "Offset is not supported on streaming DataFrames/Datasets"},
    {Kind::kSample, "Sampling is not supported on streaming DataFrames/Datasets"},
};

[[noreturn]] void Throw3102(const std::string& message) {
  throw Error("_LEGACY_ERROR_TEMP_3102", message, {{"msg", message}});
}

std::string Name(const proto::Relation& relation) {
  const auto* field = proto::Relation::descriptor()->FindFieldByNumber(relation.rel_type_case());
  return field == nullptr ? "nothing" : field->name();
}

[[noreturn]] void RefuseOnStream(const std::string& what) {
  RefuseFeature(fmt::format("{} on a stream", what));
}

class Walker {
 public:
  Walker(Workspace& workspace, const std::string& output_mode) : workspace_(workspace), mode_(output_mode) {}

  /// How many streams the relation reads, all in places where they may stand.
  int Visit(const proto::Relation& relation) {
    switch (relation.rel_type_case()) {
      case Kind::kRead:
        return VisitRead(relation.read());
      case Kind::kSql:
        return Visit(workspace_.ParseSql(relation.sql()));
      case Kind::kCachedRemoteRelation: {
        const auto plan = workspace_.engine().plans().Find(relation.cached_remote_relation().relation_id());
        return plan == nullptr ? 0 : Visit(*plan->plan);
      }
      case Kind::kWithRelations: {
        const auto outer = names_;
        for (const proto::Relation& reference : relation.with_relations().references()) {
          if (reference.has_subquery_alias()) {
            names_[base::LowerCase(reference.subquery_alias().alias())] = &reference;
          } else {
            VisitSubquery(reference);
          }
        }
        const int streams = Visit(relation.with_relations().root());
        names_ = outer;
        return streams;
      }
      case Kind::kJoin:
        return VisitJoin(relation.join());
      default:
        break;
    }
    const int streams = VisitParts(relation);
    marked_ = marked_ || relation.has_with_watermark();
    if (streams > 0 && subqueries_ == 0) Check(relation);
    return streams;
  }

  const std::optional<RateSource>& source() const { return source_; }

 private:
  int VisitRead(const proto::Read& read) {
    if (read.is_streaming()) {
      source_.emplace(read);
      return 1;
    }
    if (!read.has_named_table()) return 0;
    const auto name = sql::ParseName(read.named_table().unparsed_identifier());
    if (const auto found = name.size() == 1 ? names_.find(base::LowerCase(name[0])) : names_.end();
        found != names_.end()) {
      // A name does not mean itself in what it stands for.
      const proto::Relation* named = found->second;
      const auto outer = names_;
      names_.erase(found);
      const int streams = Visit(*named);
      names_ = outer;
      return streams;
    }
    const auto view = workspace_.FindTempView(name);
    return view == nullptr ? 0 : Visit(*view->plan);
  }

  int VisitJoin(const proto::Join& join) {
    const int left = Visit(join.left());
    const int right = Visit(join.right());
    VisitExpression(join.join_condition());
    if (left + right == 0 || subqueries_ > 0) return left + right;
    if (left > 0 && right > 0) RefuseOnStream("the join of two streams");
    switch (join.join_type()) {
      case proto::Join::JOIN_TYPE_INNER:
      case proto::Join::JOIN_TYPE_CROSS:
        return left + right;
      case proto::Join::JOIN_TYPE_LEFT_OUTER:
        if (left > 0) return left;
        Throw3102(
            "LeftOuter join with a streaming DataFrame/Dataset on the right and a static DataFrame/Dataset on the left "
            "is not supported");
      case proto::Join::JOIN_TYPE_LEFT_SEMI:
      case proto::Join::JOIN_TYPE_LEFT_ANTI:
        if (left > 0) return left;
        break;
      case proto::Join::JOIN_TYPE_RIGHT_OUTER:
        if (right > 0) return right;
        break;
      default:
        break;
    }
    RefuseOnStream("a join that needs all rows of the stream");
  }

  /// The streams of what the message holds: inputs add up, and expressions may have none.
  int VisitParts(const Message& message) {
    if (const auto* any = dynamic_cast<const google::protobuf::Any*>(&message)) {
      plan::RelationExtension relation;
      if (spark::UnpackExtension(*any, &relation)) return VisitParts(relation);
      plan::ExpressionExtension expression;
      return spark::UnpackExtension(*any, &expression) ? VisitParts(expression) : 0;
    }
    int streams = 0;
    for (const Message* part : spark::Children(message)) {
      if (const auto* relation = dynamic_cast<const proto::Relation*>(part)) {
        streams += Visit(*relation);
      } else if (const auto* expression = dynamic_cast<const proto::Expression*>(part)) {
        VisitExpression(*expression);
      } else {
        streams += VisitParts(*part);
      }
    }
    return streams;
  }

  void VisitSubquery(const proto::Relation& relation) {
    ++subqueries_;
    const int streams = Visit(relation);
    --subqueries_;
    RefuseStreams(streams);
  }
  void VisitExpression(const proto::Expression& expression) {
    ++subqueries_;
    const int streams = VisitParts(expression);
    --subqueries_;
    RefuseStreams(streams);
  }

  static void RefuseStreams(int in_subquery) {
    if (in_subquery == 0) return;
    throw Error("INVALID_SUBQUERY_EXPRESSION.STREAMING_QUERY",
                "Invalid subquery: Streaming query is not allowed in subquery expressions.");
  }

  void Check(const proto::Relation& relation) {
    for (const Refusal& refusal : kRefusals) {
      if (relation.rel_type_case() == refusal.kind) Throw3102(refusal.message);
    }
    if (relation.has_aggregate()) RefuseAggregate();
    if (relation.has_extension()) {
      plan::RelationExtension extension;
      spark::UnpackExtension(relation.extension(), &extension);
      if (extension.has_sql_aggregate() || extension.has_having()) RefuseAggregate();
      if (extension.has_lateral_view() || extension.has_column_aliases()) return;
      const auto* field = plan::RelationExtension::descriptor()->FindFieldByNumber(extension.kind_case());
      RefuseOnStream(fmt::format("the operation {}", field == nullptr ? "nothing" : field->name()));
    }
    if (std::ranges::find(kStateless, relation.rel_type_case()) == std::end(kStateless)) {
      RefuseOnStream(fmt::format("the operation {}", Name(relation)));
    }
    for (const proto::Expression& expression : relation.project().expressions()) CheckExpression(expression);
    for (const auto& alias : relation.with_columns().aliases()) CheckExpression(alias.expr());
    CheckExpression(relation.filter().condition());
  }

  void CheckExpression(const proto::Expression& expression) {
    if (HasWindow(expression)) {
      throw Error("NON_TIME_WINDOW_NOT_SUPPORTED_IN_STREAMING",
                  "Window functions are not supported on streaming DataFrames/Datasets.\nStructured Streaming only "
                  "supports time-window aggregation using the WINDOW function.");
    }
    if (HasAggregate(expression)) RefuseAggregate();
    if (Calls(expression, "monotonically_increasing_id")) {
      Throw3102("Expression(s): monotonically_increasing_id() is not supported with streaming DataFrames/Datasets");
    }
  }

  static bool Calls(const Message& message, std::string_view function) {
    if (const auto* expression = dynamic_cast<const proto::Expression*>(&message)) {
      if (base::LowerCase(expression->unresolved_function().function_name()) == function) return true;
      if (base::LowerCase(expression->call_function().function_name()) == function) return true;
      if (expression->has_expression_string()) {
        return Calls(sql::ParseExpression(expression->expression_string().expression()), function);
      }
    }
    return std::ranges::any_of(spark::Children(message), [&](const Message* part) { return Calls(*part, function); });
  }

  [[noreturn]] void RefuseAggregate() {
    if (mode_ != "append" || marked_) RefuseOnStream("aggregation");
    throw Error("STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION",
                "Invalid streaming output mode: append. This output mode is not supported for streaming aggregations "
                "without watermark on streaming DataFrames/DataSets.",
                {{"outputMode", "append"}, {"operation", "streaming aggregations without watermark"}});
  }

  Workspace& workspace_;
  const std::string& mode_;
  std::map<std::string, const proto::Relation*> names_;  // relations that only a text names
  std::optional<RateSource> source_;
  bool marked_ = false;  // by a watermark
  int subqueries_ = 0;   // that are being looked at; what they may do does not matter, since they may read no stream
};

}  // namespace

RateSource FindStream(Workspace& workspace, const proto::Relation& plan, const std::string& output_mode) {
  PlanKey(plan, nullptr);  // refuses a plan that is too deep to be walked
  const StreamScope scope;
  workspace.Translate(plan, Workspace::Purpose::kAnalysis);
  if (scope.reads() == 0) {
    throw Error("WRITE_STREAM_NOT_ALLOWED", "`writeStream` can be called only on streaming Dataset/DataFrame.");
  }
  Walker walker(workspace, output_mode);
  const int streams = walker.Visit(plan);
  // The translation is the judge of what is read; a stream that stands where the walk does not look is not let through.
  if (streams != 1 || scope.reads() != 1) RefuseFeature("queries that read several streams, or one several times");
  if (output_mode == "complete") {
    throw Error("STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION",
                "Invalid streaming output mode: complete. This output mode is not supported for no streaming "
                "aggregations on streaming DataFrames/DataSets.",
                {{"outputMode", "complete"}, {"operation", "no streaming aggregations"}});
  }
  return *walker.source();
}

}  // namespace tinderbox::engine
