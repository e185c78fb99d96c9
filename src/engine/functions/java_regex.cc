#include "engine/functions/java_regex.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "engine/translate/refusals.h"

namespace tinderbox::engine {

namespace {

using Name = std::pair<std::string_view, std::string_view>;

/// Classes of ASCII characters, in Java's words and in those of POSIX.
constexpr std::array<Name, 13> kPosix = {{{"Lower", "lower"},
                                          {"Upper", "upper"},
                                          {"ASCII", "ascii"},
                                          {"Alpha", "alpha"},
                                          {"Digit", "digit"},
                                          {"Alnum", "alnum"},
                                          {"Punct", "punct"},
                                          {"Graph", "graph"},
                                          {"Print", "print"},
                                          {"Blank", "blank"},
                                          {"Cntrl", "cntrl"},
                                          {"XDigit", "xdigit"},
                                          {"Space", "space"}}};

/// Properties that have another name in PCRE2.
constexpr std::array<Name, 10> kProperties = {{{"javaLowerCase", "Lowercase"},
                                               {"javaUpperCase", "Uppercase"},
                                               {"javaAlphabetic", "Alphabetic"},
                                               {"javaLetter", "L"},
                                               {"javaDigit", "Nd"},
                                               {"IsPunctuation", "P"},
                                               {"IsDigit", "Nd"},
                                               {"IsControl", "Cc"},
                                               {"IsLetter", "L"},
                                               {"IsAssigned", "Assigned"}}};

class Translation {
 public:
  explicit Translation(std::string_view pattern) : pattern_(pattern) {}

  std::string Run() {
    while (at_ < pattern_.size()) {
      const char c = pattern_[at_];
      if (c == '\\') {
        TakeEscape();
      } else if (c == '[') {
        TakeOpen();
      } else if (c == ']' && depth_ > 0) {
        ++at_;
        if (--depth_ == 0) out_ += ']';
      } else if (depth_ > 0 && pattern_.substr(at_).starts_with("&&")) {
        RefuseFeature("intersections of character classes (&&) in a regular expression");
      } else {
        out_ += c;
        ++at_;
      }
    }
    return std::move(out_);
  }

 private:
  /// A class within a class is what it adds to it.
  void TakeOpen() {
    ++at_;
    const bool negated = at_ < pattern_.size() && pattern_[at_] == '^';
    if (depth_++ == 0) {
      out_ += '[';
      if (negated) {
        out_ += '^';
        ++at_;
      }
      if (at_ < pattern_.size() && pattern_[at_] == ']') {
        out_ += "\\]";
        ++at_;
      }
    } else if (negated) {
      RefuseFeature("a negated character class within another one in a regular expression");
    }
  }

  void TakeEscape() {
    const std::string_view rest = pattern_.substr(at_);
    if (rest.size() < 2) {
      out_ += '\\';
      ++at_;
      return;
    }
    switch (rest[1]) {
      case 'Q': {
        const size_t end = rest.find("\\E");
        const std::string_view text = rest.substr(2, end == std::string_view::npos ? end : end - 2);
        for (const char c : text) {
          const bool plain =
              (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0;
          if (!plain) out_ += '\\';
          out_ += c;
        }
        at_ += end == std::string_view::npos ? rest.size() : end + 2;
        return;
      }
      case 'u':
        if (rest.size() >= 6) {
          out_ += fmt::format("\\x{{{}}}", rest.substr(2, 4));
          at_ += 6;
          return;
        }
        break;
      case '0': {
        size_t digits = 0;
        const size_t most = rest.size() > 2 && rest[2] <= '3' ? 3 : 2;
        while (digits < most && rest.size() > 2 + digits && rest[2 + digits] >= '0' && rest[2 + digits] <= '7')
          ++digits;
        if (digits == 0) break;
        out_ += fmt::format("\\o{{{}}}", rest.substr(2, digits));
        at_ += 2 + digits;
        return;
      }
      case 'p':
      case 'P':
        if (rest.size() > 2 && rest[2] == '{') return TakeProperty(rest);
        break;
      case 'K':  // PCRE2 gives them a meaning, Java none
      case 'g':
      case 'o':
      case 'N':
      case 'E':
        out_ += "\\y";
        at_ += 2;
        return;
      default:
        break;
    }
    out_ += rest.substr(0, 2);
    at_ += 2;
  }

  void TakeProperty(std::string_view rest) {
    const size_t close = rest.find('}');
    if (close == std::string_view::npos) {
      out_ += rest.substr(0, 2);
      at_ += 2;
      return;
    }
    const bool negated = rest[1] == 'P';
    std::string_view name = rest.substr(3, close - 3);
    at_ += close + 1;
    for (const auto& [java, posix] : kPosix) {
      if (name != java) continue;
      const std::string set = fmt::format("[:{}{}:]", negated ? "^" : "", posix);
      out_ += depth_ > 0 ? set : "[" + set + "]";
      return;
    }
    std::string_view known;
    for (const auto& [java, pcre] : kProperties) {
      if (name == java) known = pcre;
    }
    if (known.empty()) {
      if (name.starts_with("In") || name.starts_with("blk=") || name.starts_with("block=") ||
          name.starts_with("java")) {
        RefuseFeature(fmt::format("the character class \\p{{{}}} in a regular expression", name));
      }
      if (name.starts_with("Is")) name.remove_prefix(2);
      if (const size_t equals = name.find('='); equals != std::string_view::npos) name.remove_prefix(equals + 1);
      known = name;
    }
    out_ += fmt::format("\\{}{{{}}}", rest[1], known);
  }

  std::string_view pattern_;
  size_t at_ = 0;
  int depth_ = 0;  // of character classes
  std::string out_;
};

}  // namespace

std::string PcreOfJava(std::string_view pattern) {
  return Translation(pattern).Run();
}

}  // namespace tinderbox::engine
