#include "cluster/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "base/fail.h"
#include "cluster/env_file.h"
#include "cluster/extras.h"
#include "cluster/keys.h"
#include "cluster/profiles.h"
#include "cluster/units.h"

namespace tinderbox::cluster {
namespace {

constexpr std::string_view kCondition = "TINDERBOX_CONFIG";
constexpr std::string_view kSparkConf = "spark_conf.";
constexpr std::string_view kFolders = "folders.";

bool IsSiteConf(std::string_view path) {
  return std::any_of(std::begin(kSiteTables), std::end(kSiteTables),
                     [&](const SiteTable& table) { return path.rfind(std::string(table.name) + ".", 0) == 0; });
}

bool IsSparkConf(std::string_view path) {
  return path.starts_with(kSparkConf);
}

std::string ReadText(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) base::Fail(kCondition, "The configuration {} cannot be read: there is no such file.", file.string());
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// Sets a value after checking it. `where` begins the message.
void Set(Config* config, const std::string& path, Setting setting, const std::string& where) {
  if (IsSparkConf(path)) {
    const std::string name = path.substr(kSparkConf.size());
    if (name.rfind("spark.", 0) != 0)
      base::Fail(kCondition, "{}: [spark_conf] takes Spark's settings, whose names begin with spark.; {} does not.",
                 where, name);
    config->spark_conf[name] = std::move(setting);
    return;
  }
  if (IsSiteConf(path)) {
    config->site_conf[path] = std::move(setting);
    return;
  }
  if (path.starts_with(kFolders)) {
    const std::string name = path.substr(kFolders.size());
    if (name.size() < 2 || name[0] != '/' || name.back() == '/')
      base::Fail(kCondition, "{}: [folders] takes paths such as \"/opt/spark-data\"; {} is none.", where, name);
    setting.text = std::filesystem::absolute(setting.text).lexically_normal();
    config->folders[name] = std::move(setting);
    return;
  }
  const Key* key = FindKey(path);
  if (key == nullptr) {
    base::Fail(kCondition, "{}: there is no key {}.{} `tinderbox config schema` lists them all.", where, path,
               DidYouMean(path, KeyPaths()));
  }
  ClusterSpec scratch;
  const std::string wrong = SetField(*key, setting.text, &scratch);
  if (!wrong.empty()) base::Fail(kCondition, "{}: \"{}\" {}.", where, setting.text, wrong);
  config->keys[path] = std::move(setting);
}

/// The TOML types that a key's kind is written in.
bool TypeFits(const Key& key, const TomlValue& value) {
  if (value.text == "auto" && value.type == "string") return key.standard == "auto";
  switch (key.kind) {
    case KeyKind::kFlag:
      return value.type == "boolean";
    case KeyKind::kPort:
      return value.type == "integer" || (value.type == "string" && value.text.ends_with(kOrFree));
    case KeyKind::kCount:
      return value.type == "integer";
    case KeyKind::kNames:
      return value.type == "list";
    default:
      return value.type == "string";
  }
}

/// `file` begins complaints, `name` the origins; folders are taken from `base`.
void ReadDocument(std::string_view text, const std::string& file, const std::string& name,
                  const std::filesystem::path& base, Config* config) {
  for (TomlValue& value : ParseToml(text, file)) {
    const std::string where = fmt::format("{}:{}", file, value.line);
    const Key* key = FindKey(value.path);
    if (key != nullptr && !TypeFits(*key, value)) {
      base::Fail(kCondition, "{}: {} is {} {} here; it takes {}.", where, value.path,
                 value.type == "integer" ? "an" : "a", value.type, Allowed(*key));
    }
    if (value.path.starts_with(kFolders)) value.text = base / value.text;
    Set(config, value.path, {value.text, fmt::format("{}:{}", name, value.line)}, where);
  }
}

void ReadFile(const std::filesystem::path& file, Config* config) {
  ReadDocument(ReadText(file), file.string(), file.filename().string(), file.parent_path(), config);
}

/// Reads the profile of that name, or an overlay of one ("pyspark-minio.prod"), from what the program carries. False:
/// there is none.
bool ReadProfile(const std::string& name, Config* config) {
  const ProfileText* profile = FindProfileText(name);
  if (profile == nullptr) return false;
  const std::string origin = "profile " + name;
  ReadDocument(profile->text, origin, origin, "", config);
  return true;
}

/// A variable of the environment or of the .env file.
struct Variable {
  std::string value;
  std::string origin;  ///< "variable NAME", ".env:3 NAME"
  std::string where;   ///< begins a complaint
  std::string wrong;   ///< why its value cannot be read
};
using Variables = std::map<std::string, Variable>;

constexpr std::string_view kSparkEnv = "SPARK_ENV__";
constexpr std::string_view kOurs = "TINDERBOX_";

Variables ReadVariables(const ConfigSources& sources) {
  Variables variables;
  std::error_code ignored;
  if (!sources.env_file.empty() && std::filesystem::exists(sources.env_file, ignored)) {
    const std::string file = sources.env_file.string();
    for (EnvVariable& line : ParseEnvFile(ReadText(file), file))
      variables[line.name] = {line.value,
                              fmt::format("{}:{} {}", sources.env_file.filename().string(), line.line, line.name),
                              fmt::format("{}:{}: {}", file, line.line, line.name), line.wrong};
  }
  for (const auto& [name, value] : sources.environment)
    variables[name] = {value, "variable " + name, "The variable " + name, ""};
  return variables;
}

void SetFromVariable(const Variables& variables, const std::string& name, const Key& key, Config* config) {
  const auto found = variables.find(name);
  if (found == variables.end()) return;
  const Variable& variable = found->second;
  if (!variable.wrong.empty()) base::Fail(kCondition, "{} {}.", variable.where, variable.wrong);
  if (!variable.value.empty()) Set(config, std::string(key.path), {variable.value, variable.origin}, variable.where);
}

std::vector<std::string> SeedVariables(const Key& key) {
  std::vector<std::string> names;
  std::istringstream list{std::string(key.variables)};
  for (std::string name; list >> name;) names.push_back(name);
  return names;
}

/// Variables of Spark's spark-env.sh that have no key, and what takes their place.
struct Unused {
  std::string_view name;
  std::string_view instead;
};
constexpr std::string_view kByConf = "Spark's settings go into [spark_conf], which daemons read too";
constexpr std::string_view kByFolder = "the cluster keeps it in its own folder, which `tinderbox info` shows";
constexpr std::string_view kBySupervisor = "the supervisor runs the services itself";
constexpr Unused kUnusedOfSpark[] = {
    {"SPARK_CONF_DIR", kByConf},
    {"SPARK_MASTER_OPTS", kByConf},
    {"SPARK_WORKER_OPTS", kByConf},
    {"SPARK_HISTORY_OPTS", kByConf},
    {"SPARK_SHUFFLE_OPTS", kByConf},
    {"SPARK_DAEMON_JAVA_OPTS", kByConf},
    {"SPARK_LAUNCHER_OPTS", kByConf},
    {"SPARK_DAEMON_CLASSPATH", "jars go into spark_conf.spark.jars"},
    {"SPARK_LOG_DIR", kByFolder},
    {"SPARK_WORKER_DIR", kByFolder},
    {"SPARK_PID_DIR", kByFolder},
    {"SPARK_LOCAL_DIRS", kByFolder},
    {"SPARK_MASTER_LOG", kByFolder},
    {"SPARK_WORKER_LOG", kByFolder},
    {"SPARK_IDENT_STRING", kBySupervisor},
    {"SPARK_NICENESS", kBySupervisor},
    {"SPARK_NO_DAEMONIZE", kBySupervisor},
    {"SPARK_SSH_OPTS", kBySupervisor},
    {"SPARK_SSH_FOREGROUND", kBySupervisor},
    {"SPARK_WORKLOAD", kBySupervisor},
    {"SPARK_WORKER_PORT", "workers get free ports"},
    {"SPARK_MASTER", "the master's address follows from network.host and ports.master"},
    {"SPARK_PUBLIC_DNS", "every page is behind the gateway, whose links need no name"},
    {"SPARK_EXECUTOR_INSTANCES", "each job says how many executors it wants: tinderbox submit --num-executors"},
    {"HADOOP_CONF_DIR", kByFolder},
    {"YARN_CONF_DIR", kByFolder},
};

/// Protection that images of Spark switch on by these: who asks for it must not believe to have it.
constexpr std::string_view kProtection[] = {"SPARK_RPC_AUTHENTICATION_ENABLED", "SPARK_RPC_ENCRYPTION_ENABLED",
                                            "SPARK_LOCAL_STORAGE_ENCRYPTION_ENABLED", "SPARK_SSL_ENABLED"};

/// SPARK_ENV__NAME: a variable of a key has been read already; another one is named, or refused when there is no such.
void CheckSparkEnv(const std::string& name, const Variable& variable, Config* config) {
  const std::string inner = name.substr(kSparkEnv.size());
  std::vector<std::string> known;
  for (const Key& key : Keys()) {
    for (std::string& seed : SeedVariables(key)) known.push_back(std::move(seed));
  }
  if (std::find(known.begin(), known.end(), inner) != known.end()) return;
  for (const Unused& unused : kUnusedOfSpark) {
    if (unused.name == inner) {
      config->warnings.push_back(fmt::format("{} is not used: {}.", variable.where, unused.instead));
      return;
    }
    known.emplace_back(unused.name);
  }
  base::Fail(kCondition, "{}: Spark has no variable {}.{}", variable.where, inner, DidYouMean(inner, known));
}

/// What is set for us and would otherwise have no effect without a word.
void CheckVariables(const Variables& variables, Config* config) {
  std::vector<std::string> ours;
  std::set<std::string> sections;
  for (const Key& key : Keys()) {
    ours.push_back(VariableOf(key));
    if (key.path.find('.') != std::string_view::npos)
      sections.insert(ours.back().substr(0, ours.back().find('_', kOurs.size()) + 1));
  }
  for (const auto& [name, variable] : variables) {
    if (name.starts_with(kSparkEnv)) CheckSparkEnv(name, variable, config);
    if (std::find(std::begin(kProtection), std::end(kProtection), name) != std::end(kProtection) &&
        (variable.value == "yes" || variable.value == "true" || variable.value == "1"))
      base::Fail(kCondition,
                 "{} asks for protection that it does not switch on here. Set Spark's own settings in [spark_conf] "
                 "(spark.authenticate, spark.network.crypto.enabled, spark.io.encryption.enabled, spark.ssl.enabled), "
                 "and this variable to no.",
                 variable.where);
    const bool early = name == "TINDERBOX_NAME" || name == "TINDERBOX_CACHE";
    if (early && !variable.origin.starts_with("variable"))
      config->warnings.push_back(
          fmt::format("{} is not used: it says where things are before any file is read. Export it.", variable.where));
    // TINDERBOX_WORKER_… can only be meant as a key.
    const bool meant = name.starts_with(kOurs) && sections.contains(name.substr(0, name.find('_', kOurs.size()) + 1));
    if (meant && std::find(ours.begin(), ours.end(), name) == ours.end())
      base::Fail(kCondition, "{} stands for no key of cluster.toml.{}", variable.where, DidYouMean(name, ours));
  }
}

/// CORE_SITE__NAME and its like.
void SetSiteConf(const Variables& variables, Config* config) {
  for (const SiteTable& table : kSiteTables) {
    for (auto found = variables.lower_bound(std::string(table.variables));
         found != variables.end() && found->first.starts_with(table.variables); ++found) {
      const auto& [name, variable] = *found;
      if (!variable.wrong.empty()) base::Fail(kCondition, "{} {}.", variable.where, variable.wrong);
      Set(config, fmt::format("{}.{}", table.name, name.substr(table.variables.size())),
          {variable.value, variable.origin}, variable.where);
    }
  }
}

/// Variables may be set for other clusters than this one, which has no service that reads them: they are named.
void DropUnreadSiteConf(const Variables& variables, Config* config) {
  const std::set<std::string> with = ToSpec(*config).with;
  for (const SiteTable& table : kSiteTables) {
    const std::vector<std::string> readers = SplitList(table.readers);
    if (std::any_of(readers.begin(), readers.end(), [&](const std::string& name) { return with.contains(name); }))
      continue;
    for (auto found = variables.lower_bound(std::string(table.variables));
         found != variables.end() && found->first.starts_with(table.variables); ++found) {
      config->site_conf.erase(fmt::format("{}.{}", table.name, found->first.substr(table.variables.size())));
      config->warnings.push_back(
          fmt::format("{} is not used: it is for {}, which is read by {}, and `with` names none.", found->second.where,
                      table.file, fmt::join(readers, ", ")));
    }
  }
}

/// Everything, with the layer of that profile.
Config ReadLayers(const ConfigSources& sources, const std::string& profile) {
  Config config;
  for (const Key& key : Keys()) config.keys[std::string(key.path)] = {std::string(key.standard), "default"};
  if (!sources.kept_profile.empty()) config.keys["profile"] = {sources.kept_profile, "the cluster, which has had it"};
  std::error_code ignored;
  if (!sources.user_file.empty() && std::filesystem::exists(sources.user_file, ignored))
    ReadFile(sources.user_file, &config);
  std::set<std::string> profile_overlays;
  if (!profile.empty()) {
    ReadProfile(profile, &config);
    for (const Overlay& overlay : sources.overlays) {
      if (!overlay.name.empty() && ReadProfile(profile + "." + overlay.name, &config))
        profile_overlays.insert(overlay.name);
    }
  }
  if (!sources.project_file.empty()) ReadFile(sources.project_file, &config);
  for (const Overlay& overlay : sources.overlays) {
    // Before the profile is known, its overlays are not missed.
    const bool optional = profile.empty() || profile_overlays.contains(overlay.name);
    if (!optional || std::filesystem::exists(overlay.file, ignored)) ReadFile(overlay.file, &config);
  }
  const Variables variables = ReadVariables(sources);
  CheckVariables(variables, &config);
  for (const Key& key : Keys()) {
    for (const std::string& name : SeedVariables(key)) {
      SetFromVariable(variables, name, key, &config);
      SetFromVariable(variables, std::string(kSparkEnv) + name, key, &config);
    }
    SetFromVariable(variables, VariableOf(key), key, &config);
  }
  SetSiteConf(variables, &config);
  for (const auto& [path, setting] : sources.flags) Set(&config, path, setting, "The " + setting.origin);
  DropUnreadSiteConf(variables, &config);
  return config;
}

}  // namespace

Config ReadConfig(const ConfigSources& sources) {
  const Setting profile = ReadLayers(sources, "").keys.at("profile");
  if (profile.text != kNoProfile) {
    const std::vector<std::string> names = ProfileNames();
    if (std::find(names.begin(), names.end(), profile.text) == names.end())
      base::Fail(kCondition, "There is no profile \"{}\" ({}).{} There are: {}.", profile.text, profile.origin,
                 DidYouMean(profile.text, names), fmt::join(names, ", "));
  }
  Config config = ReadLayers(sources, profile.text);
  config.keys["profile"] = profile;
  return config;
}

ClusterSpec ToSpec(const Config& config) {
  ClusterSpec spec;
  for (const auto& [path, setting] : config.keys) SetField(*FindKey(path), setting.text, &spec);
  for (const auto& [name, setting] : config.spark_conf) spec.spark_conf[name] = setting.text;
  for (const auto& [path, setting] : config.site_conf) {
    const size_t dot = path.find('.');
    spec.site_conf[path.substr(0, dot)][path.substr(dot + 1)] = setting.text;
  }
  for (const auto& [path, setting] : config.folders) spec.folders[path] = setting.text;
  return spec;
}

}  // namespace tinderbox::cluster
