#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace tinderbox::store {

/// Hadoop's settings as a session of Spark has them: what the reader or writer was given, then the session's settings
/// (with or without "spark.hadoop."), then core-site.xml and hdfs-site.xml of HADOOP_CONF_DIR. Immutable.
class Settings {
 public:
  using Names = std::map<std::string, std::string>;
  /// `options`: names ignore letter case. Throws Error TINDERBOX_CONFIG for a file in HADOOP_CONF_DIR that is no
  /// configuration.
  Settings(const Names& options, std::function<std::optional<std::string>(const std::string& key)> conf);

  /// The value; nullopt when it is not set or empty.
  std::optional<std::string> Find(const std::string& key) const;
  std::string Get(const std::string& key, const std::string& fallback) const { return Find(key).value_or(fallback); }
  /// Throws Error INVALID_CONF_VALUE for what is neither true nor false.
  bool GetBoolean(const std::string& key, bool fallback) const;

 private:
  Names options_;
  std::function<std::optional<std::string>(const std::string&)> conf_;
  Names files_;
};

/// True for the name of an option that is one of Hadoop's settings, not the format's.
bool IsHadoopOption(const std::string& name);
/// Takes Hadoop's settings out of the options of a reader or writer. `conf`: the session's settings.
Settings TakeSettings(Settings::Names* options, Settings::Names conf);

/// The properties of one of Hadoop's XML files, XInclude followed; of a file that is not there, none.
Settings::Names ReadHadoopFile(const std::string& file);

/// A variable of the environment; empty when there is none.
std::string Environment(const char* name);

}  // namespace tinderbox::store
