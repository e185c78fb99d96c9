#include "engine/variable_substitution.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

constexpr char kEnabled[] = "spark.sql.variable.substitute";

bool IsSpace(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
bool IsWord(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

std::string Substitute(std::string_view text, const spark::Conf& conf, std::vector<std::string>* within);

/// What stands for ${reference}.
std::string ValueOf(const std::string& reference, const spark::Conf& conf, std::vector<std::string>* within) {
  std::string key = reference;
  const size_t colon = reference.find(':');
  const bool prefixed = colon != std::string::npos && colon > 0 && colon + 1 < reference.size() &&
                        std::all_of(reference.begin(), reference.begin() + static_cast<std::ptrdiff_t>(colon), IsWord);
  if (prefixed) {
    static constexpr std::array<std::string_view, 4> kSettings = {"spark", "sparkconf", "hivevar", "hiveconf"};
    const std::string prefix = reference.substr(0, colon);
    if (prefix == "env" || prefix == "system") RefuseFeature(fmt::format("the variable ${{{}}} in a text", reference));
    if (std::ranges::find(kSettings, prefix) == kSettings.end()) return "${" + reference + "}";
    key = reference.substr(colon + 1);
  }
  if (std::ranges::find(*within, reference) != within->end()) {
    throw Error("INTERNAL_ERROR", fmt::format("The variable ${{{}}} stands in its own value.", reference));
  }
  within->push_back(reference);
  std::string out = Substitute(conf.Find(key).value_or(""), conf, within);
  within->pop_back();
  return out;
}

std::string Substitute(std::string_view text, const spark::Conf& conf, std::vector<std::string>* within) {
  std::string out;
  size_t at = 0;
  while (true) {
    const size_t begin = text.find("${", at);
    if (begin == std::string_view::npos) break;
    // At least one character, up to the first brace behind it, without a space.
    size_t end = begin + 3;
    while (end < text.size() && text[end] != '}' && !IsSpace(text[end])) ++end;
    const bool found = end < text.size() && text[end] == '}' && !IsSpace(text[begin + 2]);
    if (!found) {
      out += text.substr(at, begin + 2 - at);
      at = begin + 2;
      continue;
    }
    out += text.substr(at, begin - at);
    out += ValueOf(std::string(text.substr(begin + 2, end - begin - 2)), conf, within);
    at = end + 1;
  }
  out += text.substr(at);
  return out;
}

}  // namespace

std::string SubstituteVariables(const std::string& text, const spark::Conf& conf) {
  if (text.find("${") == std::string::npos || !conf.GetBoolean(kEnabled)) return text;
  std::vector<std::string> within;
  return Substitute(text, conf, &within);
}

}  // namespace tinderbox::engine
