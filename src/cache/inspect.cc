#include "cache/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <regex>
#include <string_view>

#include "base/ascii.h"
#include "base/json_text.h"
#include "engine/functions/spark_names.h"
#include "engine/sql_text.h"
#include "spark/children.h"
#include "spark/extension.h"
#include "spark/plan_extensions.pb.h"
#include "spark/proto.h"
#include "sql/parser.h"
#include "tinderbox/error.h"

namespace tinderbox::cache {
namespace {

using google::protobuf::Message;
using Kind = proto::Relation;

constexpr int kMaxDepth = 6000;

template <typename Names>
bool Has(const Names& names, const auto& name) {
  return std::ranges::find(names, name) != std::end(names);
}

constexpr auto kRelations = std::to_array<Kind::RelTypeCase>({
    Kind::kRead,
    Kind::kProject,
    Kind::kFilter,
    Kind::kJoin,
    Kind::kSetOp,
    Kind::kSort,
    Kind::kLimit,
    Kind::kAggregate,
    Kind::kSql,
    Kind::kLocalRelation,
    Kind::kOffset,
    Kind::kDeduplicate,
    Kind::kRange,
    Kind::kSubqueryAlias,
    Kind::kRepartition,
    Kind::kToDf,
    Kind::kWithColumnsRenamed,
    Kind::kShowString,
    Kind::kDrop,
    Kind::kTail,
    Kind::kWithColumns,
    Kind::kHint,
    Kind::kUnpivot,
    Kind::kToSchema,
    Kind::kRepartitionByExpression,
    Kind::kParse,
    Kind::kHtmlString,
    Kind::kCachedLocalRelation,
    Kind::kChunkedCachedLocalRelation,
    Kind::kAsOfJoin,
    Kind::kWithRelations,
    Kind::kTranspose,
    Kind::kUnresolvedTableValuedFunction,
    Kind::kLateralJoin,
    Kind::kFillNa,
    Kind::kDropNa,
    Kind::kReplace,
    Kind::kSummary,
    Kind::kCrosstab,
    Kind::kDescribe,
    Kind::kCov,
    Kind::kCorr,
    Kind::kApproxQuantile,
    Kind::kFreqItems,
    Kind::kExtension,
});

constexpr auto kExpressions = std::to_array<proto::Expression::ExprTypeCase>({
    proto::Expression::kLiteral,
    proto::Expression::kUnresolvedAttribute,
    proto::Expression::kUnresolvedFunction,
    proto::Expression::kExpressionString,
    proto::Expression::kUnresolvedStar,
    proto::Expression::kAlias,
    proto::Expression::kCast,
    proto::Expression::kUnresolvedRegex,
    proto::Expression::kSortOrder,
    proto::Expression::kLambdaFunction,
    proto::Expression::kWindow,
    proto::Expression::kUnresolvedExtractValue,
    proto::Expression::kUpdateFields,
    proto::Expression::kUnresolvedNamedLambdaVariable,
    proto::Expression::kCallFunction,
    proto::Expression::kNamedArgumentExpression,
    proto::Expression::kSubqueryExpression,
    proto::Expression::kExtension,
});

/// Functions that answer differently each time, or for each session, place or engine, or that read what is no input.
constexpr auto kVolatile = std::to_array<std::string_view>({
    "current_catalog",
    "current_database",
    "current_date",
    "current_path",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_timezone",
    "current_user",
    "curdate",
    "from_avro",
    "from_protobuf",
    "input_file_block_length",
    "input_file_block_start",
    "input_file_name",
    "java_method",
    "localtimestamp",
    "monotonically_increasing_id",
    "now",
    "rand",
    "randn",
    "random",
    "randstr",
    "reflect",
    "session_user",
    "shuffle",
    "spark_partition_id",
    "to_avro",
    "to_protobuf",
    "try_reflect",
    "uniform",
    "user",
    "uuid",
    "version",
});

/// Those of them that are written without parentheses, too.
constexpr auto kWithoutParentheses = std::to_array<std::string_view>(
    {"current_catalog", "current_database", "current_date", "current_path", "current_schema", "current_time",
     "current_timestamp", "current_user", "localtimestamp", "session_user", "user"});

/// Words that plans call as functions and Spark's list of functions does not have.
constexpr auto kOperators = std::to_array<std::string_view>(
    {"and", "or", "not", "in", "between", "div", "case", "isin", "timestampadd", "timestampdiff", "getfield", "getitem",
     "try_cast", "extract_value", "distinct", "when", "if", "tb_timestamp_literal", "tb_variant_field"});

constexpr auto kFormats =
    std::to_array<std::string_view>({"", "csv", "json", "parquet", "text", "orc", "sequencefile", "xml", "binaryfile"});

/// A text that a cast, or the word DATE or TIMESTAMP before it, makes the time of the query.
bool IsSpecialTime(std::string_view text) {
  while (!text.empty() && text.front() <= ' ') text.remove_prefix(1);
  const std::string lower = base::LowerCase(std::string(text.substr(0, 16)));
  for (const std::string_view word : {"now", "today", "tomorrow", "yesterday"}) {
    if (lower.starts_with(word) && (lower.size() == word.size() || lower[word.size()] <= ' ')) return true;
  }
  return false;
}

bool HasSpecialTime(std::string_view sql) {
  for (size_t i = sql.find_first_of("'\""); i != std::string_view::npos; i = sql.find_first_of("'\"", i + 1)) {
    const size_t end = sql.find(sql[i], i + 1);
    if (IsSpecialTime(sql.substr(i + 1, end == std::string_view::npos ? end : end - i - 1))) return true;
  }
  return false;
}

class Inspector {
 public:
  explicit Inspector(PlanFacts* facts) : facts_(*facts) {}

