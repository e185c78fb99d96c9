#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cluster/config.h"
#include "cluster/extras.h"
#include "cluster/keys.h"
#include "cluster/profiles.h"
#include "cluster/units.h"

namespace tinderbox::cluster {
namespace {

std::string Quoted(const Key& key, const std::string& text) {
  if (key.kind == KeyKind::kNames) return nlohmann::json(SplitList(text == "none" ? "" : text)).dump();
  const bool number = key.kind == KeyKind::kCount || key.kind == KeyKind::kPort;
  const bool bare = key.kind == KeyKind::kFlag || (number && text != "auto" && !text.ends_with(kOrFree));
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
  if (!config.folders.empty()) out += "\n[folders]\n";
  for (const auto& [path, setting] : config.folders) add(path, setting);
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
  if (!config.folders.empty()) out["folders"] = nlohmann::ordered_json::object();
  for (const auto& [path, setting] : config.folders) out["folders"][path] = show(setting);
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
        if (key.kind == KeyKind::kPort)
          value = {{"oneOf", Json::array({value, {{"const", "auto"}}, {{"pattern", "^[0-9]+ or free$"}}})},
                   {"default", "auto"}};
        else if (key.standard == "auto")
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
      case KeyKind::kChoice:
        value = {{"enum", SplitList(key.choices)}, {"default", std::string(key.standard)}};
        break;
      case KeyKind::kNames:
        value = {{"type", "array"},
                 {"items", {{"enum", OptionalServices()}}},
                 {"uniqueItems", true},
                 {"default", Json::array()}};
        break;
    }
    if (key.path == "profile") {
      value["enum"] = ProfileNames();
      value["enum"].push_back(kNoProfile);
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
  sections["folders"] = {{"type", "object"},
                         {"description",
                          "Paths that jobs are given on their command lines, and the folders of this machine that are "
                          "meant, from the place of this file."},
                         {"propertyNames", {{"pattern", "^/.*[^/]$"}}},
                         {"additionalProperties", {{"type", "string"}}}};
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
         "\"spark.sql.shuffle.partitions\" = \"8\"\n"
         "\n# Paths that jobs are given, and the folders that are meant.\n[folders]\n# "
         "\"/opt/spark-data\" = \"data\"\n";
}

}  // namespace tinderbox::cluster
