// Java's regular expressions, run by PCRE2.
#include <fmt/format.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <map>
#include <memory>

#include "engine/functions/native.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeMatch {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

/// A compiled pattern and room for its matches. Used by one thread.
class Pattern {
 public:
  explicit Pattern(std::string_view pattern) {
    int error = 0;
    PCRE2_SIZE offset = 0;
    // Java knows \R, \h, \Q..\E, possessive quantifiers and look-behind as PCRE2 does; like Java, '$' also matches
    // before a final line break, and \d, \w, \s, \b are ASCII unless asked.
    code_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                              PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_NEVER_BACKSLASH_C, &error, &offset, nullptr));
    if (code_ == nullptr) {
      PCRE2_UCHAR message[256];
      pcre2_get_error_message(error, message, sizeof message);
      throw Error("INVALID_PARAMETER_VALUE.PATTERN",
                  fmt::format("The regular expression '{}' is not valid at offset {}: {}.", pattern, offset,
                              reinterpret_cast<char*>(message)),
                  {{"value", std::string(pattern)}});
    }
    pcre2_jit_compile(code_.get(), PCRE2_JIT_COMPLETE);
    match_.reset(pcre2_match_data_create_from_pattern(code_.get(), nullptr));
    pcre2_pattern_info(code_.get(), PCRE2_INFO_CAPTURECOUNT, &groups_);
  }

  uint32_t groups() const { return groups_; }

  bool Match(std::string_view text, size_t from, uint32_t options = 0) {
    const int result = pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from,
                                   options | PCRE2_NO_UTF_CHECK, match_.get(), nullptr);
    if (result >= 0) return true;
    if (result == PCRE2_ERROR_NOMATCH) return false;
    PCRE2_UCHAR message[256];
    pcre2_get_error_message(result, message, sizeof message);
    throw Error("TINDERBOX_REGEX_LIMIT",
                fmt::format("A regular expression gave up: {}. Simplify it.", reinterpret_cast<char*>(message)));
  }

  size_t begin(size_t group = 0) const { return pcre2_get_ovector_pointer(match_.get())[2 * group]; }
  size_t end(size_t group = 0) const { return pcre2_get_ovector_pointer(match_.get())[2 * group + 1]; }
  bool matched(size_t group) const { return begin(group) != PCRE2_UNSET; }
  const pcre2_code* code() const { return code_.get(); }

 private:
  std::unique_ptr<pcre2_code, FreeCode> code_;
  std::unique_ptr<pcre2_match_data, FreeMatch> match_;
  uint32_t groups_ = 0;
};

/// Patterns are mostly constants: each thread keeps the last few compiled.
Pattern& Compiled(std::string_view text) {
  thread_local std::map<std::string, std::unique_ptr<Pattern>, std::less<>> cache;
  const auto found = cache.find(text);
  if (found != cache.end()) return *found->second;
  auto pattern = std::make_unique<Pattern>(text);
  if (cache.size() >= 64) cache.clear();
  return *cache.emplace(std::string(text), std::move(pattern)).first->second;
}

size_t NextPoint(std::string_view text, size_t at) {
  ++at;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
  return at;
}

/// Calls `each` for every match as Java's Matcher.find does; stops when it returns false.
template <typename F>
void ForEachMatch(Pattern& pattern, std::string_view text, size_t from, F each) {
  size_t at = from;
  while (at <= text.size() && pattern.Match(text, at)) {
    const size_t begin = pattern.begin();
    const size_t end = pattern.end();
    if (!each(begin, end)) return;
    at = end > begin ? end : NextPoint(text, end);
  }
}

std::vector<std::string_view> Split(std::string_view text, std::string_view regex, int32_t limit) {
  std::vector<std::string_view> out;
  size_t begin = 0;
  // An empty pattern takes the text apart, without the empty piece that Java would leave at its end.
  if (regex.empty()) {
    if (text.empty()) return {text};
    for (size_t at = 0; at < text.size();) {
      if (limit > 0 && static_cast<int32_t>(out.size()) == limit - 1) {
        out.push_back(text.substr(at));
        return out;
      }
      const size_t next = NextPoint(text, at);
      out.push_back(text.substr(at, next - at));
      at = next;
    }
    return out;
  }
  Pattern& pattern = Compiled(regex);
  ForEachMatch(pattern, text, 0, [&](size_t from, size_t to) {
    if (limit > 0 && static_cast<int32_t>(out.size()) >= limit - 1) return false;
    if (to == 0 && from == 0) return true;  // no empty first piece from a match without width
    out.push_back(text.substr(begin, from - begin));
    begin = to;
    return true;
  });
  out.push_back(text.substr(begin));
  return out;
}

[[noreturn]] void ThrowGroup(int64_t group, uint32_t groups) {
  throw Error("INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX",
              fmt::format("The regular expression has {} groups: group {} does not exist.", groups, group),
              {{"groupIndex", std::to_string(group)}, {"groupCount", std::to_string(groups)}});
}

