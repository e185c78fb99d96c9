#include "engine/translate/function_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace tinderbox::engine {

namespace {

struct Shown {
  const char* name = nullptr;  ///< nullptr: as it was called
  size_t own = 0;              ///< how many arguments a caller gives at least
  std::vector<const char*> assumed;
};

const std::map<std::string_view, Shown>& Table() {
  static const std::vector<const char*> kTime = {"yyyy-MM-dd HH:mm:ss"};
  static const char* kSameLambda = "lambdafunction(namedlambdavariable(), namedlambdavariable())";
  static const char* kNullsLast =
      "lambdafunction((IF(((namedlambdavariable() IS NULL) AND (namedlambdavariable() IS NULL)), 0, "
      "(IF((namedlambdavariable() IS NULL), 1, (IF((namedlambdavariable() IS NULL), -1, (IF((namedlambdavariable() < "
      "namedlambdavariable()), -1, (IF((namedlambdavariable() > namedlambdavariable()), 1, 0)))))))))), "
      "namedlambdavariable(), namedlambdavariable())";
  static const std::map<std::string_view, Shown> table = [] {
    std::map<std::string_view, Shown> out = {
        {"aggregate", {nullptr, 3, {kSameLambda}}},
        {"approx_percentile", {nullptr, 2, {"10000"}}},
        {"approx_top_k", {nullptr, 1, {"5", "10000"}}},
        {"array_sort", {nullptr, 1, {kNullsLast}}},
        {"hll_sketch_agg", {nullptr, 1, {"12"}}},
        {"hll_union", {nullptr, 2, {"false"}}},
        {"hll_union_agg", {nullptr, 1, {"false"}}},
        {"lag", {nullptr, 1, {"1", "NULL"}}},
        {"lead", {nullptr, 1, {"1", "NULL"}}},
        {"listagg", {nullptr, 1, {"NULL"}}},
        {"ntile", {nullptr, 0, {"1"}}},
        {"percentile", {nullptr, 2, {"1"}}},
        {"percentile_approx", {nullptr, 2, {"10000"}}},
        {"reduce", {nullptr, 3, {kSameLambda}}},
        {"sort_array", {nullptr, 1, {"true"}}},
        {"str_to_map", {nullptr, 1, {",", ":"}}},
        {"string_agg", {nullptr, 1, {"NULL"}}},
        {"theta_sketch_agg", {nullptr, 1, {"12"}}},
        {"theta_union", {nullptr, 2, {"12"}}},
        {"theta_union_agg", {nullptr, 1, {"12"}}},
        {"tuple_intersection_agg_double", {nullptr, 1, {"sum"}}},
        {"tuple_intersection_agg_integer", {nullptr, 1, {"sum"}}},
        {"tuple_intersection_double", {nullptr, 2, {"sum"}}},
        {"tuple_intersection_integer", {nullptr, 2, {"sum"}}},
        {"tuple_intersection_theta_double", {nullptr, 2, {"sum"}}},
        {"tuple_intersection_theta_integer", {nullptr, 2, {"sum"}}},
        {"tuple_sketch_agg_double", {nullptr, 2, {"12", "sum"}}},
        {"tuple_sketch_agg_integer", {nullptr, 2, {"12", "sum"}}},
        {"tuple_sketch_summary_double", {nullptr, 1, {"sum"}}},
        {"tuple_sketch_summary_integer", {nullptr, 1, {"sum"}}},
        {"tuple_union_agg_double", {nullptr, 1, {"12", "sum"}}},
        {"tuple_union_agg_integer", {nullptr, 1, {"12", "sum"}}},
        {"tuple_union_double", {nullptr, 2, {"12", "sum"}}},
        {"tuple_union_integer", {nullptr, 2, {"12", "sum"}}},
        {"tuple_union_theta_double", {nullptr, 2, {"12", "sum"}}},
        {"tuple_union_theta_integer", {nullptr, 2, {"12", "sum"}}},
        {"array_agg", {"collect_list", 0, {}}},
        {"aes_decrypt", {nullptr, 2, {"GCM", "DEFAULT", ""}}},
        {"aes_encrypt", {nullptr, 2, {"GCM", "DEFAULT", "", ""}}},
        {"atan2", {"ATAN2", 0, {}}},
        {"bround", {nullptr, 1, {"0"}}},
        {"current_database", {"current_schema", 0, {}}},
        {"curdate", {"current_date", 0, {}}},
        {"current_time", {nullptr, 0, {"6"}}},
        {"dateadd", {"date_add", 0, {}}},
        {"e", {"E", 0, {}}},
        {"from_unixtime", {nullptr, 1, kTime}},
        {"hypot", {"HYPOT", 0, {}}},
        {"locate", {nullptr, 2, {"1"}}},
        {"lpad", {nullptr, 2, {" "}}},
        {"make_dt_interval", {nullptr, 0, {"0", "0", "0", "0.000000"}}},
        {"make_interval", {nullptr, 0, {"0", "0", "0", "0", "0", "0", "0.000000"}}},
        {"try_make_interval", {nullptr, 0, {"0", "0", "0", "0", "0", "0", "0.000000"}}},
        {"make_ym_interval", {nullptr, 0, {"0", "0"}}},
        {"mask", {nullptr, 1, {"X", "x", "n", "NULL"}}},
        {"months_between", {nullptr, 2, {"true"}}},
        {"overlay", {nullptr, 3, {"-1"}}},
        {"pi", {"PI", 0, {}}},
        {"position", {nullptr, 2, {"1"}}},
        {"power", {"POWER", 0, {}}},
        {"random", {"rand", 0, {}}},
        {"regexp", {"REGEXP", 0, {}}},
        {"regexp_extract", {nullptr, 2, {"1"}}},
        {"regexp_extract_all", {nullptr, 2, {"1"}}},
        {"regexp_instr", {nullptr, 2, {"0"}}},
        {"regexp_like", {"REGEXP_LIKE", 0, {}}},
        {"regexp_replace", {nullptr, 3, {"1"}}},
        {"replace", {nullptr, 2, {""}}},
        {"rlike", {"RLIKE", 0, {}}},
        {"rpad", {nullptr, 2, {" "}}},
        {"sentences", {nullptr, 1, {"", ""}}},
        {"spark_partition_id", {"SPARK_PARTITION_ID", 0, {}}},
        {"split", {nullptr, 2, {"-1"}}},
        {"substr", {nullptr, 2, {"2147483647"}}},
        {"substring", {nullptr, 2, {"2147483647"}}},
        {"to_varchar", {"to_char", 0, {}}},
        {"try_aes_decrypt", {nullptr, 2, {"GCM", "DEFAULT", ""}}},
        {"round", {nullptr, 1, {"0"}}},
        {"timestamp_add", {"timestampadd", 0, {}}},
        {"timestamp_diff", {"timestampdiff", 0, {}}},
        {"to_unix_timestamp", {nullptr, 1, kTime}},
        {"vector_norm", {nullptr, 1, {"2.0"}}},
        {"vector_normalize", {nullptr, 1, {"2.0"}}},
        {"unix_timestamp", {nullptr, 0, {"current_timestamp()", kTime[0]}}},
    };
    // The functions of one real variable bear names in capitals.
    static const std::map<std::string_view, const char*> kCapitals = {
        {"sqrt", "SQRT"},   {"cbrt", "CBRT"},   {"exp", "EXP"},         {"expm1", "EXPM1"},     {"log10", "LOG10"},
        {"log1p", "LOG1P"}, {"log2", "LOG2"},   {"sin", "SIN"},         {"cos", "COS"},         {"tan", "TAN"},
        {"cot", "COT"},     {"sec", "SEC"},     {"csc", "CSC"},         {"asin", "ASIN"},       {"acos", "ACOS"},
        {"atan", "ATAN"},   {"sinh", "SINH"},   {"cosh", "COSH"},       {"tanh", "TANH"},       {"asinh", "ASINH"},
        {"acosh", "ACOSH"}, {"atanh", "ATANH"}, {"degrees", "DEGREES"}, {"radians", "RADIANS"}, {"signum", "SIGNUM"}};
    for (const auto& [name, capitals] : kCapitals) out[name] = {capitals, 0, {}};
    return out;
  }();
  return table;
}

}  // namespace

