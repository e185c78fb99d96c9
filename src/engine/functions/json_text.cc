#include "engine/functions/json_text.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdlib>

#include "engine/files/json_cursor.h"
#include "spark/text.h"

namespace tinderbox::engine {

namespace {

constexpr JsonDialect kDialect{.single_quotes = true, .non_numeric_numbers = false};

std::string TextOf(std::string_view raw) {
  std::string scratch;
  std::string_view text;
  return Unescape(raw, &scratch, &text) ? std::string(text) : std::string("\xEF\xBF\xBD");
}

}  // namespace

std::optional<std::string_view> FirstJsonValue(std::string_view text) {
  JsonCursor cursor(text, kDialect);
  cursor.SkipSpace();
  std::string_view raw;
  if (cursor.AtEnd() || !cursor.TakeValue(&raw)) return std::nullopt;
  return raw;
}

void AppendJsonString(std::string* out, std::string_view text) {
  *out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        *out += "\\\"";
        break;
      case '\\':
        *out += "\\\\";
        break;
      case '\b':
        *out += "\\b";
        break;
      case '\f':
        *out += "\\f";
        break;
      case '\n':
        *out += "\\n";
        break;
      case '\r':
        *out += "\\r";
        break;
      case '\t':
        *out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          *out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
        } else {
          *out += c;
        }
    }
  }
  *out += '"';
}

void AppendCompactJson(std::string* out, std::string_view raw) {
  const char first = raw[0];
  if (first == '{' || first == '[') {
    *out += first;
    bool more = false;
    JsonCursor(raw, kDialect).TakeContainer([&](std::string_view key, std::string_view value) {
      if (more) *out += ',';
      more = true;
      if (first == '{') {
        AppendJsonString(out, TextOf(key));
        *out += ':';
      }
      AppendCompactJson(out, value);
    });
    *out += first == '{' ? '}' : ']';
  } else if (IsJsonString(raw)) {
    AppendJsonString(out, TextOf(raw));
  } else if (first == 't' || first == 'f' || first == 'n') {
    *out += raw;
  } else if (raw.find_first_of(".eE") == std::string_view::npos) {
    *out += raw == "-0" ? "0" : raw;
  } else {
    const double value = std::strtod(std::string(raw).c_str(), nullptr);
    if (!std::isfinite(value)) *out += '"';
    spark::AppendDouble(out, value);
    if (!std::isfinite(value)) *out += '"';
  }
}

/// A generator of JSON that puts commas between values within an array.
struct JsonPath::Output {
  std::string text;
  bool comma = false;

  void Separate() {
    if (comma) text += ',';
    comma = true;
  }
  void Value(std::string_view raw) {
    Separate();
    AppendCompactJson(&text, raw);
  }
  void Written(std::string_view json) {
    Separate();
    text += json;
  }
  void Open() {
    Separate();
    text += '[';
    comma = false;
  }
  void Close() {
    text += ']';
    comma = true;
  }
};

JsonPath::JsonPath(std::string_view text) : valid_(Parse(text)) {}

bool JsonPath::Parse(std::string_view text) {
  const auto skip = [&] {
    while (!text.empty() && (text[0] == ' ' || (text[0] >= '\t' && text[0] <= '\r'))) text.remove_prefix(1);
  };
  const auto take = [&](std::string_view token) {
    skip();
    if (!text.starts_with(token)) return false;
    text.remove_prefix(token.size());
    return true;
  };
  if (!take("$")) return false;
  while (!text.empty()) {
    if (take(".*") || take("['*']")) {
      valid_ = false;
      return false;  // a wildcard of fields matches nothing
    }
    if (take("['")) {
      const size_t end = text.find_first_of("'?");
      if (end == 0 || end == std::string_view::npos || text[end] != '\'') return false;
      steps_.push_back({Kind::kName, std::string(text.substr(0, end))});
      text.remove_prefix(end + 1);
      if (!take("]")) return false;
    } else if (take("[")) {
      if (take("*")) {
        steps_.push_back({Kind::kAll, ""});
      } else {
        skip();
        int64_t index = 0;
        const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), index);
        if (failure != std::errc() || text[0] == '-') return false;
        text.remove_prefix(static_cast<size_t>(end - text.data()));
        steps_.push_back({Kind::kIndex, "", index});
      }
      if (!take("]")) return false;
    } else if (take(".")) {
      skip();
      const size_t end = std::min(text.find_first_of(".["), text.size());
      if (end == 0) return false;
      steps_.push_back({Kind::kName, std::string(text.substr(0, end))});
      text.remove_prefix(end);
    } else {
      return false;
    }
  }
  return true;
}

