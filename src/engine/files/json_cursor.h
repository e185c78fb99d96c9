#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinderbox::engine {

/// What Jackson's options of Spark's JSON reader allow beyond the standard.
struct JsonDialect {
  bool single_quotes = true;        ///< 'text' is a text too
  bool non_numeric_numbers = true;  ///< NaN, Infinity, -Infinity, INF, … are numbers
  bool unquoted_names = false;      ///< {name: 1}
};

/// The deepest nesting of a record; Jackson has the same bound.
inline constexpr int kMaxJsonDepth = 1000;

/// Steps over one JSON text. Every step checks the syntax strictly and returns false on the first fault; values are
/// given as slices of the text. UTF-8 is not checked here. Never reads beyond the text.
class JsonCursor {
 public:
  JsonCursor(std::string_view text, const JsonDialect& dialect)
      : at_(text.data()), end_(text.data() + text.size()), dialect_(dialect) {}

  void SkipSpace() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  bool AtEnd() const { return at_ == end_; }
  /// The next byte; NUL at the end.
  char Peek() const { return at_ == end_ ? '\0' : *at_; }

  /// The value that starts here, whole: its text without white space around it.
  bool TakeValue(std::string_view* raw, int depth = 0);

  /// Iterates a container. REQUIRES: Peek() is '{' or '['. `visit(key, raw value)`; the key is raw, with its quotes,
  /// and empty within arrays.
  template <typename Visit>
  bool TakeContainer(const Visit& visit, int depth = 0) {
    const bool object = *at_ == '{';
    const char close = object ? '}' : ']';
    if (depth >= kMaxJsonDepth) return false;
    ++at_;
    SkipSpace();
    if (Peek() == close) return ++at_, true;
    while (true) {
      std::string_view key;
      SkipSpace();
      if (object) {
        if (!TakeKey(&key)) return false;
        SkipSpace();
        if (Peek() != ':') return false;
        ++at_;
        SkipSpace();
      }
      std::string_view value;
      if (!TakeValue(&value, depth + 1)) return false;
      visit(key, value);
      SkipSpace();
      const char next = Peek();
      if (next != ',' && next != close) return false;
      ++at_;
      if (next == close) return true;
    }
  }

 private:
  bool TakeString(std::string_view* raw);
  bool TakeKey(std::string_view* raw);
  bool TakeNumber();
  bool TakeWord(std::string_view word);

  const char* at_;
  const char* end_;
  const JsonDialect& dialect_;
};

/// Keys (raw; empty within arrays) and values of a container.
using JsonEntries = std::vector<std::pair<std::string_view, std::string_view>>;
/// REQUIRES: a container that a JsonCursor gave.
JsonEntries EntriesOf(std::string_view raw, const JsonDialect& dialect);

/// Keys as text, each once, in the order of their first appearance, and the last value of each, as in Spark; false when
/// a key is no text, which is left out.
using JsonMapEntries = std::vector<std::pair<std::string, std::string_view>>;
bool MapEntriesOf(std::string_view raw, const JsonDialect& dialect, JsonMapEntries* out);

/// True for a raw text value ("…" or '…').
inline bool IsJsonString(std::string_view raw) {
  return !raw.empty() && (raw.front() == '"' || raw.front() == '\'');
}

/// The text that a raw string (with its quotes) or an unquoted key stands for; `scratch` holds it when it had escapes.
/// False for a lone surrogate, which is no text. REQUIRES: a slice that a JsonCursor gave.
bool Unescape(std::string_view raw, std::string* scratch, std::string_view* out);

}  // namespace tinderbox::engine
