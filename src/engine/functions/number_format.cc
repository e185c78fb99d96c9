#include "engine/functions/number_format.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

bool IsSpace(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/// A blank goes in front of a sign that stands last, so that the sign stays beside the digits.
void AppendBlank(std::string* out) {
  const bool sign = !out->empty() && std::string_view("+-<").find(out->back()) != std::string_view::npos;
  out->insert(out->size() - (sign ? 1 : 0), 1, ' ');
}

/// A sign goes in front of blanks that stand last.
void AppendSign(std::string* out, char sign) {
  size_t at = out->size();
  while (at > 0 && (*out)[at - 1] == ' ') --at;
  out->insert(at, 1, sign);
}

void BlankLonePoint(std::string* out) {
  if (!out->empty() && out->back() == '.') out->back() = ' ';
}

}  // namespace

NumberFormat::NumberFormat(std::string_view format) : format_(format) {
  for (char& c : format_) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  bool point = false;
  for (size_t i = 0; i < format_.size();) {
    const char c = format_[i];
    if (c == '0' || c == '9') {
      const size_t start = i;
      while (i < format_.size() && (format_[i] == '0' || format_[i] == '9')) ++i;
      const auto count = static_cast<int>(i - start);
      tokens_.push_back({Kind::kDigits, count, c == '0'});
      (point ? after_ : before_) += count;
      continue;
    }
    const std::string_view two = std::string_view(format_).substr(i, 2);
    if (c == '.' || c == 'D') {
      tokens_.push_back({Kind::kPoint});
      point = true;
    } else if (c == ',' || c == 'G') {
      tokens_.push_back({Kind::kSeparator});
    } else if (c == '$') {
      tokens_.push_back({Kind::kDollar});
    } else if (c == 'S') {
      tokens_.push_back({Kind::kSign});
    } else if (two == "MI") {
      tokens_.push_back({Kind::kMinus});
      ++i;
    } else if (two == "PR") {
      tokens_.insert(tokens_.begin(), {Kind::kOpen});
      tokens_.push_back({Kind::kClose});
      ++i;
    } else {
      tokens_.push_back({Kind::kOther, 0, false, c});
    }
    ++i;
  }
  Check();
}

void NumberFormat::Refuse(const char* condition, std::string_view message, std::string_view token) const {
  Error::Params params{{"format", fmt::format("'{}'", format_)}};
  if (!token.empty()) params["token"] = std::string(token);
  throw Error(fmt::format("INVALID_FORMAT.{}", condition),
              fmt::format("The format is invalid: '{}'. {}", format_, message), std::move(params));
}

void NumberFormat::Check() const {
  if (format_.empty()) Refuse("EMPTY", "The number format string cannot be empty.");
  const auto find = [&](Kind kind) {
    return std::ranges::find_if(tokens_, [&](const Token& token) { return token.kind == kind; });
  };
  const auto digits = find(Kind::kDigits);
  const auto point = find(Kind::kPoint);
  if (digits == tokens_.end()) Refuse("WRONG_NUM_DIGIT", "The format string requires at least one number digit.");
  for (auto token = tokens_.begin(); token != tokens_.end(); ++token) {
    if (token->kind == Kind::kDollar && token > digits && (point == tokens_.end() || digits < point)) {
      Refuse("CUR_MUST_BEFORE_DIGIT", "Currency characters must appear before digits in the number format.");
    }
    if (token->kind == Kind::kDollar && token > point) {
      Refuse("CUR_MUST_BEFORE_DEC", "Currency characters must appear before any decimal point in the number format.");
    }
    if (token->kind != Kind::kSeparator) continue;
    if (token > point) {
      Refuse("THOUSANDS_SEPS_MUST_BEFORE_DEC",
             "Thousands separators (, or G) may not appear after the decimal point in the number format.");
    }
    const bool between = token != tokens_.begin() && (token - 1)->kind == Kind::kDigits && token + 1 != tokens_.end() &&
                         (token + 1)->kind == Kind::kDigits;
    if (!between) {
      Refuse("CONT_THOUSANDS_SEPS",
             "Thousands separators (, or G) must have digits in between them in the number format.");
    }
  }
  static constexpr std::pair<Kind, const char*> kSingle[] = {
      {Kind::kPoint, ". or D"}, {Kind::kSign, "S"}, {Kind::kDollar, "$"}, {Kind::kMinus, "MI"}, {Kind::kClose, "PR"}};
  for (const auto& [kind, name] : kSingle) {
    if (std::ranges::count_if(tokens_, [&, k = kind](const Token& token) { return token.kind == k; }) > 1) {
      Refuse("WRONG_NUM_TOKEN", fmt::format("At most one {} is allowed in the number format.", name), name);
    }
  }
  CheckStructure();
}

