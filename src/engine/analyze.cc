#include "engine/analyze.h"

#include <fmt/format.h>

#include <functional>

#include "engine/plan_key.h"
#include "engine/streaming/stream_scope.h"
#include "engine/texts.h"
#include "engine/translate/relations.h"
#include "engine/workspace.h"
#include "spark/children.h"
#include "spark/proto.h"
#include "spark/proto_types.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using Request = proto::AnalyzePlanRequest;
using Explain = proto::AnalyzePlanRequest::Explain;

constexpr char kSparkVersion[] = "4.2.0";

/// The operations of a plan, one a line, inputs indented below.
void AppendOperations(const google::protobuf::Message& message, const std::string& indent, int depth,
                      std::string* out) {
  if (depth > kMaxRelationDepth) return;
  std::string inner = indent;
  if (const auto* relation = dynamic_cast<const proto::Relation*>(&message)) {
    const auto* field = proto::Relation::descriptor()->FindFieldByNumber(relation->rel_type_case());
    *out += fmt::format("{}{}\n", indent.empty() ? "" : indent.substr(3) + "+- ",
                        field == nullptr ? "Nothing" : field->message_type()->name());
    inner = indent + "   ";
  }
  for (const auto* child : spark::Children(message)) {
    if (child->GetDescriptor() != proto::Expression::descriptor()) AppendOperations(*child, inner, depth + 1, out);
  }
}

std::string PhysicalPlan(Workspace& workspace, const Query& query) {
  std::string out;
  const std::string sql = "EXPLAIN " + query.relation.sql.text();
  for (const auto& text : ReadTextColumn(workspace.Connect(""), sql, 1)) out += text.value_or("");
  return out;
}

std::string ExplainText(Workspace& workspace, const proto::Relation& relation, Explain::ExplainMode mode) {
  const Query query = workspace.Translate(relation, Workspace::Purpose::kAnalysis);
  const std::string sql = fmt::format("== SQL ==\n{}\n", query.relation.sql.text());
  // Spark names the reading of persisted rows so.
  const bool persisted = workspace.engine().cache().Find(workspace.CacheKey(relation)).has_value();
  const std::string physical = fmt::format("== Physical Plan ==\n{}{}\n", persisted ? "InMemoryTableScan\n" : "",
                                           PhysicalPlan(workspace, query));
  switch (mode) {
    case Explain::EXPLAIN_MODE_EXTENDED: {
      std::string parsed;
      AppendOperations(relation, "", 0, &parsed);
      std::string schema;
      for (const OutputColumn& column : query.relation.columns) {
        schema += fmt::format("{}{}: {}", schema.empty() ? "" : ", ", column.name, column.type.SimpleString());
      }
      return fmt::format(
          "== Parsed Logical Plan ==\n{}\n== Analyzed Logical Plan ==\n{}\n\n== Optimized Logical Plan ==\n{}\n{}",
          parsed, schema, sql, physical);
    }
    case Explain::EXPLAIN_MODE_COST:
      // DuckDB's plan tells the numbers of rows that it expects.
      return fmt::format("== Optimized Logical Plan ==\n{}\n== Statistics ==\n{}", sql, physical);
    case Explain::EXPLAIN_MODE_CODEGEN:
      return fmt::format("Found 0 WholeStageCodegen subtrees.\n\n{}\n{}", sql, physical);
    default:
      return fmt::format("{}\n{}", physical, sql);
  }
}

/// The key of a plan whose own output names do not matter.
std::string SemanticKey(Workspace& workspace, const proto::Relation& relation) {
  proto::Relation copy = relation;
  if (copy.has_with_columns()) {
    for (auto& alias : *copy.mutable_with_columns()->mutable_aliases()) alias.clear_name();
  }
  if (copy.has_project()) {
    // A projection of all columns as they are means its input.
    const auto& expressions = copy.project().expressions();
    if (expressions.size() == 1 && expressions[0].has_unresolved_star() && copy.project().has_input() &&
        !expressions[0].unresolved_star().has_unparsed_target() && !expressions[0].unresolved_star().has_plan_id()) {
      const proto::Relation input = copy.project().input();
      return SemanticKey(workspace, input);
    }
    for (auto& expression : *copy.mutable_project()->mutable_expressions()) {
      if (!expression.has_alias()) continue;
      const proto::Expression inner = expression.alias().expr();
      expression = inner;
    }
  }
  return workspace.CacheKey(copy);
}

