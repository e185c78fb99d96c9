#include "engine/functions/java_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/ascii.h"
#include "base/escapes.h"
#include "engine/functions/code_points.h"
#include "engine/functions/text_case.h"
#include "engine/translate/refusals.h"
#include "spark/error_conditions.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

[[noreturn]] void Throw(const std::string& message) {
  throw Error(spark::kJavaIllegalArgument, message);
}

struct Specifier {
  size_t index = 0;  // from 1; 0: the next one
  bool previous = false;
  std::string flags;
  int width = -1;
  int precision = -1;
  char conversion = 0;
  std::string text;  // for errors

  bool Has(char flag) const { return flags.find(flag) != std::string::npos; }
};

int TakeNumber(std::string_view format, size_t* at) {
  int value = 0;
  const auto [end, failure] = std::from_chars(format.data() + *at, format.data() + format.size(), value);
  if (failure == std::errc::result_out_of_range) Throw("A number in the format string is too large.");
  *at = static_cast<size_t>(end - format.data());
  return value;
}

/// Reads what stands behind a '%'.
Specifier TakeSpecifier(std::string_view format, size_t* at) {
  Specifier out;
  const size_t start = *at - 1;
  const auto peek = [&] { return *at < format.size() ? format[*at] : '\0'; };
  size_t ahead = *at;
  while (ahead < format.size() && base::IsDigit(format[ahead])) ++ahead;
  if (ahead > *at && ahead < format.size() && format[ahead] == '$') {
    out.index = static_cast<size_t>(TakeNumber(format, at));
    ++*at;
  } else if (peek() == '<') {
    out.previous = true;
    ++*at;
  }
  while (peek() != '\0' && std::string_view("-#+ 0,(<").find(peek()) != std::string_view::npos) {
    if (out.Has(peek())) Throw(fmt::format("Flags = '{}'", peek()));
    out.flags += format[(*at)++];
  }
  if (base::IsDigit(peek())) out.width = TakeNumber(format, at);
  if (peek() == '.') {
    ++*at;
    if (!base::IsDigit(peek())) Throw("Conversion = '.'");
    out.precision = TakeNumber(format, at);
  }
  out.conversion = peek();
  if (out.conversion == '\0') Throw("Conversion = '%'");
  ++*at;
  out.text = std::string(format.substr(start, *at - start));
  return out;
}

std::string Justified(std::string text, const Specifier& spec) {
  if (spec.Has('-') && spec.width < 0) Throw(spec.text);
  const int64_t missing = spec.width - CountPoints(text);
  if (missing <= 0) return text;
  const std::string blanks(static_cast<size_t>(missing), ' ');
  return spec.Has('-') ? text + blanks : blanks + text;
}

std::string Grouped(std::string digits) {
  size_t end = digits.find('.');
  if (end == std::string::npos) end = digits.size();
  for (size_t i = end; i > 3;) {
    i -= 3;
    digits.insert(i, ",");
  }
  return digits;
}

/// Puts the sign, the grouping and zeros around digits without sign.
std::string Signed(std::string digits, bool negative, const Specifier& spec) {
  if (spec.Has('-') && spec.Has('0')) Throw(fmt::format("Flags = '{}'", spec.flags));
  if (spec.Has('+') && spec.Has(' ')) Throw(fmt::format("Flags = '{}'", spec.flags));
  if (spec.Has('0') && spec.width < 0) Throw(spec.text);
  if (spec.Has(',')) digits = Grouped(std::move(digits));
  std::string before = negative ? (spec.Has('(') ? "(" : "-") : spec.Has('+') ? "+" : spec.Has(' ') ? " " : "";
  const std::string after = negative && spec.Has('(') ? ")" : "";
  const auto used = static_cast<int64_t>(before.size() + digits.size() + after.size());
  if (spec.Has('0') && spec.width > used) before += std::string(static_cast<size_t>(spec.width - used), '0');
  return Justified(before + digits + after, spec);
}

const char* JavaClass(const FormatArgument& argument) {
  switch (argument.kind) {
    case TypeKind::kBoolean:
      return "java.lang.Boolean";
    case TypeKind::kByte:
      return "java.lang.Byte";
    case TypeKind::kShort:
      return "java.lang.Short";
    case TypeKind::kInteger:
      return "java.lang.Integer";
    case TypeKind::kLong:
      return "java.lang.Long";
    case TypeKind::kFloat:
      return "java.lang.Float";
    case TypeKind::kDouble:
      return "java.lang.Double";
    case TypeKind::kDecimal:
      return "org.apache.spark.sql.types.Decimal";
    default:
      return "org.apache.spark.unsafe.types.UTF8String";
  }
}