std::optional<std::string> JsonPath::Find(std::string_view json) const {
  if (!valid_) return std::nullopt;
  const auto root = FirstJsonValue(json);
  if (!root) return std::nullopt;
  Output out;
  if (!Evaluate(*root, 0, Style::kRaw, &out)) return std::nullopt;
  return std::move(out.text);
}

bool JsonPath::Evaluate(std::string_view raw, size_t step, Style style, Output* out) const {
  if (step == steps_.size()) {
    if (style == Style::kRaw && IsJsonString(raw)) {
      out->text += TextOf(raw);
    } else if (style == Style::kFlatten && raw[0] == '[') {
      bool found = false;
      for (const auto& [key, value] : EntriesOf(raw, kDialect)) found |= Evaluate(value, step, style, out);
      return found;
    } else {
      out->Value(raw);
    }
    return true;
  }
  if (raw[0] == '[') return EvaluateArray(raw, step, style, out);
  if (raw[0] != '{' || steps_[step].kind != Kind::kName) return false;
  for (const auto& [key, value] : EntriesOf(raw, kDialect)) {
    if (TextOf(key) == steps_[step].name && value != "null" && Evaluate(value, step + 1, style, out)) return true;
  }
  return false;
}

bool JsonPath::EvaluateArray(std::string_view raw, size_t step, Style style, Output* out) const {
  const JsonEntries entries = EntriesOf(raw, kDialect);
  if (Is(step, Kind::kIndex)) {
    const auto index = static_cast<size_t>(steps_[step].index);
    if (index >= entries.size()) return false;
    return Evaluate(entries[index].second, step + 1, Is(step + 1, Kind::kAll) ? Style::kQuoted : style, out);
  }
  if (!Is(step, Kind::kAll)) return false;
  const bool twice = Is(step + 1, Kind::kAll);
  if (twice || style == Style::kQuoted) {
    // Two wildcards one after the other flatten what they find.
    bool found = false;
    out->Open();
    for (const auto& [key, value] : entries) {
      found |= Evaluate(value, step + (twice ? 2 : 1), twice ? Style::kFlatten : Style::kQuoted, out);
    }
    out->Close();
    return found;
  }
  // A single match stands without an array around it.
  Output inner;
  int found = 0;
  for (const auto& [key, value] : entries) {
    found += Evaluate(value, step + 1, style == Style::kRaw ? Style::kQuoted : style, &inner) ? 1 : 0;
  }
  if (found > 1) out->Written("[" + inner.text + "]");
  if (found == 1) out->Written(inner.text);
  return found > 0;
}

std::optional<int32_t> JsonArrayLength(std::string_view json) {
  const auto root = FirstJsonValue(json);
  if (!root || (*root)[0] != '[') return std::nullopt;
  return static_cast<int32_t>(EntriesOf(*root, kDialect).size());
}

std::optional<std::vector<std::string>> JsonObjectKeys(std::string_view json) {
  const auto root = FirstJsonValue(json);
  if (!root || (*root)[0] != '{') return std::nullopt;
  std::vector<std::string> out;
  for (const auto& [key, value] : EntriesOf(*root, kDialect)) out.push_back(TextOf(key));
  return out;
}

std::vector<std::optional<std::string>> JsonTuple(std::string_view json, const std::vector<std::string_view>& names) {
  std::vector<std::optional<std::string>> out(names.size());
  const auto root = FirstJsonValue(json);
  if (!root || (*root)[0] != '{') return out;
  for (const auto& [key, value] : EntriesOf(*root, kDialect)) {
    const std::string name = TextOf(key);
    for (size_t i = 0; i < names.size(); ++i) {
      if (name != names[i] || value == "null") continue;
      out[i].emplace();
      if (IsJsonString(value)) {
        *out[i] = TextOf(value);
      } else {
        AppendCompactJson(&*out[i], value);
      }
    }
  }
  return out;
}

}  // namespace tinderbox::engine
