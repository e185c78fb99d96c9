// format_string, format_number, to_char, to_number, sentences.
#include <fmt/format.h>

#include <cmath>
#include <map>

#include "engine/functions/java_format.h"
#include "engine/functions/native_row.h"
#include "engine/functions/number_format.h"
#include "engine/functions/sentences.h"
#include "engine/functions/value_text.h"
#include "spark/text.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

constexpr TypeKind kString = TypeKind::kString;
constexpr TypeKind kInt = TypeKind::kInteger;

/// Formats are mostly constants: each thread keeps the last few parsed.
template <typename Format>
const Format& Parsed(std::string_view text) {
  thread_local std::map<std::string, Format, std::less<>> cache;
  const auto found = cache.find(text);
  if (found != cache.end()) return found->second;
  if (cache.size() >= 64) cache.clear();
  return cache.emplace(std::string(text), Format(text)).first->second;
}

FormatArgument ArgumentOf(const InVector& column, const DataType& type, size_t row) {
  FormatArgument out;
  out.kind = type.kind();
  out.is_null = column.IsNull(row);
  if (out.is_null) return out;
  switch (type.kind()) {
    case TypeKind::kBoolean:
      out.integer = column.Data<uint8_t>()[row] != 0 ? 1 : 0;
      break;
    case TypeKind::kByte:
      out.integer = int64_t{column.Data<int8_t>()[row]};
      break;
    case TypeKind::kShort:
      out.integer = column.Data<int16_t>()[row];
      break;
    case TypeKind::kDate:  // Java sees the number of days, and of microseconds below
      out.kind = TypeKind::kInteger;
      [[fallthrough]];
    case TypeKind::kInteger:
      out.integer = column.Data<int32_t>()[row];
      out.text = std::to_string(out.integer);
      return out;
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampNtz:
    case TypeKind::kTime:
      out.kind = TypeKind::kLong;
      [[fallthrough]];
    case TypeKind::kLong:
      out.integer = column.Data<int64_t>()[row];
      out.text = std::to_string(out.integer);
      return out;
    case TypeKind::kFloat:
      out.number = static_cast<double>(column.Data<float>()[row]);
      break;
    case TypeKind::kDouble:
      out.number = column.Data<double>()[row];
      break;
    default:
      break;
  }
  AppendCellText(&out.text, type, column, row);
  return out;
}

void FormatString(const ScalarInput& in, OutVector& result) {
  std::vector<DataType> types;
  for (size_t i = 0; i < in.size(); ++i) types.push_back(in[i].Type());
  std::vector<FormatArgument> arguments(in.size() - 1);
  for (size_t row = 0; row < in.rows(); ++row) {
    if (in[0].IsNull(row)) {
      result.SetNull(row);
      continue;
    }
    for (size_t i = 1; i < in.size(); ++i) arguments[i - 1] = ArgumentOf(in[i], types[i], row);
    result.SetString(row, JavaFormat(in[0].String(row), arguments));
  }
}

std::string GroupDigits(std::string digits) {
  const size_t begin = digits.starts_with('-') ? 1 : 0;
  size_t end = digits.find('.');
  if (end == std::string::npos) end = digits.size();
  for (size_t i = end; i > begin + 3;) {
    i -= 3;
    digits.insert(i, ",");
  }
  return digits;
}

/// Decimal digits rounded half even to `places`.
std::string RoundDigits(const std::string& plain, int places) {
  const bool negative = plain.starts_with('-');
  const std::string digits = plain.substr(negative ? 1 : 0);
  const size_t dot = digits.find('.');
  std::string fraction = dot == std::string::npos ? "" : digits.substr(dot + 1);
  std::string whole = digits.substr(0, dot);
  if (fraction.size() <= static_cast<size_t>(places)) {
    fraction.resize(static_cast<size_t>(places), '0');
  } else {
    const std::string rest = fraction.substr(static_cast<size_t>(places));
    fraction.resize(static_cast<size_t>(places));
    std::string all = whole + fraction;
    const bool more = rest[0] > '5' || (rest[0] == '5' && rest.find_first_not_of('0', 1) != std::string::npos);
    const bool half = rest[0] == '5' && !more;
    if (more || (half && (all.back() - '0') % 2 == 1)) {
      size_t i = all.size();
      while (i > 0 && all[i - 1] == '9') all[--i] = '0';
      if (i == 0) {
        all.insert(0, "1");
      } else {
        ++all[i - 1];
      }
    }
    whole = all.substr(0, all.size() - static_cast<size_t>(places));
    fraction = all.substr(all.size() - static_cast<size_t>(places));
  }
  return (negative ? "-" : "") + whole + (places > 0 ? "." + fraction : "");
}

bool IsFloating(const DataType& type) {
  return type.kind() == TypeKind::kDouble || type.kind() == TypeKind::kFloat;
}

double FloatingOf(const InVector& column, const DataType& type, size_t row) {
  return type.kind() == TypeKind::kDouble ? column.Data<double>()[row] : static_cast<double>(column.Data<float>()[row]);
}

std::string NotFinite(double value) {
  return std::isnan(value) ? "NaN" : value < 0 ? "-\xE2\x88\x9E" : "\xE2\x88\x9E";
}

