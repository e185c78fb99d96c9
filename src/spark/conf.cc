#include "spark/conf.h"

#include <fmt/format.h>

#include <algorithm>

#include "spark/proto.h"
#include "tinderbox/error.h"

namespace tinderbox::spark {

namespace {

enum class Check { kAny, kBoolean, kTimeZone };

struct Setting {
  std::string_view key;
  std::string_view value;
  Check check = Check::kAny;
  bool is_static = false;  // fixed when the application starts
};

// By key.
constexpr Setting kSettings[] = {
    {conf::kAnsi, "true", Check::kBoolean},
    {conf::kCaseSensitive, "false", Check::kBoolean},
    {conf::kTimeZone, "UTC", Check::kTimeZone},
};

const Setting* FindSetting(std::string_view key) {
  const auto* found = std::ranges::lower_bound(kSettings, key, {}, &Setting::key);
  return found != std::end(kSettings) && found->key == key ? found : nullptr;
}

}  // namespace

Conf::Conf(const Conf& other) {
  const std::lock_guard lock(other.mutex_);
  fixed_ = other.fixed_;
  set_ = other.set_;
}

std::optional<std::string> Conf::Find(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  if (const auto found = set_.find(key); found != set_.end()) return found->second;
  if (const auto found = fixed_.find(key); found != fixed_.end()) return found->second;
  if (const Setting* setting = FindSetting(key)) return std::string(setting->value);
  return std::nullopt;
}

std::string Conf::Get(const std::string& key) const {
  auto value = Find(key);
  if (!value) throw Error("SQL_CONF_NOT_FOUND", fmt::format("There is no setting {}.", key), {{"sqlConf", key}});
  return *value;
}

void Conf::Set(const std::string& key, const std::string& value) {
  if (!IsModifiable(key) && (FindSetting(key) != nullptr || fixed_.contains(key))) {
    throw Error("CANNOT_MODIFY_CONFIG", fmt::format("Cannot modify the value of the Spark config: \"{}\".", key),
                {{"key", key}});
  }
  const Setting* setting = FindSetting(key);
  if (setting != nullptr && setting->check == Check::kBoolean && value != "true" && value != "false") {
    throw Error("INVALID_CONF_VALUE.TYPE_MISMATCH", fmt::format("{} should be boolean, but was {}.", key, value),
                {{"confName", key}, {"confValue", value}});
  }
  const std::lock_guard lock(mutex_);
  set_[key] = value;
}

void Conf::Unset(const std::string& key) {
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
  switch (operation.op_type_case()) {
    case proto::ConfigRequest::Operation::kSet:
      for (const auto& pair : operation.set().pairs()) Set(pair.key(), pair.value());
      break;
    case proto::ConfigRequest::Operation::kGet:
      for (const std::string& key : operation.get().keys()) add(key, Get(key));
      break;
    case proto::ConfigRequest::Operation::kGetWithDefault:
      for (const auto& pair : operation.get_with_default().pairs()) {
        auto value = Find(pair.key());
        if (!value && pair.has_value()) value = pair.value();
        add(pair.key(), value);
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
      for (const std::string& key : operation.unset().keys()) Unset(key);
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
