#include "cluster/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/fail.h"
#include "cluster/extras.h"
#include "cluster/keys.h"
#include "cluster/units.h"

namespace tinderbox::cluster {
namespace {

constexpr std::string_view kCondition = "TINDERBOX_CONFIG";
constexpr std::string_view kSparkConf = "spark_conf.";

/// The tables of Hadoop's site files, the prefix of their variables, and the services of `with` that read them.
struct SiteTable {
  std::string_view name;
  std::string_view variables;
};
constexpr SiteTable kSiteTables[] = {{"core_site", "CORE_SITE__"},
                                     {"hdfs_site", "HDFS_SITE__"},
                                     {"yarn_site", "YARN_SITE__"},
                                     {"mapred_site", "MAPRED_SITE__"}};

bool IsSiteConf(std::string_view path) {
  return std::any_of(std::begin(kSiteTables), std::end(kSiteTables),
                     [&](const SiteTable& table) { return path.rfind(std::string(table.name) + ".", 0) == 0; });
}

bool IsSparkConf(std::string_view path) {
  return path.substr(0, kSparkConf.size()) == kSparkConf;
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
    case KeyKind::kCount:
    case KeyKind::kPort:
      return value.type == "integer";
    case KeyKind::kNames:
      return value.type == "list";
    default:
      return value.type == "string";
  }
}

void ReadFile(const std::filesystem::path& file, Config* config) {
  const std::string name = file.filename().string();
  for (TomlValue& value : ParseToml(ReadText(file), file.string())) {
    const std::string where = fmt::format("{}:{}", file.string(), value.line);
    const Key* key = FindKey(value.path);
    if (key != nullptr && !TypeFits(*key, value)) {
      base::Fail(kCondition, "{}: {} is {} {} here; it takes {}.", where, value.path,
                 value.type == "integer" ? "an" : "a", value.type, Allowed(*key));
    }
    Set(config, value.path, {value.text, fmt::format("{}:{}", name, value.line)}, where);
  }
}

void SetFromVariable(const std::map<std::string, std::string>& environment, const std::string& variable, const Key& key,
                     Config* config) {
  const auto found = environment.find(variable);
  if (found == environment.end() || found->second.empty()) return;
  Set(config, std::string(key.path), {found->second, "variable " + variable}, "The variable " + variable);
}

std::string Quoted(const Key& key, const std::string& text) {
  if (key.kind == KeyKind::kNames) return nlohmann::json(SplitList(text == "none" ? "" : text)).dump();
  const bool bare =
      key.kind == KeyKind::kFlag || ((key.kind == KeyKind::kCount || key.kind == KeyKind::kPort) && text != "auto");
  return bare ? text : nlohmann::json(text).dump();
}

/// The lines of the keys in their sections; `line` writes one.
template <typename Line>
std::string Sections(const Line& line) {
  std::string out, section;
  for (const Key& key : Keys()) {
    const size_t dot = key.path.find('.');
    const std::string mine(dot == std::string_view::npos ? "" : key.path.substr(0, dot));
    if (mine != section) {
      out += fmt::format("{}[{}]\n", out.empty() ? "" : "\n", mine);
      section = mine;
    }
    out += line(key, std::string(key.path.substr(dot + 1)));  // the whole path when there is no dot
  }
  return out;
}

}  // namespace

Config ReadConfig(const ConfigSources& sources) {
  Config config;
  for (const Key& key : Keys()) config.keys[std::string(key.path)] = {std::string(key.standard), "default"};
  std::error_code ignored;
  if (!sources.user_file.empty() && std::filesystem::exists(sources.user_file, ignored))
    ReadFile(sources.user_file, &config);
  if (!sources.project_file.empty()) ReadFile(sources.project_file, &config);
  for (const std::filesystem::path& overlay : sources.overlays) ReadFile(overlay, &config);
  for (const Key& key : Keys()) {
    std::istringstream seeds{std::string(key.variables)};
    for (std::string variable; seeds >> variable;) SetFromVariable(sources.environment, variable, key, &config);
    SetFromVariable(sources.environment, VariableOf(key), key, &config);
  }
  for (const SiteTable& table : kSiteTables) {
    for (auto found = sources.environment.lower_bound(std::string(table.variables));
         found != sources.environment.end() && found->first.rfind(table.variables, 0) == 0; ++found) {
      const auto& [variable, value] = *found;
      Set(&config, fmt::format("{}.{}", table.name, variable.substr(table.variables.size())),
          {value, "variable " + variable}, "The variable " + variable);
    }
  }
  for (const auto& [path, setting] : sources.flags) Set(&config, path, setting, "The " + setting.origin);
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
  return spec;
}