/// Java's replacement text: $1 and ${name} are groups, a back-slash takes the next character as it is.
void AppendReplacement(std::string* out, const Pattern& pattern, std::string_view text, std::string_view replacement) {
  const auto append_group = [&](uint32_t group) {
    if (pattern.matched(group))
      out->append(text.substr(pattern.begin(group), pattern.end(group) - pattern.begin(group)));
  };
  for (size_t i = 0; i < replacement.size(); ++i) {
    if (replacement[i] == '\\') {
      if (++i == replacement.size())
        throw Error("INVALID_PARAMETER_VALUE.PATTERN", "A replacement ends with a lone back-slash.");
      out->push_back(replacement[i]);
    } else if (replacement[i] != '$') {
      out->push_back(replacement[i]);
    } else if (i + 1 < replacement.size() && replacement[i + 1] == '{') {
      const size_t close = replacement.find('}', i);
      const std::string name(replacement.substr(i + 2, close == std::string_view::npos ? 0 : close - i - 2));
      const int group = pcre2_substring_number_from_name(pattern.code(), reinterpret_cast<PCRE2_SPTR>(name.c_str()));
      if (group < 0)
        throw Error("INVALID_PARAMETER_VALUE.PATTERN",
                    fmt::format("The regular expression has no group named '{}'.", name));
      append_group(static_cast<uint32_t>(group));
      i = close;
    } else {
      if (i + 1 >= replacement.size() || replacement[i + 1] < '0' || replacement[i + 1] > '9') {
        throw Error("INVALID_PARAMETER_VALUE.PATTERN",
                    "A '$' in a replacement must name a group; write '\\$' for the character.");
      }
      uint32_t group = static_cast<uint32_t>(replacement[++i] - '0');
      if (group > pattern.groups()) ThrowGroup(group, pattern.groups());
      while (i + 1 < replacement.size() && replacement[i + 1] >= '0' && replacement[i + 1] <= '9') {
        const uint32_t longer = group * 10 + static_cast<uint32_t>(replacement[i + 1] - '0');
        if (longer > pattern.groups()) break;
        group = longer;
        ++i;
      }
      append_group(group);
    }
  }
}

std::string Replace(std::string_view text, std::string_view regex, std::string_view replacement, int32_t position) {
  if (position < 1) {
    throw Error("DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE",
                fmt::format("The position of regexp_replace must be at least 1, not {}.", position));
  }
  size_t from = 0;
  for (int32_t i = 1; i < position && from < text.size(); ++i) from = NextPoint(text, from);
  Pattern& pattern = Compiled(regex);
  std::string out;
  size_t copied = 0;
  ForEachMatch(pattern, text, from, [&](size_t begin, size_t end) {
    out.append(text.substr(copied, begin - copied));
    AppendReplacement(&out, pattern, text, replacement);
    copied = end;
    return true;
  });
  out.append(text.substr(copied));
  return out;
}

}  // namespace

void AddNativePatterns(ScalarFunctions* out) {
  constexpr TypeKind s = TypeKind::kString;
  constexpr TypeKind i = TypeKind::kInteger;
  out->push_back({.name = "spark_regexp_like",
                  .parameters = {s, s},
                  .varargs = {},
                  .result = DataType(TypeKind::kBoolean),
                  .run = PerRow([](const ScalarInput& in, size_t row, OutVector& result) {
                    result.Data<uint8_t>()[row] = Compiled(in[1].String(row)).Match(in[0].String(row), 0) ? 1 : 0;
                  })});
  out->push_back({.name = "spark_regexp_count",
                  .parameters = {s, s},
                  .varargs = {},
                  .result = DataType(i),
                  .run = PerRow([](const ScalarInput& in, size_t row, OutVector& result) {
                    int32_t count = 0;
                    ForEachMatch(Compiled(in[1].String(row)), in[0].String(row), 0,
                                 [&](size_t, size_t) { return ++count > 0; });
                    result.Data<int32_t>()[row] = count;
                  })});
  out->push_back({.name = "spark_regexp_extract",
                  .parameters = {s, s, i},
                  .varargs = {},
                  .result = DataType(s),
                  .run = PerRow([](const ScalarInput& in, size_t row, OutVector& result) {
                    Pattern& pattern = Compiled(in[1].String(row));
                    const int32_t group = in[2].Data<int32_t>()[row];
                    if (group < 0 || group > static_cast<int32_t>(pattern.groups()))
                      ThrowGroup(group, pattern.groups());
                    const std::string_view text = in[0].String(row);
                    const auto index = static_cast<size_t>(group);
                    const bool found = pattern.Match(text, 0) && pattern.matched(index);
                    result.SetString(
                        row, found ? text.substr(pattern.begin(index), pattern.end(index) - pattern.begin(index))
                                   : std::string_view());
                  })});
  out->push_back({.name = "spark_regexp_replace",
                  .parameters = {s, s, s, i},
                  .varargs = {},
                  .result = DataType(s),
                  .run = PerRow([](const ScalarInput& in, size_t row, OutVector& result) {
                    result.SetString(row, Replace(in[0].String(row), in[1].String(row), in[2].String(row),
                                                  in[3].Data<int32_t>()[row]));
                  })});
  out->push_back({.name = "spark_split",
                  .parameters = {s, s, i},
                  .varargs = {},
                  .result = DataType::Array(DataType(s)),
                  .run = [](const ScalarInput& in, OutVector& result) {
                    uint64_t used = 0;
                    for (size_t row = 0; row < in.rows(); ++row) {
                      if (in.AnyNull(row)) continue;
                      const auto parts = Split(in[0].String(row), in[1].String(row), in[2].Data<int32_t>()[row]);
                      result.ReserveList(used + parts.size());
                      result.SetList(row, used, parts.size());
                      OutVector child = result.ListChild();
                      for (const std::string_view part : parts) child.SetString(used++, part);
                    }
                    result.SetListSize(used);
                  }});
}

}  // namespace tinderbox::engine
