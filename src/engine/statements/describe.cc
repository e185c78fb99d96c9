#include "engine/statements/describe.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/ascii.h"
#include "engine/functions/spark_names.h"
#include "engine/session_leaves.h"
#include "engine/statements/tables.h"
#include "engine/translate/names.h"
#include "spark/plan_extensions.pb.h"
#include "spark/proto.h"
#include "spark/type_names.h"
#include "sql/parser.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using Names = std::vector<std::string>;
using Kind = CatalogTable::Kind;

Value Text(const std::string& text) {
  return Value(text);
}

Value OptionalText(const std::optional<std::string>& text) {
  return text ? Value(*text) : Value();
}

std::string MapText(const std::map<std::string, std::string>& map) {
  std::string out;
  for (const auto& [key, value] : map) out += fmt::format("{}{}={}", out.empty() ? "" : ", ", key, value);
  return "[" + out + "]";
}

std::string QuotedList(const Names& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + spark::Quote(name);
  return "[" + out + "]";
}

std::string SqlText(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

/// "a INT COMMENT 'c'"
std::string ColumnText(const StructField& field, bool with_type) {
  std::string out = spark::QuoteIfNeeded(field.name);
  if (with_type) {
    out += " " + field.type.Sql();
    if (field.type.kind() == TypeKind::kString) out += " COLLATE UTF8_BINARY";
  }
  if (const auto value = DefaultTextOf(field)) out += " DEFAULT " + *value;
  if (const auto comment = CommentOf(field)) out += fmt::format(" COMMENT '{}'", SqlText(*comment));
  return out;
}

std::string Pairs(const std::map<std::string, std::string>& map) {
  std::string out;
  for (const auto& [key, value] : map) {
    out += fmt::format("{}\n  '{}' = '{}'", out.empty() ? "" : ",", SqlText(key), SqlText(value));
  }
  return out;
}

std::string JoinNames(const Names& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + spark::QuoteIfNeeded(name);
  return out;
}

void AddColumns(const StructType& schema, Rows* out) {
  for (const StructField& field : schema.fields) {
    out->rows.push_back({{Text(field.name), Text(field.type.SimpleString()), OptionalText(CommentOf(field))}});
  }
}

const StructType& ColumnAnswer() {
  static const StructType schema{{AnswerColumn("col_name"), AnswerColumn("data_type"), AnswerColumn("comment", true)}};
  return schema;
}

proto::Relation ReadNamed(const Names& name) {
  proto::Relation out;
  out.mutable_read()->mutable_named_table()->set_unparsed_identifier(QuoteName(name));
  return out;
}

}  // namespace

StructField AnswerColumn(const char* name, bool nullable, DataType type) {
  return {name, std::move(type), nullable, "{}"};
}

std::optional<std::string> CommentOf(const StructField& field) {
  const auto json = nlohmann::json::parse(field.metadata_json, nullptr, false);
  if (!json.is_object() || !json.contains("comment") || !json["comment"].is_string()) return std::nullopt;
  return json["comment"].get<std::string>();
}

std::optional<std::string> DefaultTextOf(const StructField& field) {
  const auto json = nlohmann::json::parse(field.metadata_json, nullptr, false);
  if (!json.is_object() || !json.contains(kCurrentDefault)) return std::nullopt;
  return json.at(kCurrentDefault).get<std::string>();
}

bool MatchesPattern(const std::string& name, const std::string& pattern) {
  const std::string text = base::LowerCase(name);
  const std::string all = base::LowerCase(pattern);
  for (size_t begin = 0; begin <= all.size();) {
    const size_t end = std::min(all.find('|', begin), all.size());
    std::string one = all.substr(begin, end - begin);
    one.erase(0, one.find_first_not_of(' '));
    one.erase(one.find_last_not_of(' ') + 1);
    // Greedy matching with one place to come back to does for "*" alone.
    size_t t = 0, p = 0, star = std::string::npos, mark = 0;
    bool matches = true;
    while (t < text.size()) {
      if (p < one.size() && one[p] == '*') {
        star = p++;
        mark = t;
      } else if (p < one.size() && (one[p] == text[t] || one[p] == '.')) {
        ++p;
        ++t;
      } else if (star != std::string::npos) {
        p = star + 1;
        t = ++mark;
      } else {
        matches = false;
        break;
      }
    }
    while (matches && p < one.size() && one[p] == '*') ++p;
    if (matches && p == one.size()) return true;
    begin = end + 1;
  }
  return false;
}