/// A number with exactly `places` digits behind the point, times a power of ten.
std::string PlainNumber(const InVector& column, const DataType& type, size_t row, int places, int factor) {
  if (IsFloating(type)) return fmt::format("{:.{}f}", FloatingOf(column, type, row) * factor, places);
  std::string plain;
  AppendCellText(&plain, type, column, row);
  if (factor != 1) {
    size_t dot = plain.find('.');
    if (dot == std::string::npos) {
      dot = plain.size();
      plain += '.';
    }
    const size_t shift = factor == 100 ? 2 : 3;
    plain.resize(std::max(plain.size(), dot + 1 + shift), '0');
    plain.erase(dot, 1);
    plain.insert(dot + shift, ".");
  }
  return RoundDigits(plain, places);
}

void FormatNumber(const ScalarInput& in, OutVector& result) {
  const DataType type = in[0].Type();
  for (size_t row = 0; row < in.rows(); ++row) {
    if (in.AnyNull(row)) continue;
    const int places = in[1].Data<int32_t>()[row];
    if (places < 0) {
      result.SetNull(row);
    } else if (IsFloating(type) && !std::isfinite(FloatingOf(in[0], type, row))) {
      result.SetString(row, NotFinite(FloatingOf(in[0], type, row)));
    } else {
      result.SetString(row, GroupDigits(PlainNumber(in[0], type, row, places, 1)));
    }
  }
}

void FormatNumberByPattern(const ScalarInput& in, OutVector& result) {
  const DataType type = in[0].Type();
  for (size_t row = 0; row < in.rows(); ++row) {
    if (in.AnyNull(row)) continue;
    const std::string_view text = in[1].String(row);
    const DecimalPattern& pattern = Parsed<DecimalPattern>(text.empty() ? "#,###,###,###,###,###,##0" : text);
    if (IsFloating(type) && !std::isfinite(FloatingOf(in[0], type, row))) {
      result.SetString(row, NotFinite(FloatingOf(in[0], type, row)));
    } else {
      result.SetString(row, pattern.Format(PlainNumber(in[0], type, row, pattern.max_fraction(), pattern.factor())));
    }
  }
}

void ToChar(const ScalarInput& in, OutVector& result) {
  const DataType type = in[0].Type();
  std::string plain;
  for (size_t row = 0; row < in.rows(); ++row) {
    if (in.AnyNull(row)) continue;
    plain.clear();
    AppendCellText(&plain, type, in[0], row);
    result.SetString(row, Parsed<NumberFormat>(in[1].String(row)).Format(plain));
  }
}

void ToNumber(const ScalarInput& in, OutVector& result, bool strict) {
  for (size_t row = 0; row < in.rows(); ++row) {
    if (in.AnyNull(row)) continue;
    const auto digits = Parsed<NumberFormat>(in[1].String(row)).Parse(in[0].String(row));
    if (digits) {
      __int128 value = 0;
      for (const char c : *digits) {
        if (c != '-') value = value * 10 + (c - '0');
      }
      result.Data<__int128>()[row] = digits->starts_with('-') ? -value : value;
    } else if (strict) {
      throw Error("INVALID_FORMAT.MISMATCH_INPUT",
                  fmt::format("The format is invalid: {}. The input \"STRING\" {} does not match the format.",
                              in[1].String(row), in[0].String(row)),
                  {{"format", std::string(in[1].String(row))},
                   {"inputType", "\"STRING\""},
                   {"input", std::string(in[0].String(row))}});
    } else {
      result.SetNull(row);
    }
  }
}

void Sentences(const ScalarInput& in, OutVector& result) {
  uint64_t sentences = 0;
  uint64_t words = 0;
  for (size_t row = 0; row < in.rows(); ++row) {
    if (in.AnyNull(row)) {
      result.SetList(row, 0, 0);
      continue;
    }
    const auto found = SentencesOf(in[0].String(row));
    result.ReserveList(sentences + found.size());
    result.SetList(row, sentences, found.size());
    for (const auto& sentence : found) {
      OutVector lists = result.ListChild();
      lists.ReserveList(words + sentence.size());
      lists.SetList(sentences++, words, sentence.size());
      OutVector texts = lists.ListChild();
      for (const std::string_view word : sentence) texts.SetString(words++, word);
    }
  }
  result.SetListSize(sentences);
  OutVector lists = result.ListChild();
  lists.SetListSize(words);
}

}  // namespace

void AddNativeFormats(ScalarFunctions* out) {
  out->push_back({.name = "spark_format_string",
                  .parameters = {kString},
                  .varargs = {ParameterType::Any()},
                  .result = DataType(kString),
                  .run = FormatString,
                  .handles_null = true});
  const auto add = [&](const char* name, std::vector<ParameterType> parameters, DataType result, auto run) {
    out->push_back({.name = name,
                    .parameters = std::move(parameters),
                    .varargs = {},
                    .result = std::move(result),
                    .run = std::move(run)});
  };
  add("spark_format_number", {ParameterType::Any(), kInt}, DataType(kString), FormatNumber);
  add("spark_format_number", {ParameterType::Any(), kString}, DataType(kString), FormatNumberByPattern);
  add("spark_to_char", {ParameterType::Any(), kString}, DataType(kString), ToChar);
  add("spark_to_number", {kString, kString}, DataType::Decimal(38, 0),
      [](const ScalarInput& in, OutVector& result) { ToNumber(in, result, true); });
  add("spark_try_to_number", {kString, kString}, DataType::Decimal(38, 0),
      [](const ScalarInput& in, OutVector& result) { ToNumber(in, result, false); });
  add("spark_sentences", {kString}, DataType::Array(DataType::Array(DataType(kString), false), false), Sentences);
}

}  // namespace tinderbox::engine
