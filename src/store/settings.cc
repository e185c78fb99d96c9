#include "store/settings.h"

#include <libxml/parser.h>
#include <libxml/xinclude.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "base/ascii.h"
#include "base/fail.h"

namespace tinderbox::store {
namespace {

std::string TextOf(xmlNode* node) {
  const std::unique_ptr<xmlChar, decltype(xmlFree)> text(xmlNodeGetContent(node), xmlFree);
  std::string out = text == nullptr ? "" : reinterpret_cast<const char*>(text.get());
  const size_t first = out.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return "";
  return out.substr(first, out.find_last_not_of(" \t\r\n") - first + 1);
}

std::string_view NameOf(const xmlNode* node) {
  return node->type == XML_ELEMENT_NODE ? reinterpret_cast<const char*>(node->name) : "";
}

void Collect(xmlNode* configuration, Settings::Names* out) {
  for (xmlNode* node = configuration->children; node != nullptr; node = node->next) {
    if (NameOf(node) == "configuration") Collect(node, out);  // an included file
    if (NameOf(node) != "property") continue;
    std::string name, value;
    for (xmlNode* part = node->children; part != nullptr; part = part->next) {
      if (NameOf(part) == "name") name = TextOf(part);
      if (NameOf(part) == "value") value = TextOf(part);
    }
    if (!name.empty()) (*out)[name] = value;
  }
}

}  // namespace

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Settings::Names ReadHadoopFile(const std::string& file) {
  Settings::Names out;
  if (::access(file.c_str(), F_OK) != 0) return out;
  const int flags = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOXINCNODE;
  const std::unique_ptr<xmlDoc, decltype(&xmlFreeDoc)> document(xmlReadFile(file.c_str(), nullptr, flags), xmlFreeDoc);
  if (document == nullptr || xmlXIncludeProcessFlags(document.get(), flags) < 0 ||
      xmlDocGetRootElement(document.get()) == nullptr) {
    base::Fail("TINDERBOX_CONFIG",
               "{} cannot be read as one of Hadoop's configuration files. Repair it, or let HADOOP_CONF_DIR name "
               "another folder.",
               file);
  }
  Collect(xmlDocGetRootElement(document.get()), &out);
  return out;
}

Settings::Settings(const Names& options, std::function<std::optional<std::string>(const std::string&)> conf)
    : conf_(std::move(conf)) {
  for (const auto& [name, value] : options) options_[base::LowerCase(name)] = value;
  const std::string folder = Environment("HADOOP_CONF_DIR");
  if (folder.empty()) return;
  for (const char* file : {"/core-site.xml", "/hdfs-site.xml"}) {
    for (const auto& [name, value] : ReadHadoopFile(folder + file)) files_[name] = value;
  }
}

std::optional<std::string> Settings::Find(const std::string& key) const {
  std::optional<std::string> out;
  if (const auto option = options_.find(base::LowerCase(key)); option != options_.end()) out = option->second;
  if (!out && conf_) out = conf_(key);
  if (!out && conf_) out = conf_("spark.hadoop." + key);
  if (const auto file = files_.find(key); !out && file != files_.end()) out = file->second;
  if (out && out->empty()) out.reset();
  return out;
}

bool Settings::GetBoolean(const std::string& key, bool fallback) const {
  const std::optional<std::string> value = Find(key);
  if (!value) return fallback;
  const std::string text = base::LowerCase(*value);
  if (text == "true" || text == "false") return text == "true";
  base::FailWith("INVALID_CONF_VALUE", {{"confName", key}, {"confValue", *value}},
                 "The setting {} has the value \"{}\"; it is true or false.", key, *value);
}

bool IsHadoopOption(const std::string& name) {
  return name.starts_with("fs.") || name.starts_with("dfs.");
}

Settings TakeSettings(Settings::Names* options, Settings::Names conf) {
  Settings::Names taken;
  for (auto it = options->begin(); it != options->end();) {
    const auto option = it++;
    if (IsHadoopOption(option->first)) taken.insert(options->extract(option));
  }
  return {taken, [conf = std::move(conf)](const std::string& key) -> std::optional<std::string> {
            const auto found = conf.find(key);
            return found == conf.end() ? std::nullopt : std::optional(found->second);
          }};
}

}  // namespace tinderbox::store