std::vector<std::string> FunctionNames() {
  Names out = SparkFunctionNames();
  std::ranges::sort(out);
  return out;
}

bool HasFunction(const std::string& name) {
  return IsSparkFunction(base::LowerCase(name));
}

std::vector<std::pair<std::string, std::string>> Details(const CatalogTable& table) {
  constexpr const char* kKinds[] = {"MANAGED", "EXTERNAL", "VIEW"};
  std::vector<std::pair<std::string, std::string>> out{
      {"Catalog", kCatalogName}, {"Database", table.database}, {"Table", table.name}};
  const auto seconds = static_cast<std::time_t>(table.created_millis / 1000);
  std::tm time{};
  gmtime_r(&seconds, &time);
  out.emplace_back("Created Time", fmt::format("{:%a %b %d %H:%M:%S} UTC {:%Y}", time, time));
  out.emplace_back("Last Access", "UNKNOWN");
  out.emplace_back("Created By", "Spark 4.2.0");
  out.emplace_back("Type", kKinds[static_cast<size_t>(table.kind)]);
  if (!table.provider.empty()) out.emplace_back("Provider", table.provider);
  if (table.bucket_count > 0) {
    out.emplace_back("Num Buckets", std::to_string(table.bucket_count));
    out.emplace_back("Bucket Columns", QuotedList(table.bucket_columns));
    out.emplace_back("Sort Columns", QuotedList(table.sort_columns));
  }
  if (!table.comment.empty()) out.emplace_back("Comment", table.comment);
  if (table.kind == Kind::kView) {
    out.emplace_back("View Text", table.view_text);
    out.emplace_back("View Original Text", table.view_text);
    out.emplace_back("View Schema Mode", "COMPENSATION");
    out.emplace_back("View Catalog and Namespace", fmt::format("{}.{}", kCatalogName, table.view_database));
    out.emplace_back("View Query Output Columns", QuotedList(table.view_columns));
  }
  if (!table.properties.empty()) out.emplace_back("Table Properties", MapText(table.properties));
  if (table.kind != Kind::kView) out.emplace_back("Location", "file:" + table.location.string());
  if (!table.options.empty()) out.emplace_back("Storage Properties", MapText(table.options));
  if (!table.partition_columns.empty()) out.emplace_back("Partition Provider", "Catalog");
  return out;
}

std::string CreateStatement(const CatalogTable& table) {
  const bool view = table.kind == Kind::kView;
  std::string columns;
  for (const StructField& field : table.schema.fields) {
    columns += fmt::format("{}\n  {}", columns.empty() ? "" : ",", ColumnText(field, !view));
  }
  const std::string name = fmt::format("{}{}.{}", view ? "" : "spark_catalog.", spark::QuoteIfNeeded(table.database),
                                       spark::QuoteIfNeeded(table.name));
  std::string out = fmt::format("CREATE {} {} ({})\n", view ? "VIEW" : "TABLE", name, columns);
  if (!view) {
    out += fmt::format("USING {}\n", table.provider);
    if (!table.options.empty()) out += fmt::format("OPTIONS ({})\n", Pairs(table.options));
    if (!table.partition_columns.empty()) {
      out += fmt::format("PARTITIONED BY ({})\n", JoinNames(table.partition_columns));
    }
    if (table.bucket_count > 0) {
      out += fmt::format("CLUSTERED BY ({})\n", JoinNames(table.bucket_columns));
      if (!table.sort_columns.empty()) out += fmt::format("SORTED BY ({})\n", JoinNames(table.sort_columns));
      out += fmt::format("INTO {} BUCKETS\n", table.bucket_count);
    }
    if (table.kind == Kind::kExternal) out += fmt::format("LOCATION 'file:{}'\n", SqlText(table.location.string()));
  }
  if (!table.comment.empty()) out += fmt::format("COMMENT '{}'\n", SqlText(table.comment));
  if (!table.properties.empty()) out += fmt::format("TBLPROPERTIES ({})\n", Pairs(table.properties));
  if (view) out += fmt::format("WITH SCHEMA COMPENSATION\nAS {}\n", table.view_text);
  return out;
}

