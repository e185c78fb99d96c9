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
  static const std::map<std::string_view, Shown> table = [] {
    std::map<std::string_view, Shown> out = {
        {"atan2", {"ATAN2", 0, {}}},
        {"bround", {nullptr, 1, {"0"}}},
        {"curdate", {"current_date", 0, {}}},
        {"current_time", {nullptr, 0, {"6"}}},
        {"dateadd", {"date_add", 0, {}}},
        {"e", {"E", 0, {}}},
        {"from_unixtime", {nullptr, 1, kTime}},
        {"hypot", {"HYPOT", 0, {}}},
        {"make_dt_interval", {nullptr, 0, {"0", "0", "0", "0.000000"}}},
        {"make_interval", {nullptr, 0, {"0", "0", "0", "0", "0", "0", "0.000000"}}},
        {"try_make_interval", {nullptr, 0, {"0", "0", "0", "0", "0", "0", "0.000000"}}},
        {"make_ym_interval", {nullptr, 0, {"0", "0"}}},
        {"months_between", {nullptr, 2, {"true"}}},
        {"pi", {"PI", 0, {}}},
        {"power", {"POWER", 0, {}}},
        {"random", {"rand", 0, {}}},
        {"round", {nullptr, 1, {"0"}}},
        {"timestamp_add", {"timestampadd", 0, {}}},
        {"timestamp_diff", {"timestampdiff", 0, {}}},
        {"to_unix_timestamp", {nullptr, 1, kTime}},
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
  static constexpr std::string_view kSpecial[] = {"floor",   "ceil",           "log",      "convert_timezone",
                                                  "dateadd", "date_add",       "datediff", "date_diff",
                                                  "window",  "session_window", "extract"};
  if (Table().count(name) == 0 && std::ranges::find(kSpecial, name) == std::end(kSpecial)) return std::nullopt;
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
  if (name == "extract" && arguments.size() == 2) return fmt::format("extract({} FROM {})", arguments[0], arguments[1]);
  return fmt::format("{}({})", shown, fmt::join(arguments, ", "));
}

}  // namespace tinderbox::engine