std::string ToDdl(const StructType& schema) {
  std::string out;
  for (const StructField& field : schema.fields) {
    bool plain = !field.name.empty();
    bool digits = true;
    for (const char c : field.name) {
      const bool digit = c >= '0' && c <= '9';
      plain = plain && (digit || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_');
      digits = digits && digit;
    }
    std::string name = field.name;
    if (!plain || digits) {
      name = "`";
      for (const char c : field.name) {
        if (c == '`') name += c;
        name += c;
      }
      name += "`";
    }
    out += fmt::format("{}{} {}{}", out.empty() ? "" : ",", name, field.type.Sql(), field.nullable ? "" : " NOT NULL");
  }
  return out;
}

/// The lines of a tree that are at most `levels` deep; all when that is 0. A line has one bar for each level.
std::string TreeDownTo(const std::string& tree, int levels) {
  if (levels <= 0) return tree;
  std::string out;
  for (size_t begin = 0; begin < tree.size();) {
    const size_t end = tree.find('\n', begin) + 1;
    int depth = 0;
    for (size_t i = begin; i < end && (tree[i] == ' ' || tree[i] == '|'); ++i) depth += tree[i] == '|' ? 1 : 0;
    if (depth <= levels) out.append(tree, begin, end - begin);
    begin = end;
  }
  return out;
}

/// Whether the plan is nothing but rows that it brings along.
bool IsRows(const proto::Relation& relation) {
  return relation.has_local_relation() || relation.has_cached_local_relation() ||
         relation.has_chunked_cached_local_relation();
}

}  // namespace

bool AnalyzePlan(Workspace& workspace, const Request& request, proto::AnalyzePlanResponse* response) {
  const auto translate = [&](const proto::Plan& plan) {
    return workspace.Translate(plan.root(), Workspace::Purpose::kAnalysis);
  };
  switch (request.analyze_case()) {
    case Request::kSchema:
      spark::ToProto(workspace.Schema(request.schema().plan().root()).ToType(),
                     response->mutable_schema()->mutable_schema());
      return true;
    case Request::kExplain:
      response->mutable_explain()->set_explain_string(
          ExplainText(workspace, request.explain().plan().root(), request.explain().explain_mode()));
      return true;
    case Request::kTreeString: {
      const StructType schema = workspace.Schema(request.tree_string().plan().root());
      const int level = request.tree_string().has_level() ? request.tree_string().level() : 0;
      response->mutable_tree_string()->set_tree_string(TreeDownTo(schema.TreeString(), level));
      return true;
    }
    case Request::kIsLocal:
      response->mutable_is_local()->set_is_local(IsRows(request.is_local().plan().root()));
      return true;
    case Request::kIsStreaming:
      response->mutable_is_streaming()->set_is_streaming(IsStreaming(workspace, request.is_streaming().plan().root()));
      return true;
    case Request::kInputFiles:
      if (IsStreaming(workspace, request.input_files().plan().root())) ThrowIsStreaming();
      for (const std::string& path : translate(request.input_files().plan()).paths) {
        response->mutable_input_files()->add_files(path.find("://") == std::string::npos ? "file://" + path : path);
      }
      response->mutable_input_files();
      return true;
    case Request::kSparkVersion:
      response->mutable_spark_version()->set_version(kSparkVersion);
      return true;
    case Request::kDdlParse:
      spark::ToProto(DataType::FromDdl(request.ddl_parse().ddl_string()),
                     response->mutable_ddl_parse()->mutable_parsed());
      return true;
    case Request::kSameSemantics: {
      const auto& same = request.same_semantics();
      response->mutable_same_semantics()->set_result(SemanticKey(workspace, same.target_plan().root()) ==
                                                     SemanticKey(workspace, same.other_plan().root()));
      return true;
    }
    case Request::kSemanticHash: {
      const size_t hash = std::hash<std::string>()(SemanticKey(workspace, request.semantic_hash().plan().root()));
      response->mutable_semantic_hash()->set_result(static_cast<int32_t>(hash ^ hash >> 32));
      return true;
    }
    case Request::kJsonToDdl:
      response->mutable_json_to_ddl()->set_ddl_string(ToDdl(StructType::FromJson(request.json_to_ddl().json_string())));
      return true;
    default:
      return false;
  }
}

}  // namespace tinderbox::engine