Rows Describe(Workspace& workspace, const plan::DescribeTable& statement) {
  if (statement.as_json()) {
    throw Error("UNSUPPORTED_FEATURE.STATEMENT", "The embedded engine does not support DESCRIBE … AS JSON.");
  }
  const Names name = PartsOf(statement.name());
  const bool is_temporary = workspace.FindTempView(name) != nullptr;
  CatalogTable table;
  if (is_temporary) {
    table.schema = workspace.Schema(ReadNamed(name));
  } else {
    table = GetTable(workspace, name);
  }
  if (!statement.column().empty()) {
    const auto found = table.schema.Find(sql::ParseName(statement.column()).back());
    if (!found) {
      throw Error(
          "COLUMN_NOT_FOUND",
          fmt::format("The column {} cannot be found. Verify the spelling and correctness of the column name "
                      "according to the SQL config \"spark.sql.caseSensitive\".",
                      spark::Quote(statement.column())),
          {{"colName", spark::Quote(statement.column())}, {"caseSensitiveConfig", "\"spark.sql.caseSensitive\""}});
    }
    const StructField& field = table.schema.fields[*found];
    Rows out{{{AnswerColumn("info_name"), AnswerColumn("info_value")}}, {}};
    const auto add = [&out](const char* key, const std::string& value) {
      out.rows.push_back({{Text(key), Text(value)}});
    };
    add("col_name", field.name);
    add("data_type", field.type.SimpleString());
    add("comment", CommentOf(field).value_or("NULL"));
    if (!statement.extended()) return out;
    for (const char* key : {"min", "max", "num_nulls", "distinct_count", "avg_col_len", "max_col_len", "histogram"}) {
      add(key, "NULL");
    }
    return out;
  }
  Rows out{ColumnAnswer(), {}};
  AddColumns(table.schema, &out);
  const auto add = [&out](const std::string& key, const std::string& value, const std::string& comment = "") {
    out.rows.push_back({{Text(key), Text(value), Text(comment)}});
  };
  if (!table.partition_columns.empty()) {
    add("# Partition Information", "");
    add("# col_name", "data_type", "comment");
    AddColumns(table.PartitionSchema(), &out);
  }
  if (!statement.extended() || is_temporary) return out;
  add("", "");
  add("# Detailed Table Information", "");
  for (const auto& [key, value] : Details(table)) add(key, value);
  bool first = true;
  for (const StructField& field : table.schema.fields) {
    const auto value = DefaultTextOf(field);
    if (!value) continue;
    if (std::exchange(first, false)) {
      add("", "");
      add("# Column Default Values", "");
    }
    add(field.name, field.type.SimpleString(), *value);
  }
  return out;
}

Rows Describe(Workspace& workspace, const plan::DescribeQuery& statement) {
  Rows out{ColumnAnswer(), {}};
  AddColumns(workspace.Schema(statement.query()), &out);
  return out;
}

Rows Describe(const plan::DescribeFunction& statement) {
  const std::string name = base::LowerCase(statement.name());
  if (!HasFunction(name)) {
    throw Error("UNRESOLVED_ROUTINE",
                fmt::format("Cannot resolve routine {} on search path [`system`.`builtin`, `system`.`session`, "
                            "`spark_catalog`.`default`].",
                            spark::Quote(statement.name())),
                {{"routineName", spark::Quote(statement.name())},
                 {"searchPath", "[`system`.`builtin`, `system`.`session`, `spark_catalog`.`default`]"}});
  }
  return {{{AnswerColumn("function_desc")}}, {{{Text("Function: " + name)}}}};
}

Rows Describe(Workspace& workspace, const plan::DescribeNamespace& statement) {
  const Names name = PartsOf(statement.name());
  const CatalogDatabase database = workspace.catalog().GetDatabase(name.back());
  Rows out{{{AnswerColumn("info_name"), AnswerColumn("info_value", true)}}, {}};
  const auto add = [&out](const char* key, const std::string& value) {
    out.rows.push_back({{Text(key), Text(value)}});
  };
  add("Catalog Name", kCatalogName);
  add("Namespace Name", database.name);
  add("Comment", database.comment);
  add("Location", "file:" + database.location.string());
  if (!database.owner.empty()) add("Owner", database.owner);
  if (!statement.extended()) return out;
  std::string pairs;
  for (const auto& [key, value] : database.properties) {
    pairs += fmt::format("{}({},{})", pairs.empty() ? "" : ", ", key, value);
  }
  add("Properties", pairs.empty() ? "" : "(" + pairs + ")");
  return out;
}

}  // namespace tinderbox::engine