void NumberFormat::CheckStructure() const {
  // [MI|S] [$] [digits and separators] [.] [digits] [$] [PR|MI|S]
  static constexpr std::pair<Kind, int> kStages[] = {{Kind::kOpen, 0},      {Kind::kDollar, 2}, {Kind::kDigits, 3},
                                                     {Kind::kSeparator, 3}, {Kind::kPoint, 4},  {Kind::kClose, 7}};
  int stage = 0;
  for (const Token& token : tokens_) {
    int next = -1;
    std::string shown;
    for (const auto& [kind, place] : kStages) {
      if (kind == token.kind) next = place;
    }
    switch (token.kind) {
      case Kind::kDigits:
        if (stage == 4) next = 5;
        shown = "digit sequence";
        break;
      case Kind::kSign:
      case Kind::kMinus:
        next = stage == 0 ? 1 : 7;
        shown = token.kind == Kind::kSign ? "S" : "MI";
        break;
      case Kind::kDollar:
        shown = "$";
        break;
      case Kind::kPoint:
        shown = ". or D";
        break;
      case Kind::kSeparator:
        shown = ", or G";
        break;
      case Kind::kOther:
        shown = fmt::format("character '{}''", token.character);
        break;
      default:
        shown = "PR";
    }
    if (next < stage || (next == stage && stage == 7)) {
      Refuse("UNEXPECTED_TOKEN",
             fmt::format("Found the unexpected {} in the format string; the structure of the format string must match: "
                         "`[MI|S]` `[$]` `[0|9|G|,]*` `[.|D]` `[0|9]*` `[$]` `[PR|MI|S]`.",
                         shown),
             shown);
    }
    stage = next;
  }
}

DataType NumberFormat::Type() const {
  if (digits() > 38) {
    throw Error("DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION",
                fmt::format("Decimal precision {} exceeds max precision 38.", digits()),
                {{"precision", std::to_string(digits())}, {"maxPrecision", "38"}});
  }
  return DataType::Decimal(digits(), after_);
}

/// Reads the digits and separators which tokens [first, last) describe, from the right.
bool NumberFormat::TakeWhole(std::string_view text, size_t* at, size_t first, size_t last, std::string* digits) const {
  std::vector<size_t> groups{0};
  for (; *at < text.size() && (base::IsDigit(text[*at]) || text[*at] == ',' || IsSpace(text[*at])); ++*at) {
    if (text[*at] == ',') {
      groups.push_back(0);
    } else if (base::IsDigit(text[*at])) {
      *digits += text[*at];
      ++groups.back();
    }
  }
  std::vector<const Token*> wanted;
  for (size_t i = first; i < last; ++i) {
    if (tokens_[i].kind == Kind::kDigits) wanted.push_back(&tokens_[i]);
  }
  if (groups.size() > wanted.size()) return false;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const Token& token = *wanted[wanted.size() - 1 - i];
    const size_t have = i < groups.size() ? groups[groups.size() - 1 - i] : 0;
    const auto most = static_cast<size_t>(token.digits);
    if (i < groups.size() && token.exact ? have != most : have > most) return false;
  }
  return true;
}

