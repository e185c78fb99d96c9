// Literals: numbers, and those with their type in front.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/ascii.h"
#include "spark/text.h"
#include "sql/grammar.h"
#include "sql/intervals.h"

namespace tinderbox::sql {

namespace {

constexpr std::array kLiteralTypes = {"date", "timestamp", "timestamp_ltz", "timestamp_ntz", "time", "interval", "x"};

std::string FromHex(std::string_view digits) {
  std::string padded(digits.size() % 2 == 1 ? "0" : "");
  padded += digits;
  std::string out;
  for (size_t i = 0; i < padded.size(); i += 2) {
    int byte = 0;
    std::from_chars(padded.data() + i, padded.data() + i + 2, byte, 16);
    out += static_cast<char>(byte);
  }
  return out;
}

proto::Expression CastString(std::string_view text, const char* type) {
  proto::Expression out;
  *out.mutable_cast()->mutable_expr() = MakeString(text);
  out.mutable_cast()->set_type_str(type);
  return out;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  return text;
}

/// Takes a number of `low` to `high` digits from the front.
bool TakeDigits(std::string_view* text, size_t low, size_t high, int64_t* out) {
  size_t count = 0;
  *out = 0;
  while (count < text->size() && count < high && (*text)[count] >= '0' && (*text)[count] <= '9') {
    *out = *out * 10 + ((*text)[count] - '0');
    ++count;
  }
  text->remove_prefix(count);
  return count >= low && (text->empty() || (*text)[0] < '0' || (*text)[0] > '9');
}

bool Take(std::string_view* text, char c) {
  if (text->empty() || (*text)[0] != c) return false;
  text->remove_prefix(1);
  return true;
}

/// "[+-]y{4,7}[-m[m][-d[d]]]" from the front, as days.
bool TakeDate(std::string_view* text, int64_t* days) {
  const bool negative = Take(text, '-');
  if (!negative) Take(text, '+');
  int64_t year = 0;
  int64_t month = 1;
  int64_t day = 1;
  if (!TakeDigits(text, 4, 7, &year)) return false;
  if (Take(text, '-')) {
    if (!TakeDigits(text, 1, 2, &month)) return false;
    if (Take(text, '-') && !TakeDigits(text, 1, 2, &day)) return false;
  }
  if (negative) year = -year;
  if (month < 1 || month > 12 || day < 1 || day > 31) return false;
  *days = spark::DaysFromCivil(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
  int64_t same_year = 0;
  unsigned same_month = 0;
  unsigned same_day = 0;
  spark::CivilFromDays(*days, &same_year, &same_month, &same_day);
  return same_day == static_cast<unsigned>(day);
}

/// "h[h]:m[m]:s[s][.f{1,9}]" from the front, in microseconds; the parts behind the hour may be missing when `partial`.
bool TakeTime(std::string_view* text, bool partial, int64_t* micros) {
  std::array<int64_t, 3> parts{};
  for (size_t i = 0; i < 3; ++i) {
    if (i > 0 && !Take(text, ':')) {
      if (!partial || i == 0) return false;
      break;
    }
    if (!TakeDigits(text, 1, 2, &parts[i])) return false;
    if (i == 2 && Take(text, '.')) {
      size_t count = 0;
      int64_t fraction = 0;
      for (; count < text->size() && (*text)[count] >= '0' && (*text)[count] <= '9'; ++count) {
        if (count < 6) fraction = fraction * 10 + ((*text)[count] - '0');
      }
      if (count > 9) return false;
      for (size_t digits = count; digits < 6; ++digits) fraction *= 10;
      text->remove_prefix(count);
      *micros = fraction;
    }
  }
  if (parts[0] > 23 || parts[1] > 59 || parts[2] > 59) return false;
  *micros += ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1000000;
  return true;
}

}  // namespace

proto::Expression Parser::ParseNumber(bool negative) {
  const Token token = Peek();
  const size_t start = negative ? at_ - 1 : at_;
  ++at_;
  const std::string sign = negative ? "-" : "";
  std::string text = Upper(token.text);
  proto::Expression out;
  auto* literal = out.mutable_literal();
  const auto out_of_range = [&](const std::string& digits, const std::string& low, const std::string& high,
                                const char* type) {
    Refuse(
        start, "INVALID_NUMERIC_LITERAL_RANGE",
        fmt::format("Numeric literal {} is outside the valid range for {} with minimum value of {} and maximum value "
                    "of {}. Please adjust the value accordingly.",
                    sign + digits, type, low, high),
        {{"rawStrippedQualifier", sign + digits}, {"minValue", low}, {"maxValue", high}, {"typeName", type}});
  };
  const auto integer = [&](const std::string& digits, int64_t low, int64_t high, const char* type) {
    int64_t value = 0;
    const std::string whole = sign + digits;
    const auto [end, failure] = std::from_chars(whole.data(), whole.data() + whole.size(), value);
    if (failure != std::errc() || end != whole.data() + whole.size() || value < low || value > high) {
      out_of_range(digits, std::to_string(low), std::to_string(high), type);
    }
    return value;
  };
  const auto drop = [&](size_t count) { return text.substr(0, text.size() - count); };
  const auto decimal = [&](const std::string& digits) {
    // Plain digits: an exponent moves the point.
    std::string mantissa = digits;
    int64_t exponent = 0;
    if (const size_t e = digits.find('E'); e != std::string::npos) {
      mantissa = digits.substr(0, e);
      const std::string power = digits.substr(digits[e + 1] == '+' ? e + 2 : e + 1);
      std::from_chars(power.data(), power.data() + power.size(), exponent);
      if (std::abs(exponent) > 76) exponent = exponent < 0 ? -77 : 77;
    }
    const size_t dot = mantissa.find('.');
    int64_t scale = dot == std::string::npos ? 0 : static_cast<int64_t>(mantissa.size() - dot - 1);
    if (dot != std::string::npos) mantissa.erase(dot, 1);
    scale -= exponent;
    while (scale < 0) {
      mantissa += '0';
      ++scale;
    }
    const size_t first = mantissa.find_first_not_of('0');
    mantissa = first == std::string::npos ? "0" : mantissa.substr(first);
    while (static_cast<int64_t>(mantissa.size()) <= scale) mantissa.insert(0, "0");
    const auto precision = static_cast<int>(std::max<int64_t>(
        {static_cast<int64_t>(mantissa.size()) - (mantissa[0] == '0' && scale > 0 ? 1 : 0), scale, 1}));
    if (precision > 38) {
      const std::string message = fmt::format("Decimal precision {} exceeds max precision 38.", precision);
      const Error::Params params{{"precision", std::to_string(precision)}, {"maxPrecision", "38"}};
      constexpr const char* kCondition = "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION";
      // Only of literals that say that they are decimals Spark's parser sees it.
      if (base::LowerCase(Text(start)).ends_with("bd")) Refuse(start, kCondition, message, params);
      throw Error(kCondition, message, params);
    }
    if (scale > 0) mantissa.insert(mantissa.size() - static_cast<size_t>(scale), ".");
    auto* value = literal->mutable_decimal();
    value->set_value(sign + mantissa);
    value->set_precision(precision);
    value->set_scale(static_cast<int>(scale));
  };
  const auto floating = [&](const std::string& digits) {
    double value = 0;
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (failure == std::errc::result_out_of_range) {
      if (digits.find("E-") == std::string::npos)
        out_of_range(token.text.substr(0, digits.size()), "-1.7976931348623157E+308", "1.7976931348623157E+308",
                     "double");
      value = 0;
    }
    return negative ? -value : value;
  };
  const char last = text.back();
  if (text.ends_with("BD")) {
    decimal(drop(2));
  } else if (last == 'L') {
    literal->set_long_(integer(drop(1), INT64_MIN, INT64_MAX, "bigint"));
  } else if (last == 'S') {
    literal->set_short_(static_cast<int32_t>(integer(drop(1), INT16_MIN, INT16_MAX, "smallint")));
  } else if (last == 'Y') {
    literal->set_byte(static_cast<int32_t>(integer(drop(1), INT8_MIN, INT8_MAX, "tinyint")));
  } else if (last == 'D') {
    literal->set_double_(floating(drop(1)));
  } else if (last == 'F') {
    const std::string digits = drop(1);
    float value = 0;
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (failure == std::errc::result_out_of_range) {
      if (digits.find("E-") == std::string::npos)
        out_of_range(token.text.substr(0, digits.size()), "-3.4028234663852886E+38", "3.4028234663852886E+38", "float");
      value = 0;
    }
    literal->set_float_(negative ? -value : value);
  } else if (text.find('E') != std::string::npos) {
    literal->set_double_(floating(text));
  } else if (text.find('.') != std::string::npos) {
    decimal(text);
  } else {
    int64_t value = 0;
    const std::string whole = sign + text;
    const auto [end, failure] = std::from_chars(whole.data(), whole.data() + whole.size(), value);
    if (failure != std::errc()) {
      decimal(text);
    } else if (value >= INT32_MIN && value <= INT32_MAX) {
      literal->set_integer(static_cast<int32_t>(value));
    } else {
      literal->set_long_(value);
    }
  }
  return out;
}

bool Parser::TypedLiteralAhead() const {
  const std::string word = base::LowerCase(Peek().text);
  return std::ranges::any_of(kLiteralTypes, [&](const char* type) { return word == type; });
}

proto::Expression Parser::ParseTypedLiteral() {
  const size_t first = at_;
  const std::string word = base::LowerCase(Peek().text);
  if (word == "interval") return ParseInterval();
  ++at_;
  const std::string written = Text(at_, at_ + 1);
  const std::string text = Peek().text;
  ++at_;
  proto::Expression out;
  const auto invalid = [&] {
    const std::string type = word == "timestamp_ltz" ? "TIMESTAMP" : Upper(word);
    Refuse(first, "INVALID_TYPED_LITERAL",
           fmt::format("The value of the typed literal \"{}\" is invalid: {}.", type, written),
           {{"valueType", fmt::format("\"{}\"", type)}, {"value", written}});
  };
  std::string_view rest = Trim(text);
  const std::string special = base::LowerCase(rest);
  int64_t days = 0;
  int64_t micros = 0;
  if (word == "x") {
    if (!std::ranges::all_of(text, [](unsigned char c) { return std::isxdigit(c) != 0; })) invalid();
    out.mutable_literal()->set_binary(FromHex(text));
  } else if (word == "time") {
    if (!TakeTime(&rest, true, &micros) || !rest.empty()) invalid();
    out.mutable_literal()->mutable_time()->set_nano(micros * 1000);
    out.mutable_literal()->mutable_time()->set_precision(6);
  } else if (word == "date") {
    if (special == "epoch") {
      out.mutable_literal()->set_date(0);
    } else if (special == "now" || special == "today" || special == "yesterday" || special == "tomorrow") {
      out = Located(MakeCall("current_date", {}), first);
      if (special == "yesterday" || special == "tomorrow") {
        proto::Expression one;
        one.mutable_literal()->set_integer(special == "tomorrow" ? 1 : -1);
        out = Located(MakeCall("date_add", {std::move(out), std::move(one)}), first);
      }
    } else {
      if (!TakeDate(&rest, &days) || (!rest.empty() && rest[0] != 'T' && rest[0] != ' ') ||
          days != static_cast<int32_t>(days))
        invalid();
      out.mutable_literal()->set_date(static_cast<int32_t>(days));
    }
  } else {
    if (special == "now" && word != "timestamp_ntz") return Located(MakeCall("current_timestamp", {}), first);
    if (special == "epoch" || special == "now" || special == "today" || special == "yesterday" || special == "tomorrow")
      RefuseFeature(first, fmt::format("the special value '{}' in a {} literal", special, Upper(word)));
    // The instant depends on the session's time zone, so the text stays; here it is only held to the form.
    if (!TakeDate(&rest, &days)) invalid();
    if (!rest.empty() && !Take(&rest, 'T') && !Take(&rest, ' ')) invalid();
    rest = Trim(rest);
    if (!rest.empty() && !TakeTime(&rest, true, &micros)) invalid();
    rest = Trim(rest);
    if (rest.empty() && word == "timestamp_ntz") {
      out.mutable_literal()->set_timestamp_ntz(days * 86400 * 1000000 + micros);
      return out;
    }
    if (word != "timestamp_ntz") {
      // Unlike a cast, a literal is never NULL, and has a name of its own.
      proto::Expression written_text;
      written_text.mutable_literal()->set_string(text);
      return Located(MakeCall("tb_timestamp_literal", {std::move(written_text)}), first);
    }
    out = Located(CastString(text, "timestamp_ntz"), first);
  }
  return out;
}

proto::Expression Parser::ParseInterval() {
  // INTERVAL '…' UNIT TO UNIT, or a list of values each with its unit, or all of it in one string.
  const size_t first = at_;
  Expect("interval");
  proto::Expression out;
  const auto is_unit = [&](size_t ahead) {
    return Peek(ahead).kind == TokenKind::kIdentifier && IsIntervalUnit(Peek(ahead).text);
  };
  const auto invalid = [&](const std::string& text) {
    Refuse(first, "INVALID_TYPED_LITERAL",
           fmt::format("The value of the typed literal \"INTERVAL\" is invalid: {}.", text),
           {{"valueType", "\"INTERVAL\""}, {"value", text}});
  };
  const bool negative = Is("-");
  const size_t sign = negative || Is("+") ? 1 : 0;
  std::vector<IntervalPart> parts;
  if (Peek(sign).kind == TokenKind::kString && is_unit(sign + 1) && Is("to", sign + 2)) {
    at_ += sign;
    const std::string text = Peek().text;
    const std::string from = Peek(1).text;
    const std::string to = Peek(3).text;
    at_ += 4;
    if (!ParseIntervalRange((negative ? "-" : "") + text, from, to, out.mutable_literal())) {
      Refuse(
          first, "INVALID_INTERVAL_FORMAT.UNMATCHED_FORMAT_STRING",
          fmt::format("Error parsing '{0}' to interval. Please ensure that the value provided is in a valid format "
                      "for defining an interval. You can reference the documentation for the correct format. Interval "
                      "string does not match the format of interval {1} to {2}: {0}.",
                      text, base::LowerCase(from), base::LowerCase(to)),
          {{"input", text},
           {"typeName", fmt::format("interval {} to {}", base::LowerCase(from), base::LowerCase(to))}});
    }
    return out;
  }
  if (Peek(sign).kind == TokenKind::kString && !is_unit(sign + 1)) {
    if (sign > 0) Fail();
    const std::string written = Text(at_, at_ + 1);
    ++at_;
    if (!ParseIntervalWords(tokens_[at_ - 1].text, &parts)) invalid(written);
  } else {
    while (true) {
      const bool minus = Is("-");
      const size_t skip = minus || Is("+") ? 1 : 0;
      const Token& value = Peek(skip);
      const bool is_value = value.kind == TokenKind::kNumber || value.kind == TokenKind::kString;
      if (!is_value || !is_unit(skip + 1)) break;
      std::string text(Trim(value.text));
      const bool digits = !text.empty() && text.find_first_not_of("+-.0123456789") == std::string::npos;
      if (!digits) {
        const size_t pair = at_ + skip;
        at_ = pair + 2;
        Refuse(
            pair, "_LEGACY_ERROR_TEMP_0026",
            fmt::format("Can only use numbers in the interval value part for multiple unit value pairs interval form, "
                        "but got invalid value: {}.",
                        text),
            {{"value", text}});
      }
      if (minus) text = text.starts_with('-') ? text.substr(1) : "-" + text;
      parts.push_back({text, Peek(skip + 1).text});
      at_ += skip + 2;
    }
    if (parts.empty()) {
      at_ += sign + 1;
      Fail();
    }
  }
  bool mixed = false;
  if (MakeInterval(parts, out.mutable_literal(), &mixed)) return out;
  if (mixed) {
    Refuse(first, "_LEGACY_ERROR_TEMP_0029", fmt::format("Cannot mix year-month and day-time fields: {}.", Text(first)),
           {{"literal", Text(first)}});
  }
  // The unit that has a fraction, though it is not seconds.
  for (const IntervalPart& part : parts) {
    if (part.value.find('.') == std::string::npos || base::LowerCase(part.unit).starts_with("second")) continue;
    const std::string unit = base::LowerCase(part.unit);
    Refuse(
        first, "INVALID_INTERVAL_FORMAT.INVALID_FRACTION",
        fmt::format("Error parsing '{}' to interval. Please ensure that the value provided is in a valid format for "
                    "defining an interval. You can reference the documentation for the correct format. {} cannot have "
                    "fractional part.",
                    Text(first), unit),
        {{"input", Text(first)}, {"unit", unit}});
  }
  Refuse(first, "INVALID_INTERVAL_FORMAT.INVALID_VALUE",
         fmt::format("Error parsing '{}' to interval. Please ensure that the value provided is in a valid format for "
                     "defining an interval.",
                     Text(first)),
         {{"input", Text(first)}});
}

}  // namespace tinderbox::sql
