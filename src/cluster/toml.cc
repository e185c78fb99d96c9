#define TOML_EXCEPTIONS 1
#include <toml++/toml.h>

#include <fmt/format.h>

#include <algorithm>

#include "base/fail.h"
#include "cluster/config.h"

namespace tinderbox::cluster {
namespace {

class Flattening {
 public:
  explicit Flattening(const std::string& name) : name_(name) {}

  void Add(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
      const std::string path = prefix + std::string(key.str());
      const int line = static_cast<int>(key.source().begin.line);
      if (const toml::table* inner = node.as_table()) {
        Add(*inner, path + ".");
      } else if (const auto* text = node.as_string()) {
        values_.push_back({path, text->get(), "string", line});
      } else if (const auto* number = node.as_integer()) {
        values_.push_back({path, fmt::format("{}", number->get()), "integer", line});
      } else if (const auto* flag = node.as_boolean()) {
        values_.push_back({path, flag->get() ? "true" : "false", "boolean", line});
      } else if (const auto* list = node.as_array(); list != nullptr && IsListOfTexts(*list)) {
        values_.push_back({path, Join(*list), "list", line});
      } else {
        base::Fail("TINDERBOX_CONFIG", "{}:{}: {} is a list, a fraction or a date; no key takes one.", name_, line,
                   path);
      }
    }
  }

  std::vector<TomlValue> Take() { return std::move(values_); }

 private:
  static bool IsListOfTexts(const toml::array& list) {
    return std::all_of(list.begin(), list.end(), [](const toml::node& node) { return node.is_string(); });
  }
  static std::string Join(const toml::array& list) {
    std::string text;
    for (const toml::node& node : list) text += (text.empty() ? "" : ",") + node.as_string()->get();
    return text.empty() ? "none" : text;
  }

  const std::string& name_;
  std::vector<TomlValue> values_;
};

}  // namespace

std::vector<TomlValue> ParseToml(std::string_view text, const std::string& name) {
  Flattening flattening(name);
  try {
    const toml::table document = toml::parse(text);
    flattening.Add(document, "");
  } catch (const toml::parse_error& error) {
    base::Fail("TINDERBOX_CONFIG", "{}:{}: this is not TOML: {}.", name, error.source().begin.line,
               error.description());
  }
  return flattening.Take();
}

}  // namespace tinderbox::cluster