std::optional<std::string> NumberFormat::Parse(std::string_view text) const {
  size_t at = 0;
  bool negative = false;
  bool open = false;
  bool closed = false;
  bool point = false;
  std::string whole;
  std::string fraction;
  const auto skip = [&] {
    while (at < text.size() && IsSpace(text[at])) ++at;
  };
  const auto take = [&](char c) {
    if (at >= text.size() || text[at] != c) return false;
    ++at;
    return true;
  };
  bool point_seen = false;
  for (size_t i = 0; i < tokens_.size(); ++i) {
    skip();
    switch (tokens_[i].kind) {
      case Kind::kDigits: {
        if (point) {
          size_t count = 0;
          while (point_seen && at < text.size() && base::IsDigit(text[at])) {
            fraction += text[at++];
            ++count;
          }
          if (count > static_cast<size_t>(tokens_[i].digits)) return std::nullopt;
          break;
        }
        size_t last = i;
        while (last < tokens_.size() &&
               (tokens_[last].kind == Kind::kDigits || tokens_[last].kind == Kind::kSeparator)) {
          ++last;
        }
        if (!TakeWhole(text, &at, i, last, &whole)) return std::nullopt;
        i = last - 1;
        break;
      }
      case Kind::kPoint:
        point = true;
        point_seen = take('.');
        break;
      case Kind::kDollar:
        if (!take('$')) return std::nullopt;
        break;
      case Kind::kSign:
        if (!take('+') && take('-')) negative = true;
        break;
      case Kind::kMinus:
        if (take('-')) negative = true;
        break;
      case Kind::kOpen:
        open = take('<');
        break;
      case Kind::kClose:
        closed = take('>');
        if (closed) negative = true;
        break;
      default:
        break;
    }
  }
  skip();
  if (at < text.size() || open != closed || (whole.empty() && fraction.empty())) return std::nullopt;
  fraction.resize(static_cast<size_t>(after_), '0');
  return (negative ? "-" : "") + whole + fraction;
}

std::string NumberFormat::Format(std::string_view plain) const {
  const bool negative = plain.starts_with('-') && plain.find_first_of("123456789") != std::string_view::npos;
  if (plain.starts_with('-')) plain.remove_prefix(1);
  const size_t dot = plain.find('.');
  std::string whole(plain.substr(0, dot));
  std::string fraction(dot == std::string_view::npos ? "" : plain.substr(dot + 1));
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  const bool overflow = static_cast<int>(whole.size()) > before_ || static_cast<int>(fraction.size()) > after_;
  if (overflow) {
    whole.assign(static_cast<size_t>(before_), '#');
    fraction.assign(static_cast<size_t>(after_), '#');
  }
  whole.insert(0, static_cast<size_t>(before_) - whole.size(), ' ');
  fraction.resize(static_cast<size_t>(after_), '0');
  std::string out;
  bool point = false;
  size_t next_whole = 0;
  size_t next_fraction = 0;
  for (const Token& token : tokens_) {
    switch (token.kind) {
      case Kind::kDigits:
        for (int i = 0; i < token.digits; ++i) {
          const char digit = point ? fraction[next_fraction++] : whole[next_whole++];
          if (digit != ' ') {
            out += digit;
          } else if (token.exact) {
            out += '0';
          } else {
            AppendBlank(&out);
          }
        }
        break;
      case Kind::kSeparator:
        if (!out.empty() && base::IsDigit(out.back())) {
          out += ',';
        } else {
          AppendBlank(&out);
        }
        break;
      case Kind::kPoint:
        if (!out.empty() && out.back() == ' ') out.back() = '0';
        out += '.';
        point = true;
        break;
      case Kind::kDollar:
        out += '$';
        break;
      case Kind::kSign:
        BlankLonePoint(&out);
        AppendSign(&out, negative ? '-' : '+');
        break;
      case Kind::kMinus:
        BlankLonePoint(&out);
        negative ? AppendSign(&out, '-') : static_cast<void>(out += ' ');
        break;
      case Kind::kOpen:
        if (negative) out += '<';
        break;
      case Kind::kClose:
        BlankLonePoint(&out);
        negative ? AppendSign(&out, '>') : static_cast<void>(out += "  ");
        break;
      default:
        break;
    }
  }
  BlankLonePoint(&out);
  return out;
}

}  // namespace tinderbox::engine
