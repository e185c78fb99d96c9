#include "engine/files/json_cursor.h"

#include <algorithm>
#include <cstdint>

#include "base/ascii.h"
#include "base/escapes.h"

namespace tinderbox::engine {
namespace {

/// The code unit of the four digits at `at`.
uint32_t CodeUnit(const char* at) {
  uint32_t out = 0;
  for (int i = 0; i < 4; ++i) out = out << 4 | static_cast<uint32_t>(base::HexDigit(at[i]));
  return out;
}

}  // namespace

bool JsonCursor::TakeString(std::string_view* raw) {
  const char quote = Peek();
  if (quote != '"' && (quote != '\'' || !dialect_.single_quotes)) return false;
  const char* start = at_;
  for (++at_; at_ != end_; ++at_) {
    const char c = *at_;
    if (c == quote) {
      ++at_;
      *raw = {start, static_cast<size_t>(at_ - start)};
      return true;
    }
    if (static_cast<unsigned char>(c) < 0x20) return false;
    if (c != '\\') continue;
    if (++at_ == end_) return false;
    switch (*at_) {
      case '"':
      case '\\':
      case '/':
      case 'b':
      case 'f':
      case 'n':
      case 'r':
      case 't':
        break;
      case '\'':
        if (!dialect_.single_quotes) return false;
        break;
      case 'u':
        if (end_ - at_ < 5) return false;
        for (int i = 1; i <= 4; ++i) {
          if (base::HexDigit(at_[i]) < 0) return false;
        }
        at_ += 4;
        break;
      default:
        return false;
    }
  }
  return false;
}

bool JsonCursor::TakeKey(std::string_view* raw) {
  if (!dialect_.unquoted_names || Peek() == '"' || Peek() == '\'') return TakeString(raw);
  const auto in_name = [](char c) {
    return base::IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<signed char>(c) < 0 ||
           std::string_view("_$@#*-+").find(c) != std::string_view::npos;
  };
  const char* start = at_;
  while (at_ != end_ && in_name(*at_)) ++at_;
  *raw = {start, static_cast<size_t>(at_ - start)};
  return !raw->empty();
}

bool JsonCursor::TakeWord(std::string_view word) {
  if (!std::string_view(at_, static_cast<size_t>(end_ - at_)).starts_with(word)) return false;
  at_ += word.size();
  return true;
}

bool JsonCursor::TakeNumber() {
  const char* start = at_;
  const bool negative = Peek() == '-';
  if (negative || Peek() == '+') ++at_;
  if (!base::IsDigit(Peek())) {
    return dialect_.non_numeric_numbers &&
           (TakeWord("Infinity") || TakeWord("INF") || (at_ == start && TakeWord("NaN")));
  }
  if (at_ != start && !negative) return false;
  if (*at_ == '0') {
    ++at_;
  } else {
    while (base::IsDigit(Peek())) ++at_;
  }
  if (Peek() == '.') {
    ++at_;
    if (!base::IsDigit(Peek())) return false;
    while (base::IsDigit(Peek())) ++at_;
  }
  if (Peek() == 'e' || Peek() == 'E') {
    ++at_;
    if (Peek() == '+' || Peek() == '-') ++at_;
    if (!base::IsDigit(Peek())) return false;
    while (base::IsDigit(Peek())) ++at_;
  }
  return true;
}

bool JsonCursor::TakeValue(std::string_view* raw, int depth) {
  const char* start = at_;
  bool good = false;
  switch (Peek()) {
    case '{':
    case '[':
      good = TakeContainer([](std::string_view, std::string_view) {}, depth);
      break;
    case '"':
    case '\'':
      return TakeString(raw);
    case 't':
      good = TakeWord("true");
      break;
    case 'f':
      good = TakeWord("false");
      break;
    case 'n':
      good = TakeWord("null");
      break;
    default:
      good = TakeNumber();
  }
  *raw = {start, static_cast<size_t>(at_ - start)};
  if (!good || at_ == end_) return good;
  // "1x" and "truefalse" are no values.
  const char next = *at_;
  return next == ',' || next == '}' || next == ']' || next == ' ' || next == '\n' || next == '\r' || next == '\t' ||
         raw->back() == '}' || raw->back() == ']';
}

bool Unescape(std::string_view raw, std::string* scratch, std::string_view* out) {
  if (!IsJsonString(raw)) {
    *out = raw;
    return true;
  }
  raw = raw.substr(1, raw.size() - 2);
  size_t slash = raw.find('\\');
  if (slash == std::string_view::npos) {
    *out = raw;
    return true;
  }
  scratch->clear();
  size_t copied = 0;
  for (; slash != std::string_view::npos; slash = raw.find('\\', copied)) {
    scratch->append(raw, copied, slash - copied);
    copied = slash + 2;
    switch (raw[slash + 1]) {
      case 'b':
        *scratch += '\b';
        break;
      case 'f':
        *scratch += '\f';
        break;
      case 'n':
        *scratch += '\n';
        break;
      case 'r':
        *scratch += '\r';
        break;
      case 't':
        *scratch += '\t';
        break;
      case 'u': {
        uint32_t code = CodeUnit(raw.data() + copied);
        copied += 4;
        if (code >= 0xD800 && code < 0xE000) {
          if (code >= 0xDC00 || raw.size() - copied < 6 || raw[copied] != '\\' || raw[copied + 1] != 'u') return false;
          const uint32_t low = CodeUnit(raw.data() + copied + 2);
          if (low < 0xDC00 || low >= 0xE000) return false;
          code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
          copied += 6;
        }
        base::AppendUtf8(scratch, code);
        break;
      }
      default:
        *scratch += raw[slash + 1];
    }
  }
  scratch->append(raw, copied);
  *out = *scratch;
  return true;
}

JsonEntries EntriesOf(std::string_view raw, const JsonDialect& dialect) {
  JsonEntries out;
  JsonCursor(raw, dialect).TakeContainer([&](std::string_view key, std::string_view value) {
    out.emplace_back(key, value);
  });
  return out;
}

bool MapEntriesOf(std::string_view raw, const JsonDialect& dialect, JsonMapEntries* out) {
  bool good = true;
  std::string scratch;
  for (const auto& [raw_key, value] : EntriesOf(raw, dialect)) {
    std::string_view key;
    if (!Unescape(raw_key, &scratch, &key)) {
      good = false;
      continue;
    }
    const auto same = std::ranges::find(*out, key, &JsonMapEntries::value_type::first);
    if (same == out->end()) {
      out->emplace_back(key, value);
    } else {
      same->second = value;
    }
  }
  return good;
}

}  // namespace tinderbox::engine