  void Visit(const Message& message, int depth) {
    if (!facts_.refusal.empty()) return;
    if (depth > kMaxDepth) return Refuse("the plan is very deep");
    if (const auto* relation = dynamic_cast<const proto::Relation*>(&message)) return VisitRelation(*relation, depth);
    if (const auto* expression = dynamic_cast<const proto::Expression*>(&message)) {
      if (!VisitExpression(*expression, depth)) return;
    }
    if (const auto* literal = dynamic_cast<const proto::Expression::Literal*>(&message);
        literal != nullptr && literal->has_string() && IsSpecialTime(literal->string()))
      return Refuse("a text may mean the time of the query");
    if (dynamic_cast<const proto::RelationCommon*>(&message) != nullptr) return;
    VisitChildren(message, depth);
  }

 private:
  void Refuse(std::string why) {
    if (facts_.refusal.empty()) facts_.refusal = std::move(why);
  }

  void VisitChildren(const Message& message, int depth) {
    for (const Message* child : spark::Children(message)) Visit(*child, depth + 1);
  }

  template <typename Extension>
  void VisitExtension(const google::protobuf::Any& any, int depth) {
    Extension extension;
    if (!spark::UnpackExtension(any, &extension)) return Refuse("the plan has an extension of another program");
    Visit(extension, depth + 1);
  }

  void VisitRelation(const proto::Relation& relation, int depth) {
    if (!Has(kRelations, relation.rel_type_case())) {
      const auto* field = proto::Relation::descriptor()->FindFieldByNumber(relation.rel_type_case());
      return Refuse(fmt::format("{} may answer differently each time", field == nullptr ? "nothing" : field->name()));
    }
    switch (relation.rel_type_case()) {
      case Kind::kExtension:
        return VisitExtension<plan::RelationExtension>(relation.extension(), depth);
      case Kind::kRead:
        return VisitRead(relation.read());
      case Kind::kSql:
        return VisitSql(relation.sql(), depth);
      case Kind::kWithRelations:
        return VisitWith(relation.with_relations(), depth);
      case Kind::kCachedLocalRelation:
        if (relation.cached_local_relation().hash().find('/') != std::string::npos)
          Refuse("the rows are held by this program");
        return;
      case Kind::kUnresolvedTableValuedFunction:
        CheckFunction(relation.unresolved_table_valued_function().function_name());
        break;
      case Kind::kDeduplicate:
        if (relation.deduplicate().within_watermark()) Refuse("the query is a stream");
        break;
      default:
        break;
    }
    VisitChildren(relation, depth);
  }