std::optional<std::string> CallText(std::string_view name, std::vector<std::string> arguments) {
  static constexpr std::string_view kCasts[] = {"boolean", "tinyint", "smallint", "int",       "bigint", "float",
                                                "double",  "decimal", "date",     "timestamp", "binary", "string"};
  if (arguments.size() == 1 && std::ranges::find(kCasts, name) != std::end(kCasts)) return arguments[0];
  static constexpr std::string_view kSpecial[] = {"floor",
                                                  "ceil",
                                                  "log",
                                                  "convert_timezone",
                                                  "dateadd",
                                                  "date_add",
                                                  "datediff",
                                                  "date_diff",
                                                  "window",
                                                  "session_window",
                                                  "extract",
                                                  "datepart",
                                                  "try_make_timestamp",
                                                  "variant_get",
                                                  "try_variant_get"};
  // What is said of a format by options and schemas does not show.
  static constexpr std::string_view kFirstOnly[] = {"from_json", "to_json", "schema_of_json", "from_csv",     "to_csv",
                                                    "from_xml",  "to_xml",  "schema_of_csv",  "schema_of_xml"};
  if ((name == "variant_get" || name == "try_variant_get") && arguments.size() == 3) arguments.pop_back();
  if (std::ranges::find(kFirstOnly, name) != std::end(kFirstOnly) && !arguments.empty()) {
    return fmt::format("{}({})", name, arguments[0]);
  }
  static const std::map<std::string_view, const char*> kTrims = {
      {"trim", "BOTH"}, {"ltrim", "LEADING"}, {"rtrim", "TRAILING"}};
  if (const auto trim = kTrims.find(name); trim != kTrims.end() && arguments.size() == 2) {
    return fmt::format("TRIM({} {} FROM {})", trim->second, arguments[0], arguments[1]);
  }
  if (name == "try_to_time") return fmt::format("try_to_time(to_time({}))", fmt::join(arguments, ", "));
  if (name == "tb_variant_field" && arguments.size() == 2) {
    const std::string& path = arguments[1];
    const size_t key = path.find_last_of("'\"");
    if (key == std::string::npos || key == 0) return path;
    const size_t first = path.find_last_of(path[key], key - 1) + 1;
    return path.substr(first, key - first);
  }
  if (name == "uuid") return "uuid()";
  if (name == "assert_true" && arguments.size() == 1) {
    return fmt::format("assert_true({}, '{}' is not true!)", arguments[0], arguments[0]);
  }
  if (Table().count(name) == 0 && std::ranges::find(kSpecial, name) == std::end(kSpecial)) return std::nullopt;
  if (name == "try_make_timestamp" && arguments.size() == 7) {
    arguments.pop_back();
    return fmt::format("try_make_timestamp({})", fmt::join(arguments, ", "));
  }
  if (name == "window" || name == "session_window") return std::string(name);
  std::string shown(name);
  if ((name == "floor" || name == "ceil") && arguments.size() == 1) shown = name == "floor" ? "FLOOR" : "CEIL";
  if (name == "log") {
    shown = "LOG";
    if (arguments.size() == 1) arguments.insert(arguments.begin(), "E()");
  }
  if (name == "convert_timezone" && arguments.size() == 2) arguments.insert(arguments.begin(), "current_timezone()");
  if ((name == "dateadd" || name == "date_add") && arguments.size() == 3) {
    shown = "timestampadd";
  } else if ((name == "datediff" || name == "date_diff") && arguments.size() == 3) {
    shown = "timestampdiff";
  } else if (const auto found = Table().find(name); found != Table().end()) {
    const Shown& entry = found->second;
    if (entry.name != nullptr) shown = entry.name;
    const size_t most = entry.own + entry.assumed.size();
    while (arguments.size() >= entry.own && arguments.size() < most) {
      arguments.emplace_back(entry.assumed[arguments.size() - entry.own]);
    }
  }
  if ((name == "extract" || name == "datepart") && arguments.size() == 2) {
    return fmt::format("{}({} FROM {})", name, arguments[0], arguments[1]);
  }
  return fmt::format("{}({})", shown, fmt::join(arguments, ", "));
}

}  // namespace tinderbox::engine