bool IsInteger(const FormatArgument& argument) {
  return argument.kind == TypeKind::kByte || argument.kind == TypeKind::kShort || argument.kind == TypeKind::kInteger ||
         argument.kind == TypeKind::kLong;
}

[[noreturn]] void ThrowMismatch(const Specifier& spec, const FormatArgument& argument) {
  Throw(fmt::format("{} != {}", spec.conversion, JavaClass(argument)));
}

std::string IntegerText(const Specifier& spec, const FormatArgument& argument) {
  if (!IsInteger(argument)) ThrowMismatch(spec, argument);
  if (spec.precision >= 0) Throw(std::to_string(spec.precision));
  if (spec.conversion == 'd') {
    if (spec.Has('#')) Throw("Conversion = d, Flags = #");
    const bool negative = argument.integer < 0;
    const auto magnitude =
        negative ? 0 - static_cast<uint64_t>(argument.integer) : static_cast<uint64_t>(argument.integer);
    return Signed(std::to_string(magnitude), negative, spec);
  }
  if (spec.flags.find_first_of("+ ,(") != std::string::npos) {
    Throw(fmt::format("Conversion = {}, Flags = {}", spec.conversion, spec.flags));
  }
  uint64_t bits = static_cast<uint64_t>(argument.integer);
  if (argument.kind == TypeKind::kByte) bits &= 0xFF;
  if (argument.kind == TypeKind::kShort) bits &= 0xFFFF;
  if (argument.kind == TypeKind::kInteger) bits &= 0xFFFFFFFF;
  const bool octal = spec.conversion == 'o';
  std::string digits = octal ? fmt::format("{:o}", bits) : fmt::format("{:x}", bits);
  std::string prefix = !spec.Has('#') ? "" : octal ? "0" : "0x";
  if (spec.Has('0') && spec.width < 0) Throw(spec.text);
  const auto used = static_cast<int64_t>(prefix.size() + digits.size());
  if (spec.Has('0') && spec.width > used) prefix += std::string(static_cast<size_t>(spec.width - used), '0');
  digits = prefix + digits;
  return Justified(spec.conversion == 'X' ? UpperOf(digits) : digits, spec);
}

/// The digits of a double rounded half up from its shortest decimal form, as Java does it.
std::string Fixed(const FormatArgument& argument, int precision) {
  const double value = std::fabs(argument.number);
  std::string shortest =
      argument.kind == TypeKind::kFloat ? fmt::format("{}", static_cast<float>(value)) : fmt::format("{}", value);
  int exponent = 0;
  if (const size_t e = shortest.find('e'); e != std::string::npos) {
    exponent = std::stoi(shortest.substr(e + 1));
    shortest.resize(e);
  }
  const size_t dot = shortest.find('.');
  std::string digits = shortest.substr(0, dot) + (dot == std::string::npos ? "" : shortest.substr(dot + 1));
  int64_t point = static_cast<int64_t>(dot == std::string::npos ? digits.size() : dot) + exponent;
  if (point <= 0) {
    digits.insert(0, static_cast<size_t>(1 - point), '0');
    point = 1;
  }
  const auto keep = static_cast<size_t>(point + precision);
  if (digits.size() <= keep) {
    digits.resize(keep, '0');
  } else {
    const bool up = digits[keep] >= '5';
    digits.resize(keep);
    if (up) {
      size_t i = keep;
      while (i > 0 && digits[i - 1] == '9') digits[--i] = '0';
      if (i == 0) {
        digits.insert(0, "1");
        ++point;
      } else {
        ++digits[i - 1];
      }
    }
  }
  const size_t extra = digits.find_first_not_of('0');
  const size_t leading = std::min(extra == std::string::npos ? digits.size() : extra, static_cast<size_t>(point - 1));
  digits.erase(0, leading);
  point -= static_cast<int64_t>(leading);
  return precision == 0
             ? digits
             : digits.substr(0, static_cast<size_t>(point)) + "." + digits.substr(static_cast<size_t>(point));
}