std::string ConfigToml(const Config& config, bool origins) {
  std::string out = Sections([&](const Key& key, const std::string& name) {
    const Setting& setting = config.keys.at(std::string(key.path));
    const std::string line = fmt::format("{} = {}", name, Quoted(key, setting.text));
    return origins ? fmt::format("{:<28} # {}\n", line, setting.origin) : line + "\n";
  });
  const auto add = [&](const std::string& name, const Setting& setting) {
    const std::string line = fmt::format("{} = {}", nlohmann::json(name).dump(), nlohmann::json(setting.text).dump());
    out += origins ? fmt::format("{:<28} # {}\n", line, setting.origin) : line + "\n";
  };
  std::string table;
  for (const auto& [path, setting] : config.site_conf) {
    const size_t dot = path.find('.');
    if (table != path.substr(0, dot)) {
      table = path.substr(0, dot);
      out += fmt::format("\n[{}]\n", table);
    }
    add(path.substr(dot + 1), setting);
  }
  if (!config.spark_conf.empty()) out += "\n[spark_conf]\n";
  for (const auto& [name, setting] : config.spark_conf) add(name, setting);
  return out;
}

std::string ConfigJson(const Config& config) {
  nlohmann::ordered_json out;
  const auto show = [](const Setting& setting) {
    return nlohmann::ordered_json{{"value", setting.text}, {"origin", setting.origin}};
  };
  for (const Key& key : Keys()) out[std::string(key.path)] = show(config.keys.at(std::string(key.path)));
  out["spark_conf"] = nlohmann::ordered_json::object();
  for (const auto& [name, setting] : config.spark_conf) out["spark_conf"][name] = show(setting);
  for (const auto& [path, setting] : config.site_conf) out[path] = show(setting);
  return out.dump(2) + "\n";
}

std::string ConfigSchema() {
  using Json = nlohmann::ordered_json;
  Json sections = Json::object();
  for (const Key& key : Keys()) {
    Json value;
    switch (key.kind) {
      case KeyKind::kFlag:
        value = {{"type", "boolean"}, {"default", key.standard == "true"}};
        break;
      case KeyKind::kCount:
      case KeyKind::kPort:
        value = {{"type", "integer"}, {"minimum", key.least}, {"maximum", key.most}};
        if (key.standard == "auto")
          value = {{"oneOf", Json::array({value, {{"const", "auto"}}})}, {"default", "auto"}};
        else
          value["default"] = std::stoll(std::string(key.standard));
        break;
      case KeyKind::kMemory:
        value = {{"type", "string"},
                 {"pattern", key.standard == "auto" ? "^(auto|[0-9.]+ *([bB]|[kKmMgGtT]([iI]?[bB])?)?)$"
                                                    : "^[0-9.]+([bB]|[kKmMgGtT]([iI]?[bB])?)?$"},
                 {"default", std::string(key.standard)}};
        break;
      case KeyKind::kDuration:
        value = {
            {"type", "string"}, {"pattern", "^[0-9.]+(ms|s|sec|m|min|h|d)$"}, {"default", std::string(key.standard)}};
        break;
      case KeyKind::kText:
        value = {{"type", "string"}, {"minLength", 1}, {"default", std::string(key.standard)}};
        break;
      case KeyKind::kNames:
        value = {{"type", "array"},
                 {"items", {{"enum", OptionalServices()}}},
                 {"uniqueItems", true},
                 {"default", Json::array()}};
        break;
    }
    value["description"] = fmt::format("{}. Takes {}.", key.what, Allowed(key));
    const size_t dot = key.path.find('.');
    if (dot == std::string_view::npos) {
      sections[std::string(key.path)] = value;
      continue;
    }
    Json& section = sections[std::string(key.path.substr(0, dot))];
    section["type"] = "object";
    section["additionalProperties"] = false;
    section["properties"][std::string(key.path.substr(dot + 1))] = value;
  }
  sections["spark_conf"] = {{"type", "object"},
                            {"description", "Spark's own settings, for every application of the cluster."},
                            {"propertyNames", {{"pattern", "^spark(\\.|$)"}}}};
  for (const SiteTable& table : kSiteTables)
    sections[std::string(table.name)] = {
        {"type", "object"},
        {"description",
         fmt::format("Hadoop's properties of {}; also as variables {}NAME.", table.name, table.variables)}};
  const Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                       {"title", "Tinderbox cluster.toml"},
                       {"type", "object"},
                       {"additionalProperties", false},
                       {"properties", sections}};
  return schema.dump(2) + "\n";
}

std::string ConfigTemplate() {
  std::string out =
      "# A Spark cluster for `tinderbox up`. Every key is optional; what stands here are the defaults.\n\n";
  out += Sections([](const Key& key, const std::string& name) {
    return fmt::format("# {}.\n# {} = {}\n", key.what, name, Quoted(key, std::string(key.standard)));
  });
  return out +
         "\n# Hadoop's own settings: [core_site], [hdfs_site], [yarn_site], [mapred_site].\n[hdfs_site]\n# "
         "\"dfs.blocksize\" = \"16m\"\n"
         "\n# Spark's own settings, for every application of the cluster.\n[spark_conf]\n# "
         "\"spark.sql.shuffle.partitions\" = \"8\"\n";
}

}  // namespace tinderbox::cluster
