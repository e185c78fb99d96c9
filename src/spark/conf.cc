#include "spark/conf.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>

#include "spark/conf_limits.h"
#include "spark/conf_names.h"
#include "spark/error_classes.h"
#include "spark/proto.h"
#include "tinderbox/error.h"

namespace tinderbox::spark {

namespace {

enum class Check {
  kText,
  kBoolean,
  kInt,
  kPositiveInt,
  kLong,
  kPositiveLong,
  kDouble,
  kBytes,
  kMebibytes,
  kMillis,
  kSeconds,
  kMinutes,
  kOptions,
  kAnyCaseOptions,
  kTimeZone,  // who knows the zones checks it
};

constexpr std::string_view kNoDefault;  // its data() is null
constexpr bool kStatic = true;

struct Setting {
  std::string_view key;
  std::string_view value;
  Check check = Check::kText;
  std::string_view options{};  // "A, B"
  bool is_static = false;      // fixed when the application starts
};

constexpr Setting kSettings[] = {
#include "spark/conf_table.inc"
};

static_assert(std::ranges::is_sorted(kSettings, {}, &Setting::key));

const Setting* FindSetting(std::string_view key) {
  const auto* found = std::ranges::lower_bound(kSettings, key, {}, &Setting::key);
  return found != std::end(kSettings) && found->key == key ? found : nullptr;
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  return begin == std::string_view::npos ? "" : text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string Upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

template <typename T>
std::optional<T> ParseNumber(std::string_view text) {
  T value{};
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// A whole number with an optional unit behind it.
bool HasUnit(std::string_view text, std::initializer_list<std::string_view> units) {
  size_t digits = text.starts_with('-') ? 1 : 0;
  const size_t begin = digits;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  if (digits == begin) return false;
  const std::string unit = Upper(text.substr(digits));
  return unit.empty() || std::ranges::find(units, unit) != units.end();
}

bool IsBytes(std::string_view text) {
  return HasUnit(text, {"B", "K", "KB", "M", "MB", "G", "GB", "T", "TB", "P", "PB"});
}

bool IsTime(std::string_view text) {
  return HasUnit(text, {"US", "MS", "S", "M", "MIN", "H", "D"});
}

/// What Spark calls the type of values in its messages; "" when any text is one.
std::string_view TypeOf(Check check) {
  switch (check) {
    case Check::kBoolean:
      return "boolean";
    case Check::kInt:
    case Check::kPositiveInt:
      return "int";
    case Check::kLong:
    case Check::kPositiveLong:
      return "long";
    case Check::kDouble:
      return "double";
    case Check::kBytes:
      return "bytes in BYTE";
    case Check::kMebibytes:
      return "bytes in MiB";
    case Check::kMillis:
      return "time in MILLISECONDS";
    case Check::kSeconds:
      return "time in SECONDS";
    case Check::kMinutes:
      return "time in MINUTES";
    default:
      return "";
  }
}

bool HasType(Check check, std::string_view text) {
  switch (check) {
    case Check::kBoolean:
      return Upper(text) == "TRUE" || Upper(text) == "FALSE";
    case Check::kInt:
    case Check::kPositiveInt:
      return ParseNumber<int32_t>(text).has_value();
    case Check::kLong:
    case Check::kPositiveLong:
      return ParseNumber<int64_t>(text).has_value();
    case Check::kDouble:
      return ParseNumber<double>(text).has_value();
    case Check::kBytes:
    case Check::kMebibytes:
      return IsBytes(text);
    case Check::kMillis:
    case Check::kSeconds:
    case Check::kMinutes:
      return IsTime(text);
    default:
      return true;
  }
}

bool IsOption(std::string_view options, std::string_view value, bool any_case) {
  while (!options.empty()) {
    const size_t end = options.find(", ");
    const std::string_view option = options.substr(0, end);
    if (any_case ? Upper(option) == Upper(value) : option == value) return true;
    options.remove_prefix(end == std::string_view::npos ? options.size() : end + 2);
  }
  return false;
}

Error Invalid(std::string_view kind, std::string_view key, std::string_view value, const std::string& why,
              Error::Params params) {
  params["confName"] = key;
  params["confValue"] = value;
  return {fmt::format("INVALID_CONF_VALUE.{}", kind),
          fmt::format("The value '{}' in the config \"{}\" is invalid. {}", value, key, why), std::move(params)};
}

Error Requirement(std::string_view key, std::string_view value, const std::string& why) {
  return Invalid("REQUIREMENT", key, value, why, {{"confRequirement", why}});
}

void CheckValue(const Setting& setting, const std::string& given) {
  const std::string_view value = Trim(given);
  if (!HasType(setting.check, value)) {
    const std::string type(TypeOf(setting.check));
    throw Invalid("TYPE_MISMATCH", setting.key, given, fmt::format("It should be a/an '{}' value.", type),
                  {{"confType", type}});
  }
  if ((setting.check == Check::kPositiveInt || setting.check == Check::kPositiveLong) &&
      ParseNumber<int64_t>(value).value_or(0) <= 0) {
    throw Requirement(setting.key, given, fmt::format("The value of {} must be positive", setting.key));
  }
  const bool any_case = setting.check == Check::kAnyCaseOptions;
  if ((any_case || setting.check == Check::kOptions) && !IsOption(setting.options, given, any_case)) {
    throw Invalid("OUT_OF_RANGE_OF_OPTIONS", setting.key, given,
                  fmt::format("It should be one of '{}'.", setting.options),
                  {{"confOptions", std::string(setting.options)}});
  }
}

bool SameValue(std::string_view left, std::string_view right) {
  return Upper(Trim(left)) == Upper(Trim(right));
}

}  // namespace

std::vector<std::string> ConfNames() {
  std::vector<std::string> names;
  for (const Setting& setting : kSettings) names.emplace_back(setting.key);
  return names;
}

Conf::Conf(const Conf& other) {
  const std::lock_guard lock(other.mutex_);
  fixed_ = other.fixed_;
  set_ = other.set_;
}

std::optional<std::string> Conf::Find(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  if (const auto found = set_.find(key); found != set_.end()) return found->second;
  if (const auto found = fixed_.find(key); found != fixed_.end()) return found->second;
  const Setting* setting = FindSetting(key);
  if (setting == nullptr || setting->value.data() == nullptr) return std::nullopt;
  return std::string(setting->value);
}

std::string Conf::Get(const std::string& key) const {
  auto value = Find(key);
  if (!value) {
    throw Error("SQL_CONF_NOT_FOUND",
                fmt::format("The SQL config \"{}\" cannot be found. Please verify that the config exists.", key),
                {{"sqlConf", fmt::format("\"{}\"", key)}});
  }
  return *value;
}

bool Conf::GetBoolean(const std::string& key) const {
  return SameValue(Get(key), "true");
}

void Conf::CheckModifiable(const std::string& key) const {
  const Setting* setting = FindSetting(key);
  if (setting != nullptr && setting->is_static) {
    throw Error("CANNOT_MODIFY_STATIC_CONFIG",
                fmt::format("Cannot modify the value of the static Spark config: \"{}\".", key),
                {{"key", fmt::format("\"{}\"", key)}});
  }
  if (fixed_.contains(key) || IsApplicationSetting(key)) {
    constexpr std::string_view kRoot = "https://spark.apache.org/docs/latest";
    throw Error("CANNOT_MODIFY_CONFIG",
                fmt::format("Cannot modify the value of the Spark config: \"{}\".\nSee also "
                            "'{}/sql-migration-guide.html#ddl-statements'.",
                            key, kRoot),
                {{"key", fmt::format("\"{}\"", key)}, {"docroot", std::string(kRoot)}});
  }
}

void Conf::Set(const std::string& key, const std::string& value) {
  CheckModifiable(key);
  const Setting* setting = FindSetting(key);
  if (setting != nullptr) CheckValue(*setting, value);
  const bool is_default = setting != nullptr && SameValue(value, setting->value);
  if (const std::string_view reason = is_default ? "" : Unchangeable(key, value); !reason.empty())
    throw Requirement(key, value, std::string(reason));
  const std::lock_guard lock(mutex_);
  set_[key] = value;
}

void Conf::Unset(const std::string& key) {
  CheckModifiable(key);
  const std::lock_guard lock(mutex_);
  set_.erase(key);
}

bool Conf::IsModifiable(const std::string& key) const {
  const Setting* setting = FindSetting(key);
  return setting != nullptr && !setting->is_static && !fixed_.contains(key);
}

std::map<std::string, std::string> Conf::All() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::string> out = fixed_;
  for (const auto& [key, value] : set_) out[key] = value;
  return out;
}

proto::ConfigResponse Conf::Answer(const proto::ConfigRequest::Operation& operation) {
  proto::ConfigResponse response;
  const auto add = [&response](const std::string& key, const std::optional<std::string>& value) {
    auto* pair = response.add_pairs();
    pair->set_key(key);
    if (value) pair->set_value(*value);
  };
  const auto warn = [&response](const std::string& key) {
    if (const auto text = Deprecation(key)) response.add_warnings(*text);
  };
  switch (operation.op_type_case()) {
    case proto::ConfigRequest::Operation::kSet:
      for (const auto& pair : operation.set().pairs()) {
        warn(pair.key());
        try {
          Set(pair.key(), pair.value());
        } catch (const Error& error) {
          if (!operation.set().silent()) throw;
          response.add_warnings(
              fmt::format("Failed to set {} to Some({}) due to {}", pair.key(), pair.value(), FullMessage(error)));
        }
      }
      break;
    case proto::ConfigRequest::Operation::kGet:
      for (const std::string& key : operation.get().keys()) add(key, Get(key));
      break;
    case proto::ConfigRequest::Operation::kGetWithDefault:
      for (const auto& pair : operation.get_with_default().pairs()) {
        // The caller's default goes before Spark's own.
        const auto all = pair.has_value() ? All() : std::map<std::string, std::string>();
        const auto set = all.find(pair.key());
        if (set != all.end()) {
          add(pair.key(), set->second);
        } else {
          add(pair.key(), pair.has_value() ? std::optional(pair.value()) : Find(pair.key()));
        }
      }
      break;
    case proto::ConfigRequest::Operation::kGetOption:
      for (const std::string& key : operation.get_option().keys()) add(key, Find(key));
      break;
    case proto::ConfigRequest::Operation::kGetAll: {
      const std::string& prefix = operation.get_all().prefix();
      for (const auto& [key, value] : All()) {
        if (key.starts_with(prefix)) add(key.substr(prefix.size()), value);
      }
      break;
    }
    case proto::ConfigRequest::Operation::kUnset:
      for (const std::string& key : operation.unset().keys()) {
        warn(key);
        Unset(key);
      }
      break;
    case proto::ConfigRequest::Operation::kIsModifiable:
      for (const std::string& key : operation.is_modifiable().keys()) add(key, IsModifiable(key) ? "true" : "false");
      break;
    case proto::ConfigRequest::Operation::OP_TYPE_NOT_SET:
      throw Error("CONNECT_INVALID_PLAN", "A Config request asks for nothing.");
  }
  return response;
}

}  // namespace tinderbox::spark