std::string Scientific(const FormatArgument& argument, int precision) {
  const std::string text = fmt::format("{:.{}e}", std::fabs(argument.number), precision);
  return text;
}

std::string FloatingText(const Specifier& spec, const FormatArgument& argument) {
  if (argument.kind != TypeKind::kFloat && argument.kind != TypeKind::kDouble) ThrowMismatch(spec, argument);
  const double value = argument.number;
  if (!std::isfinite(value)) {
    Specifier plain = spec;
    std::erase(plain.flags, '0');
    std::erase(plain.flags, ',');
    return Signed(std::isnan(value) ? "NaN" : "Infinity", value < 0, plain);
  }
  const int precision = spec.precision < 0 ? 6 : spec.precision;
  std::string digits;
  switch (spec.conversion) {
    case 'f':
      digits = Fixed(argument, precision);
      break;
    case 'e':
    case 'E':
      if (spec.Has(',')) Throw("Conversion = e, Flags = ,");
      digits = Scientific(argument, precision);
      break;
    default: {
      const int significant = precision == 0 ? 1 : precision;
      const double magnitude = std::fabs(value);
      if (magnitude == 0 || (magnitude >= 1e-4 && magnitude < std::pow(10, significant))) {
        const int exponent = magnitude == 0 ? 0 : static_cast<int>(std::floor(std::log10(magnitude)));
        digits = Fixed(argument, std::max(0, significant - 1 - exponent));
      } else {
        digits = Scientific(argument, significant - 1);
      }
      break;
    }
  }
  if (spec.conversion == 'E' || spec.conversion == 'G') digits = UpperOf(digits);
  return Signed(digits, std::signbit(value), spec);
}

std::string CharacterText(const Specifier& spec, const FormatArgument& argument) {
  if (argument.kind != TypeKind::kByte && argument.kind != TypeKind::kShort && argument.kind != TypeKind::kInteger) {
    ThrowMismatch(spec, argument);
  }
  if (argument.integer < 0 || argument.integer > 0x10FFFF) Throw(fmt::format("Code point = 0x{:x}", argument.integer));
  std::string out;
  base::AppendUtf8(&out, static_cast<uint32_t>(argument.integer));
  return out;
}

std::string ArgumentText(const Specifier& spec, const FormatArgument& argument) {
  const char lower = static_cast<char>(spec.conversion | 0x20);
  const bool shout = spec.conversion >= 'A' && spec.conversion <= 'Z';
  const auto cut = [&](std::string text) {
    if (spec.precision >= 0) {
      const std::vector<uint32_t> points = PointsOf(text);
      if (points.size() > static_cast<size_t>(spec.precision)) {
        text.clear();
        for (size_t i = 0; i < static_cast<size_t>(spec.precision); ++i) base::AppendUtf8(&text, points[i]);
      }
    }
    return Justified(shout ? UpperOf(text) : text, spec);
  };
  switch (lower) {
    case 's':
      return cut(argument.is_null ? "null" : argument.text);
    case 'b':
      return cut(argument.is_null || (argument.kind == TypeKind::kBoolean && argument.integer == 0) ? "false" : "true");
    case 'c':
      return cut(argument.is_null ? "null" : CharacterText(spec, argument));
    case 'd':
    case 'o':
    case 'x':
      if (argument.is_null) return cut("null");
      return IntegerText(spec, argument);
    case 'e':
    case 'f':
    case 'g':
      if (argument.is_null) return cut("null");
      return FloatingText(spec, argument);
    case 'a':
    case 'h':
    case 't':
      RefuseFeature(fmt::format("the conversion %{} in a format string", spec.conversion));
    default:
      Throw(fmt::format("Conversion = '{}'", spec.conversion));
  }
}

}  // namespace

std::string JavaFormat(std::string_view format, const std::vector<FormatArgument>& arguments) {
  std::string out;
  size_t next = 0;
  size_t last = SIZE_MAX;
  for (size_t at = 0; at < format.size();) {
    if (format[at] != '%') {
      out += format[at++];
      continue;
    }
    ++at;
    const Specifier spec = TakeSpecifier(format, &at);
    static constexpr std::string_view kKnown = "sSbBcCdoxXeEfgGaAhHtTn%";
    if (kKnown.find(spec.conversion) == std::string_view::npos)
      Throw(fmt::format("Conversion = '{}'", spec.conversion));
    if (spec.conversion == 'n') {
      out += '\n';
    } else if (spec.conversion == '%') {
      out += Justified("%", spec);
    } else {
      last = spec.previous ? last : spec.index > 0 ? spec.index - 1 : next++;
      if (last >= arguments.size()) Throw(fmt::format("Format specifier '{}'", spec.text));
      out += ArgumentText(spec, arguments[last]);
    }
  }
  return out;
}