  void VisitRead(const proto::Read& read) {
    if (read.is_streaming()) return Refuse("the query is a stream");
    if (read.has_named_table()) {
      const auto& table = read.named_table();
      return VisitTable(table.unparsed_identifier(), {table.options().begin(), table.options().end()});
    }
    const auto& source = read.data_source();
    const std::string format = base::LowerCase(source.format());
    std::map<std::string, std::string> options(source.options().begin(), source.options().end());
    if (format == "jdbc" || source.predicates_size() > 0) {
      facts_.database = true;
      return;
    }
    if (!Has(kFormats, format)) return Refuse(fmt::format("nobody knows when the source {} changes", format));
    std::vector<std::string> paths(source.paths().begin(), source.paths().end());
    for (const auto& [name, value] : options) {
      if (base::LowerCase(name) == "path") paths.push_back(value);
      if (base::LowerCase(name).find("xsd") != std::string::npos) Refuse("the schema is in a file of its own");
    }
    for (const std::string& path : paths) facts_.files.insert({path, options});
  }

  void VisitTable(const std::string& name, const std::map<std::string, std::string>& options) {
    const std::vector<std::string> parts = sql::ParseName(name);
    if (parts.size() == 1 && Has(bound_, base::LowerCase(parts[0]))) return;
    const std::string first = base::LowerCase(parts.empty() ? "" : parts[0]);
    if (parts.size() == 2 && !first.empty() && Has(kFormats, first)) {
      // csv.`/data/x`: the database of that name, if there is one, is found by its table's name.
      facts_.files.insert({parts[1], options});
      if (parts[1].find_first_of("/.*") == std::string::npos) facts_.tables.insert(name);
      return;
    }
    if (parts.size() > 1 && (first == "global_temp" || first == "session" || first == "system"))
      return Refuse("a view of other sessions may change at any time");
    facts_.tables.insert(name);
  }

  void VisitSql(const proto::SQL& sql, int depth) {
    if (facts_.text.empty()) facts_.text = sql.query();
    if (sql.query().find("${") != std::string::npos) return Refuse("the text has variables");
    if (HasSpecialTime(sql.query())) return Refuse("a text may mean the time of the query");
    const proto::Plan parsed = engine::ParseSqlStatement(sql);
    if (!parsed.has_root()) return Refuse("the text is a statement, no query");
    const bool outer = std::exchange(parsed_, true);
    Visit(parsed.root(), depth + 1);
    parsed_ = outer;
  }

  /// Names that the plan itself gives to relations are no tables. In a text, one is known to what follows it and not to
  /// itself; a program's data frames do not know of each other.
  void VisitWith(const proto::WithRelations& with, int depth) {
    const size_t before = bound_.size();
    std::vector<std::string> names;
    for (const proto::Relation& reference : with.references()) {
      Visit(reference, depth + 1);
      if (!reference.has_subquery_alias()) continue;
      auto& known = parsed_ ? bound_ : names;
      known.push_back(base::LowerCase(reference.subquery_alias().alias()));
    }
    bound_.insert(bound_.end(), names.begin(), names.end());
    Visit(with.root(), depth + 1);
    bound_.resize(before);
  }

