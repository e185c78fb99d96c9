// Java's regular expressions, run by PCRE2.
#include <fmt/format.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <map>
#include <memory>

#include "engine/functions/code_points.h"
#include "engine/functions/java_regex.h"
#include "engine/functions/native_row.h"
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
  Pattern(std::string_view java, const char* function) {
    const std::string pattern = PcreOfJava(java);
    int error = 0;
    PCRE2_SIZE offset = 0;
    // Java knows \R, \h, possessive quantifiers and look-behind as PCRE2 does; like Java, '$' also matches before a
    // final line break, and \d, \w, \s, \b are ASCII unless asked.
    static pcre2_compile_context* const options = [] {
      pcre2_compile_context* made = pcre2_compile_context_create(nullptr);
      pcre2_set_newline(made, PCRE2_NEWLINE_ANYCRLF);
      return made;
    }();
    code_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                              PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_NEVER_BACKSLASH_C, &error, &offset, options));
    if (code_ == nullptr) {
      throw Error("INVALID_PARAMETER_VALUE.PATTERN",
                  fmt::format("The value of parameter(s) `regexp` in `{}` is invalid: '{}'.", function, java),
                  {{"functionName", fmt::format("`{}`", function)},
                   {"parameter", "`regexp`"},
                   {"value", fmt::format("'{}'", java)}});
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
Pattern& Compiled(std::string_view text, const char* function) {
  thread_local std::map<std::string, std::unique_ptr<Pattern>, std::less<>> cache;
  const auto found = cache.find(text);
  if (found != cache.end()) return *found->second;
  auto pattern = std::make_unique<Pattern>(text, function);
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
  Pattern& pattern = Compiled(regex, "split");
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

void CheckGroup(int32_t group, const Pattern& pattern, const char* function) {
  if (group >= 0 && group <= static_cast<int32_t>(pattern.groups())) return;
  throw Error(
      "INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX",
      fmt::format("The value of parameter(s) `idx` in `{}` is invalid: Expects group index between 0 and {}, but "
                  "got {}.",
                  function, pattern.groups(), group),
      {{"functionName", fmt::format("`{}`", function)},
       {"parameter", "`idx`"},
       {"groupCount", std::to_string(pattern.groups())},
       {"groupIndex", std::to_string(group)}});
}

/// A replacement text that Java refuses.
struct BadReplacement {};

/// Java's replacement text: $1 and ${name} are groups, a back-slash takes the next character as it is.
void AppendReplacement(std::string* out, const Pattern& pattern, std::string_view text, std::string_view replacement) {
  const auto append_group = [&](uint32_t group) {
    if (pattern.matched(group))
      out->append(text.substr(pattern.begin(group), pattern.end(group) - pattern.begin(group)));
  };
  for (size_t i = 0; i < replacement.size(); ++i) {
    if (replacement[i] == '\\') {
      if (++i == replacement.size()) throw BadReplacement();
      out->push_back(replacement[i]);
    } else if (replacement[i] != '$') {
      out->push_back(replacement[i]);
    } else if (i + 1 < replacement.size() && replacement[i + 1] == '{') {
      const size_t close = replacement.find('}', i);
      const std::string name(replacement.substr(i + 2, close == std::string_view::npos ? 0 : close - i - 2));
      const int group = pcre2_substring_number_from_name(pattern.code(), reinterpret_cast<PCRE2_SPTR>(name.c_str()));
      if (group < 0) throw BadReplacement();
      append_group(static_cast<uint32_t>(group));
      i = close;
    } else {
      if (i + 1 >= replacement.size() || replacement[i + 1] < '0' || replacement[i + 1] > '9') {
        throw BadReplacement();
      }
      uint32_t group = static_cast<uint32_t>(replacement[++i] - '0');
      if (group > pattern.groups()) throw BadReplacement();
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
  size_t from = 0;
  for (int32_t i = 1; i < position && from < text.size(); ++i) from = NextPoint(text, from);
  Pattern& pattern = Compiled(regex, "regexp_replace");
  std::string out;
  size_t copied = 0;
  try {
    ForEachMatch(pattern, text, from, [&](size_t begin, size_t end) {
      out.append(text.substr(copied, begin - copied));
      AppendReplacement(&out, pattern, text, replacement);
      copied = end;
      return true;
    });
  } catch (const BadReplacement&) {
    throw Error("INVALID_REGEXP_REPLACE",
                fmt::format("Could not perform regexp_replace for source = \"{}\", pattern = \"{}\", replacement = "
                            "\"{}\" and position = {}.",
                            text, regex, replacement, position),
                {{"source", std::string(text)},
                 {"pattern", std::string(regex)},
                 {"replacement", std::string(replacement)},
                 {"position", std::to_string(position)}});
  }
  out.append(text.substr(copied));
  return out;
}

std::string_view GroupText(const Pattern& pattern, std::string_view text, size_t group) {
  return pattern.matched(group) ? text.substr(pattern.begin(group), pattern.end(group) - pattern.begin(group))
                                : std::string_view();
}

/// Fills lists of texts; `parts(row)` gives those of a row without NULLs.
template <typename F>
void FillLists(const ScalarInput& in, OutVector& result, F parts_of) {
  uint64_t used = 0;
  for (size_t row = 0; row < in.rows(); ++row) {
    if (in.AnyNull(row)) continue;
    const std::vector<std::string_view> parts = parts_of(row);
    result.ReserveList(used + parts.size());
    result.SetList(row, used, parts.size());
    OutVector child = result.ListChild();
    for (const std::string_view part : parts) child.SetString(used++, part);
  }
  result.SetListSize(used);
}

}  // namespace

void AddNativePatterns(ScalarFunctions* out) {
  constexpr TypeKind s = TypeKind::kString;
  constexpr TypeKind i = TypeKind::kInteger;
  for (const char* function : {"rlike", "regexp_like"}) {
    AddPerRow(out, function[1] == 'l' ? "spark_rlike" : "spark_regexp_like", {s, s}, DataType(TypeKind::kBoolean),
              [=](const ScalarInput& in, size_t row, OutVector& result) {
                const bool found = Compiled(in[1].String(row), function).Match(in[0].String(row), 0);
                result.Data<uint8_t>()[row] = found ? 1 : 0;
              });
  }
  AddPerRow(out, "spark_regexp_count", {s, s}, DataType(i), [](const ScalarInput& in, size_t row, OutVector& result) {
    int32_t count = 0;
    ForEachMatch(Compiled(in[1].String(row), "regexp_extract_all"), in[0].String(row), 0,
                 [&](size_t, size_t) { return ++count > 0; });
    result.Data<int32_t>()[row] = count;
  });
  AddPerRow(out, "spark_regexp_extract", {s, s, i}, DataType(s),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              Pattern& pattern = Compiled(in[1].String(row), "regexp_extract");
              const std::string_view text = in[0].String(row);
              const int32_t group = in[2].Data<int32_t>()[row];
              const bool found = pattern.Match(text, 0);
              if (found) CheckGroup(group, pattern, "regexp_extract");
              result.SetString(row, found ? GroupText(pattern, text, static_cast<size_t>(group)) : std::string_view());
            });
  AddPerRow(out, "spark_regexp_substr", {s, s}, DataType(s), [](const ScalarInput& in, size_t row, OutVector& result) {
    Pattern& pattern = Compiled(in[1].String(row), "regexp_extract");
    const std::string_view text = in[0].String(row);
    const std::string_view found = pattern.Match(text, 0) ? GroupText(pattern, text, 0) : std::string_view();
    found.empty() ? result.SetNull(row) : result.SetString(row, found);
  });
  AddPerRow(out, "spark_regexp_instr", {s, s, i}, DataType(i),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              Pattern& pattern = Compiled(in[1].String(row), "regexp_instr");
              const std::string_view text = in[0].String(row);
              // Java counts a character beyond U+FFFF twice.
              const auto is_long = [](char c) { return (static_cast<unsigned char>(c) & 0xF8) == 0xF0; };
              const bool found = pattern.Match(text, 0);
              const std::string_view before = text.substr(0, found ? pattern.begin() : 0);
              result.Data<int32_t>()[row] =
                  found ? static_cast<int32_t>(CountPoints(before) + std::ranges::count_if(before, is_long)) + 1 : 0;
            });
  AddPerRow(out, "spark_regexp_replace", {s, s, s, i}, DataType(s),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              result.SetString(
                  row, Replace(in[0].String(row), in[1].String(row), in[2].String(row), in[3].Data<int32_t>()[row]));
            });
  const auto add_lists = [&](const char* name, auto parts_of) {
    out->push_back({.name = name,
                    .parameters = {s, s, i},
                    .varargs = {},
                    .result = DataType::Array(DataType(s)),
                    .run = [parts_of](const ScalarInput& in, OutVector& result) {
                      FillLists(in, result, [&](size_t row) {
                        return parts_of(in[0].String(row), in[1].String(row), in[2].Data<int32_t>()[row]);
                      });
                    }});
  };
  add_lists("spark_split", Split);
  add_lists("spark_regexp_extract_all", [](std::string_view text, std::string_view regex, int32_t group) {
    Pattern& pattern = Compiled(regex, "regexp_extract_all");
    std::vector<std::string_view> parts;
    ForEachMatch(pattern, text, 0, [&](size_t, size_t) {
      CheckGroup(group, pattern, "regexp_extract_all");
      parts.push_back(GroupText(pattern, text, static_cast<size_t>(group)));
      return true;
    });
    return parts;
  });
}

}  // namespace tinderbox::engine