DecimalPattern::DecimalPattern(std::string_view pattern) {
  size_t at = 0;
  const auto take_affix = [&](std::string* out) {
    bool quoted = false;
    for (; at < pattern.size(); ++at) {
      const char c = pattern[at];
      if (c == '\'') {
        if (at + 1 < pattern.size() && pattern[at + 1] == '\'') {
          *out += '\'';
          ++at;
        } else {
          quoted = !quoted;
        }
      } else if (!quoted && (std::string_view("#0,.;").find(c) != std::string_view::npos)) {
        break;
      } else {
        if (!quoted && c == '%') factor_ = 100;
        if (!quoted && pattern.substr(at).starts_with("\xE2\x80\xB0")) factor_ = 1000;
        *out += c;
      }
    }
    if (quoted) Throw(fmt::format("Unterminated quote in pattern \"{}\"", pattern));
  };
  const auto malformed = [&] { Throw(fmt::format("Malformed pattern \"{}\"", pattern)); };
  take_affix(&prefix_);
  bool point = false;
  size_t since_comma = 0;
  bool comma = false;
  size_t optional = 0;
  for (; at < pattern.size(); ++at) {
    const char c = pattern[at];
    if (c == '#') {
      if (point) {
        ++max_fraction_;
      } else {
        if (min_integer_ > 0) malformed();
        ++since_comma;
        ++optional;
      }
    } else if (c == '0') {
      if (point) {
        if (max_fraction_ > min_fraction_) malformed();
        ++min_fraction_;
        ++max_fraction_;
      } else {
        ++min_integer_;
        ++since_comma;
      }
    } else if (c == ',') {
      if (point) malformed();
      comma = true;
      since_comma = 0;
    } else if (c == '.') {
      if (point) malformed();
      point = true;
    } else {
      break;
    }
  }
  if (at < pattern.size() && pattern[at] == 'E') RefuseFeature("exponents in a number pattern");
  if (comma && since_comma == 0) malformed();
  if (comma) grouping_ = since_comma;
  // "#.##" has a digit before its point, ".##" one behind it.
  if (point && min_integer_ == 0 && min_fraction_ == 0) {
    if (optional > 0) {
      min_integer_ = 1;
    } else {
      min_fraction_ = std::min(1, max_fraction_);
    }
  }
  take_affix(&suffix_);
  negative_prefix_ = "-" + prefix_;
  negative_suffix_ = suffix_;
  if (at < pattern.size() && pattern[at] == ';') {
    ++at;
    negative_prefix_.clear();
    negative_suffix_.clear();
    take_affix(&negative_prefix_);
    while (at < pattern.size() && std::string_view("#0,.").find(pattern[at]) != std::string_view::npos) ++at;
    take_affix(&negative_suffix_);
  }
  if (at < pattern.size()) malformed();
}

std::string DecimalPattern::Format(std::string_view plain) const {
  const bool negative = plain.starts_with('-');
  if (negative) plain.remove_prefix(1);
  const size_t dot = plain.find('.');
  std::string whole(plain.substr(0, dot));
  std::string fraction(dot == std::string_view::npos ? "" : plain.substr(dot + 1));
  while (static_cast<int>(fraction.size()) > min_fraction_ && !fraction.empty() && fraction.back() == '0')
    fraction.pop_back();
  fraction.resize(std::max(fraction.size(), static_cast<size_t>(min_fraction_)), '0');
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
  if (whole.size() < min_integer_) whole.insert(0, min_integer_ - whole.size(), '0');
  if (whole.empty() && fraction.empty()) whole = "0";
  if (grouping_ > 0) {
    for (size_t i = whole.size(); i > grouping_;) {
      i -= grouping_;
      whole.insert(i, ",");
    }
  }
  return (negative ? negative_prefix_ : prefix_) + whole + (fraction.empty() ? "" : "." + fraction) +
         (negative ? negative_suffix_ : suffix_);
}

}  // namespace tinderbox::engine
