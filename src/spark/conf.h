#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace spark::connect {
class ConfigRequest_Operation;
class ConfigResponse;
}  // namespace spark::connect

namespace tinderbox::spark {

/// A session's settings over Spark's own table of keys, defaults and checks. Unknown keys are kept as they are.
/// Thread-safe.
class Conf {
 public:
  /// `fixed`: settings of this process, which a session can read and not change.
  explicit Conf(std::map<std::string, std::string> fixed = {}) : fixed_(std::move(fixed)) {}
  Conf(const Conf& other);

  /// What was set, else the default; nullopt when there is neither.
  std::optional<std::string> Find(const std::string& key) const;
  /// REQUIRES a key that has a default.
  std::string Get(const std::string& key) const;
  bool GetBoolean(const std::string& key) const;
  /// Throws Error CANNOT_MODIFY_CONFIG or CANNOT_MODIFY_STATIC_CONFIG for a key that is fixed, INVALID_CONF_VALUE for a
  /// value that its check refuses or Tinderbox cannot honour.
  void Set(const std::string& key, const std::string& value);
  /// Throws Error as Set does for a key that is fixed.
  void Unset(const std::string& key);
  bool IsModifiable(const std::string& key) const;
  /// Everything that was set, and the fixed settings.
  std::map<std::string, std::string> All() const;

  /// Answers a Config request of Spark Connect.
  ::spark::connect::ConfigResponse Answer(const ::spark::connect::ConfigRequest_Operation& operation);

 private:
  void CheckModifiable(const std::string& key) const;

  mutable std::mutex mutex_;
  std::map<std::string, std::string> fixed_;
  std::map<std::string, std::string> set_;
};

namespace conf {
inline constexpr char kTimeZone[] = "spark.sql.session.timeZone";
inline constexpr char kAnsi[] = "spark.sql.ansi.enabled";
inline constexpr char kCaseSensitive[] = "spark.sql.caseSensitive";
inline constexpr char kParallelism[] = "spark.default.parallelism";
inline constexpr char kLocalDirectory[] = "spark.local.dir";
inline constexpr char kWarehouse[] = "spark.sql.warehouse.dir";
}  // namespace conf

}  // namespace tinderbox::spark