  /// Whether what it holds is to be visited, too.
  bool VisitExpression(const proto::Expression& expression, int depth) {
    if (!Has(kExpressions, expression.expr_type_case())) {
      Refuse("a function of the program's own may answer differently each time");
      return false;
    }
    switch (expression.expr_type_case()) {
      case proto::Expression::kExtension:
        VisitExtension<plan::ExpressionExtension>(expression.extension(), depth);
        return false;
      case proto::Expression::kUnresolvedFunction:
        if (expression.unresolved_function().is_user_defined_function())
          Refuse("a function of the program's own may answer differently each time");
        CheckFunction(expression.unresolved_function().function_name());
        return true;
      case proto::Expression::kCallFunction:
        CheckFunction(expression.call_function().function_name());
        return true;
      case proto::Expression::kUnresolvedAttribute: {
        const std::string name = base::LowerCase(expression.unresolved_attribute().unparsed_identifier());
        if (Has(kWithoutParentheses, name)) Refuse(fmt::format("{} may answer differently each time", name));
        return true;
      }
      case proto::Expression::kExpressionString: {
        const std::string& text = expression.expression_string().expression();
        if (text.find("${") != std::string::npos || HasSpecialTime(text)) {
          Refuse("a text may mean the time of the query");
          return false;
        }
        const bool outer = std::exchange(parsed_, true);
        Visit(sql::ParseExpression(text), depth + 1);
        parsed_ = outer;
        return false;
      }
      default:
        return true;
    }
  }

  void CheckFunction(const std::string& written) {
    std::string name = base::LowerCase(written);
    // Calls with an argument convert it: unix_timestamp(text); without one it is now.
    const bool word = !name.empty() && (name[0] == '_' || (name[0] >= 'a' && name[0] <= 'z'));
    if (Has(kVolatile, name) || name == "unix_timestamp" || name == "to_unix_timestamp")
      return Refuse(fmt::format("{}() may answer differently each time", name));
    if (word && !Has(kOperators, name) && !engine::IsSparkFunction(name))
      return Refuse(fmt::format("{}() is no function of Spark's", name));
    facts_.functions.insert(std::move(name));
  }

  PlanFacts& facts_;
  std::vector<std::string> bound_;  ///< names that the plan gives to relations, where it is being visited
  bool parsed_ = false;             ///< inside a text, whose names follow SQL's rules
};

void AddSteps(const Message& message, size_t letters, int depth, std::string* out) {
  if (depth > kMaxDepth || out->size() > letters) return;
  if (const auto* relation = dynamic_cast<const proto::Relation*>(&message)) {
    const auto* field = proto::Relation::descriptor()->FindFieldByNumber(relation->rel_type_case());
    if (!out->empty()) *out += ", ";
    *out += field == nullptr ? "nothing" : field->name();
    if (relation->has_read()) {
      const auto& read = relation->read();
      if (read.has_named_table()) *out += " " + read.named_table().unparsed_identifier();
      if (read.has_data_source()) *out += " " + read.data_source().format();
      for (const std::string& path : read.data_source().paths()) *out += " " + path;
    }
  } else if (dynamic_cast<const proto::Expression*>(&message) != nullptr) {
    return;
  }
  for (const Message* child : spark::Children(message)) AddSteps(*child, letters, depth + 1, out);
}

}  // namespace

void PlanFacts::Add(const PlanFacts& other) {
  if (refusal.empty()) refusal = other.refusal;
  files.insert(other.files.begin(), other.files.end());
  tables.insert(other.tables.begin(), other.tables.end());
  functions.insert(other.functions.begin(), other.functions.end());
  database = database || other.database;
}

PlanFacts Inspect(const proto::Relation& relation) {
  PlanFacts facts;
  try {
    Inspector(&facts).Visit(relation, 0);
  } catch (const Error& error) {
    facts.refusal = error.what();
  }
  return facts;
}

std::string Outline(const proto::Relation& relation, size_t letters) {
  std::string text = Inspect(relation).text;
  if (text.empty()) AddSteps(relation, letters, 0, &text);
  std::string out;
  for (const char c : text) {
    const bool space = static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
    if (space && (out.empty() || out.back() == ' ')) continue;
    out += space ? ' ' : c;
    if (out.size() > letters + 4) break;
  }
  if (out.size() <= letters) return base::ReplaceInvalidUtf8(out);
  size_t end = letters;
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0) == 0x80) --end;
  return base::ReplaceInvalidUtf8(out.substr(0, end)) + "…";
}

}  // namespace tinderbox::cache
