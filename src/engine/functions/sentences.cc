#include "engine/functions/sentences.h"

#include <utf8proc.h>

#include <algorithm>

#include "engine/functions/code_points.h"

namespace tinderbox::engine {

namespace {

struct Character {
  uint32_t point;
  size_t begin;  // in the text's bytes
  utf8proc_category_t category;
};

bool IsLetter(const Character& c) {
  switch (c.category) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_PC:
      return true;
    default:
      return false;
  }
}

bool IsDigit(const Character& c) {
  return c.category == UTF8PROC_CATEGORY_ND;
}

bool Among(const Character& c, std::u32string_view set) {
  return set.find(static_cast<char32_t>(c.point)) != std::u32string_view::npos;
}

bool IsMidWord(const Character& c) {
  return c.category == UTF8PROC_CATEGORY_PD || Among(c, U"\"'.\u00AD\u2027");
}

bool IsMidNumber(const Character& c) {
  return Among(c, U"\"',.\u066B");
}

bool IsSpace(const Character& c) {
  return c.category == UTF8PROC_CATEGORY_ZS || Among(c, U"\t\r\n\f");
}

using Characters = std::vector<Character>;

/// The end of the word or number that begins at `at`; `at` itself when none does.
size_t WordEnd(const Characters& text, size_t at) {
  const auto run = [&](auto is_part, auto is_middle) {
    while (at < text.size() && is_part(text[at])) {
      ++at;
      if (at + 1 < text.size() && is_middle(text[at]) && is_part(text[at + 1])) ++at;
    }
  };
  for (size_t start = SIZE_MAX; start != at;) {
    start = at;
    run(IsLetter, IsMidWord);
    const size_t number = at;
    run(IsDigit, IsMidNumber);
    if (at > number && at < text.size() && Among(text[at], U"\u00A2%\u066A\u2030\u2031")) return at + 1;
  }
  return at;
}

bool IsTerminator(const Character& c) {
  return Among(c, U"!?\u3002\uFF01\uFF1F");
}

/// The end of the sentence that begins at `at`.
size_t SentenceEnd(const Characters& text, size_t at) {
  const auto is_closing = [](const Character& c) {
    return c.category == UTF8PROC_CATEGORY_PE || c.category == UTF8PROC_CATEGORY_PF || Among(c, U"\"'");
  };
  while (at < text.size()) {
    const Character& c = text[at++];
    if (c.point == 0x2029) return at;
    const bool ambiguous = Among(c, U".\uFF0E");
    if (!ambiguous && !IsTerminator(c)) continue;
    bool certain = !ambiguous;
    for (; at < text.size() && (Among(text[at], U".\uFF0E") || IsTerminator(text[at])); ++at) {
      certain |= IsTerminator(text[at]);
    }
    while (at < text.size() && is_closing(text[at])) ++at;
    const size_t spaces = at;
    while (at < text.size() && IsSpace(text[at])) ++at;
    if (certain || at == text.size()) return at;
    size_t start = at;
    while (start < text.size() && (text[start].category == UTF8PROC_CATEGORY_PS ||
                                   text[start].category == UTF8PROC_CATEGORY_PI || Among(text[start], U"\"'"))) {
      ++start;
    }
    const bool capital = start < text.size() && IsLetter(text[start]) && text[start].category != UTF8PROC_CATEGORY_LL;
    if (at > spaces && capital) return at;
  }
  return at;
}

}  // namespace

std::vector<std::vector<std::string_view>> SentencesOf(std::string_view text) {
  Characters characters;
  size_t offset = 0;
  for (const uint32_t point : PointsOf(text)) {
    characters.push_back({point, offset, utf8proc_category(static_cast<utf8proc_int32_t>(point))});
    offset += 1;
    while (offset < text.size() && !StartsPoint(text[offset])) ++offset;
  }
  const auto byte = [&](size_t i) { return i < characters.size() ? characters[i].begin : text.size(); };
  std::vector<std::vector<std::string_view>> out;
  for (size_t begin = 0; begin < characters.size();) {
    const size_t end = SentenceEnd(characters, begin);
    std::vector<std::string_view> words;
    for (size_t at = begin; at < end;) {
      // A currency sign belongs to the number behind it, which then begins with no letter or digit and is left out.
      const bool prefixed = characters[at].category == UTF8PROC_CATEGORY_SC || Among(characters[at], U"#.");
      if (prefixed && at + 1 < end && IsDigit(characters[at + 1])) {
        at = WordEnd(characters, at + 1);
        continue;
      }
      const size_t word = std::min(WordEnd(characters, at), end);
      const bool counts = IsLetter(characters[at]) && characters[at].category != UTF8PROC_CATEGORY_PC &&
                          characters[at].category != UTF8PROC_CATEGORY_MN &&
                          characters[at].category != UTF8PROC_CATEGORY_MC;
      if (word > at && (counts || IsDigit(characters[at])))
        words.push_back(text.substr(byte(at), byte(word) - byte(at)));
      at = std::max(word, at + 1);
    }
    out.push_back(std::move(words));
    begin = end;
  }
  return out;
}

}  // namespace tinderbox::engine
