#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "engine/functions/interval_text.h"
#include "engine/functions/native.h"
#include "engine/functions/native_math.h"
#include "engine/functions/native_products.h"
#include "engine/functions/stored_digits.h"
#include "engine/functions/text_values.h"
#include "engine/functions/time_zone.h"
#include "engine/functions/value_text.h"
#include "spark/text.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

[[noreturn]] void ThrowMalformed(std::string_view text, const DataType& to) {
  const std::string shown = fmt::format("'{}'", text);
  const std::string type = fmt::format("\"{}\"", to.Sql());
  throw Error(
      "CAST_INVALID_INPUT",
      fmt::format("The value {} of the type \"STRING\" cannot be cast to {} because it is malformed. Correct the "
                  "value as per the syntax, or change its target type. Use `try_cast` to tolerate malformed input "
                  "and return NULL instead.",
                  shown, type),
      {{"expression", shown},
       {"sourceType", "\"STRING\""},
       {"targetType", type},
       {"ansiConfig", "\"spark.sql.ansi.enabled\""}});
}

[[noreturn]] void ThrowOutOfRange(std::string_view text, int precision, int scale) {
  // What was scientific is shown plain, as Spark does.
  std::string plain(text);
  __int128 digits = 0;
  if (plain.find_first_of("eE") != std::string::npos && ParseDecimal(text, 38, 0, &digits) == DecimalStatus::kOk) {
    plain.clear();
    spark::AppendDecimal(&plain, {digits, 0});
  }
  throw Error("NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION",
              fmt::format("{} cannot be represented as Decimal({}, {}). If necessary set \"spark.sql.ansi.enabled\" to "
                          "\"false\" to bypass this error, and return NULL instead.",
                          plain, precision, scale),
              {{"value", plain},
               {"precision", std::to_string(precision)},
               {"scale", std::to_string(scale)},
               {"config", "\"spark.sql.ansi.enabled\""}});
}

[[noreturn]] void ThrowDoubleToTimestamp(double seconds, double micros) {
  std::string shown;
  spark::AppendDouble(&shown, std::isfinite(seconds) ? micros : seconds);
  if (std::isfinite(seconds)) {
    throw Error("CAST_OVERFLOW",
                fmt::format("The value {}D of the type \"DOUBLE\" cannot be cast to \"BIGINT\" due to an overflow. Use "
                            "`try_cast` to tolerate overflow and return NULL instead.",
                            shown),
                {{"value", shown + "D"},
                 {"sourceType", "\"DOUBLE\""},
                 {"targetType", "\"BIGINT\""},
                 {"ansiConfig", "\"spark.sql.ansi.enabled\""}});
  }
  throw Error(
      "CAST_INVALID_INPUT",
      fmt::format("The value {} of the type \"DOUBLE\" cannot be cast to \"TIMESTAMP\" because it is malformed. "
                  "Correct the value as per the syntax, or change its target type. Use `try_cast` to tolerate "
                  "malformed input and return NULL instead.",
                  shown),
      {{"expression", shown},
       {"sourceType", "\"DOUBLE\""},
       {"targetType", "\"TIMESTAMP\""},
       {"ansiConfig", "\"spark.sql.ansi.enabled\""}});
}

/// Java's narrowing of a double: the nearest number there is, and 0 for NaN.
template <typename T>
T Saturate(double value) {
  if (std::isnan(value)) return 0;
  if (value >= static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
  if (value <= static_cast<double>(std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
  return static_cast<T>(value);
}

/// Narrows as the hardware does: without ANSI rules nothing overflows.
template <typename T>
void AddWrap(ScalarFunctions* out, const char* name, TypeKind to) {
  out->push_back({.name = name,
                  .parameters = {TypeKind::kLong},
                  .varargs = {},
                  .result = DataType(to),
                  .run = PerRow([](const ScalarInput& in, size_t row, OutVector& result) {
                    result.Data<T>()[row] = static_cast<T>(in[0].Data<int64_t>()[row]);
                  })});
  out->push_back({.name = name,
                  .parameters = {TypeKind::kDouble},
                  .varargs = {},
                  .result = DataType(to),
                  .run = PerRow([](const ScalarInput& in, size_t row, OutVector& result) {
                    const double value = in[0].Data<double>()[row];
                    result.Data<T>()[row] = sizeof(T) == 8 ? static_cast<T>(Saturate<int64_t>(value))
                                                           : static_cast<T>(Saturate<int32_t>(value));
                  })});
}

/// What a text means as a whole number without ANSI rules: digits after a point are cut off.
std::optional<int64_t> ParseLegacyInteger(std::string_view text, int64_t low, int64_t high) {
  text = TrimAll(text);
  const size_t point = text.find('.');
  if (point != std::string_view::npos) {
    if (text.find_first_not_of("0123456789", point + 1) != std::string_view::npos) return std::nullopt;
    const std::string_view head = text.substr(0, point);
    if (head.empty() || head == "-" || head == "+")
      return text.size() > head.size() + 1 ? std::optional<int64_t>(0) : std::nullopt;
    text = head;
  }
  return ParseInteger(text, low, high);
}

[[noreturn]] void ThrowInterval(std::string_view text, const DataType& to) {
  const bool months = to.kind() == TypeKind::kYearMonthInterval;
  const std::string fields = to.SimpleString().substr(9);
  std::string upper = fields;
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  std::string form;
  static constexpr const char* kMonthForms[] = {"y", "m"};
  static constexpr const char* kTimeForms[] = {"d", "h", "m", "s.n"};
  for (int field = to.start_field(); field <= to.end_field(); ++field) {
    if (!form.empty()) form += months ? "-" : field == 1 ? " " : ":";
    form += months ? kMonthForms[field] : kTimeForms[field];
  }
  const std::string supported = fmt::format("`[+|-]{0}`, `INTERVAL [+|-]'[+|-]{0}' {1}`", form, upper);
  const bool notice = !months || to.start_field() == to.end_field();
  throw Error(notice ? "INVALID_INTERVAL_FORMAT.UNMATCHED_FORMAT_STRING_WITH_NOTICE"
                     : "INVALID_INTERVAL_FORMAT.UNMATCHED_FORMAT_STRING",
              fmt::format("Error parsing '{}' to interval. Please ensure that the value provided is in a valid format "
                          "for defining an interval. You can reference the documentation for the correct format. "
                          "Interval string does not match {} format of {} when cast to {}: {}.",
                          text, months ? "year-month" : "day-time", supported, to.SimpleString(), text),
              {{"input", std::string(text)},
               {"intervalStr", months ? "year-month" : "day-time"},
               {"supportedFormat", supported},
               {"typeName", to.SimpleString()}});
}

/// text, first field, last field
template <typename T>
void AddIntervalReader(ScalarFunctions* out, const char* name, TypeKind kind, bool tolerant) {
  out->push_back({.name = name,
                  .parameters = {TypeKind::kString, TypeKind::kInteger, TypeKind::kInteger},
                  .varargs = {},
                  .result = DataType(kind),
                  .run = PerRow([kind, tolerant](const ScalarInput& in, size_t row, OutVector& result) {
                    const int first = in[1].Data<int32_t>()[row];
                    const int last = in[2].Data<int32_t>()[row];
                    const DataType type = kind == TypeKind::kYearMonthInterval
                                              ? DataType::YearMonthInterval(first, last)
                                              : DataType::DayTimeInterval(first, last);
                    const auto value = ParseInterval(in[0].String(row), type);
                    if (value) {
                      result.Data<T>()[row] = static_cast<T>(*value);
                    } else if (tolerant) {
                      result.SetNull(row);
                    } else {
                      ThrowInterval(in[0].String(row), type);
                    }
                  })});
}

/// Adds the strict function and the one that yields NULL for malformed text.
template <typename T, typename Parse>
void AddParser(ScalarFunctions* out, const std::string& name, TypeKind to, Parse parse) {
  for (const bool tolerant : {false, true}) {
    ScalarFunction function;
    function.name = (tolerant ? "spark_try_string_to_" : "spark_string_to_") + name;
    function.parameters = {TypeKind::kString};
    function.result = DataType(to);
    function.run = PerRow([parse, tolerant, to](const ScalarInput& in, size_t row, OutVector& result) {
      const std::string_view text = in[0].String(row);
      const auto value = parse(text);
      if (value) {
        result.Data<T>()[row] = static_cast<T>(*value);
      } else if (tolerant) {
        result.SetNull(row);
      } else {
        ThrowMalformed(text, DataType(to));
      }
    });
    out->push_back(std::move(function));
  }
}

template <typename T>
void AddIntegerParser(ScalarFunctions* out, const std::string& name, TypeKind to, bool legacy = false) {
  if (legacy) {
    out->push_back({.name = "spark_legacy_string_to_" + name,
                    .parameters = {TypeKind::kString},
                    .varargs = {},
                    .result = DataType(to),
                    .run = PerRow([](const ScalarInput& in, size_t row, OutVector& result) {
                      const auto value = ParseLegacyInteger(in[0].String(row), std::numeric_limits<T>::min(),
                                                            std::numeric_limits<T>::max());
                      if (value) {
                        result.Data<T>()[row] = static_cast<T>(*value);
                      } else {
                        result.SetNull(row);
                      }
                    })});
    return;
  }
  AddParser<T>(out, name, to, [](std::string_view text) {
    return ParseInteger(text, std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
  });
}

void AddDecimalParsers(ScalarFunctions* out) {
  for (const bool tolerant : {false, true}) {
    for (const bool from_double : {false, true}) {
      ScalarFunction function;
      function.name = fmt::format("spark_{}{}_to_decimal", tolerant ? "try_" : "", from_double ? "double" : "string");
      function.parameters = {from_double ? TypeKind::kDouble : TypeKind::kString, TypeKind::kInteger,
                             TypeKind::kInteger};
      function.result = DataType::Decimal(38, 0);
      function.run = PerRow([=](const ScalarInput& in, size_t row, OutVector& result) {
        const int precision = in[1].Data<int32_t>()[row];
        const int scale = in[2].Data<int32_t>()[row];
        std::string shown;
        if (from_double) {
          const double value = in[0].Data<double>()[row];
          if (!std::isfinite(value)) {
            result.SetNull(row);
            return;
          }
          spark::AppendDouble(&shown, value);
        }
        const std::string_view text = from_double ? std::string_view(shown) : in[0].String(row);
        __int128 unscaled = 0;
        const DecimalStatus status = ParseDecimal(text, precision, scale, &unscaled);
        if (status == DecimalStatus::kOk) {
          result.Data<__int128>()[row] = unscaled;
        } else if (tolerant) {
          result.SetNull(row);
        } else if (status == DecimalStatus::kMalformed) {
          ThrowMalformed(text, DataType::Decimal(precision, scale));
        } else {
          ThrowOutOfRange(text, precision, scale);
        }
      });
      out->push_back(std::move(function));
    }
  }
}

}  // namespace

void AddNativeCasts(ScalarFunctions* out) {
  AddParser<uint8_t>(out, "boolean", TypeKind::kBoolean, ParseBoolean);
  AddIntegerParser<int8_t>(out, "byte", TypeKind::kByte);
  AddIntegerParser<int16_t>(out, "short", TypeKind::kShort);
  AddIntegerParser<int32_t>(out, "int", TypeKind::kInteger);
  AddIntegerParser<int64_t>(out, "long", TypeKind::kLong);
  AddParser<float>(out, "float", TypeKind::kFloat, ParseFloat);
  AddParser<double>(out, "double", TypeKind::kDouble, ParseDouble);
  AddParser<int32_t>(out, "date", TypeKind::kDate, ParseDate);
  AddDecimalParsers(out);
  AddParser<int64_t>(out, "timestamp_ntz", TypeKind::kTimestampNtz,
                     [](std::string_view text) -> std::optional<int64_t> {
                       const auto parsed = ParseTimestamp(text);
                       if (!parsed) return std::nullopt;
                       return parsed->local_micros;
                     });
  AddParser<int64_t>(out, "time", TypeKind::kTime, ParseTime);
  AddIntegerParser<int8_t>(out, "byte", TypeKind::kByte, true);
  AddIntegerParser<int16_t>(out, "short", TypeKind::kShort, true);
  AddIntegerParser<int32_t>(out, "int", TypeKind::kInteger, true);
  AddIntegerParser<int64_t>(out, "long", TypeKind::kLong, true);
  AddWrap<int8_t>(out, "spark_wrap_byte", TypeKind::kByte);
  AddWrap<int16_t>(out, "spark_wrap_short", TypeKind::kShort);
  AddWrap<int32_t>(out, "spark_wrap_int", TypeKind::kInteger);
  AddWrap<int64_t>(out, "spark_wrap_long", TypeKind::kLong);
  out->push_back({.name = "spark_wrap_decimal",
                  .parameters = {DataType::Decimal(38, 0)},
                  .varargs = {},
                  .result = DataType(TypeKind::kLong),
                  .run = PerRow([](const ScalarInput& in, size_t row, OutVector& result) {
                    result.Data<int64_t>()[row] = static_cast<int64_t>(in[0].Data<StoredDigits>()[row]);
                  })});
  for (const bool tolerant : {false, true}) {
    // text, session zone
    out->push_back({.name = tolerant ? "spark_try_string_to_timestamp" : "spark_string_to_timestamp",
                    .parameters = {TypeKind::kString, TypeKind::kString},
                    .varargs = {},
                    .result = DataType(TypeKind::kTimestamp),
                    .run = PerRow([tolerant](const ScalarInput& in, size_t row, OutVector& result) {
                      const auto instant = ParseInstant(in[0].String(row), in[1].String(row));
                      if (instant) {
                        result.Data<int64_t>()[row] = *instant;
                      } else if (tolerant) {
                        result.SetNull(row);
                      } else {
                        ThrowMalformed(in[0].String(row), DataType(TypeKind::kTimestamp));
                      }
                    })});
    out->push_back({.name = tolerant ? "spark_try_double_to_timestamp" : "spark_double_to_timestamp",
                    .parameters = {TypeKind::kDouble},
                    .varargs = {},
                    .result = DataType(TypeKind::kTimestamp),
                    .run = PerRow([tolerant](const ScalarInput& in, size_t row, OutVector& result) {
                      const double seconds = in[0].Data<double>()[row];
                      const double micros = std::trunc(seconds * 1e6);
                      if (std::isfinite(seconds) && std::fabs(micros) < 9223372036854775808.0) {
                        result.Data<int64_t>()[row] = static_cast<int64_t>(micros);
                      } else if (tolerant) {
                        result.SetNull(row);
                      } else {
                        ThrowDoubleToTimestamp(seconds, micros);
                      }
                    })});
    AddIntervalReader<int32_t>(out, tolerant ? "spark_try_string_to_year_month" : "spark_string_to_year_month",
                               TypeKind::kYearMonthInterval, tolerant);
    AddIntervalReader<int64_t>(out, tolerant ? "spark_try_string_to_day_time" : "spark_string_to_day_time",
                               TypeKind::kDayTimeInterval, tolerant);
  }
  // Without ANSI rules seconds end at the bounds of a timestamp.
  out->push_back({.name = "spark_legacy_double_to_timestamp",
                  .parameters = {TypeKind::kDouble},
                  .varargs = {},
                  .result = DataType(TypeKind::kTimestamp),
                  .run = PerRow([](const ScalarInput& in, size_t row, OutVector& result) {
                    const double seconds = in[0].Data<double>()[row];
                    const double micros = std::trunc(seconds * 1e6);
                    if (!std::isfinite(seconds)) {
                      result.SetNull(row);
                    } else if (std::fabs(micros) < 9223372036854775808.0) {
                      result.Data<int64_t>()[row] = static_cast<int64_t>(micros);
                    } else {
                      result.Data<int64_t>()[row] = seconds < 0 ? INT64_MIN : INT64_MAX;
                    }
                  })});
  // to_time of a text without a pattern has an error of its own.
  out->push_back({.name = "spark_text_to_time",
                  .parameters = {TypeKind::kString},
                  .varargs = {},
                  .result = DataType(TypeKind::kTime),
                  .run = PerRow([](const ScalarInput& in, size_t row, OutVector& result) {
                    const auto time = ParseTime(in[0].String(row));
                    if (!time) {
                      throw Error("CANNOT_PARSE_TIME",
                                  fmt::format("The input string '{}' cannot be parsed to a TIME value because it does "
                                              "not match to the datetime format 'HH:mm:ss.SSSSSS'.",
                                              in[0].String(row)),
                                  {{"input", fmt::format("'{}'", in[0].String(row))}, {"format", "'HH:mm:ss.SSSSSS'"}});
                    }
                    result.Data<int64_t>()[row] = *time;
                  })});
  out->push_back({.name = "spark_try_string_to_interval",
                  .parameters = {TypeKind::kString},
                  .varargs = {},
                  .result = DataType(TypeKind::kCalendarInterval),
                  .run = PerRow([](const ScalarInput& in, size_t row, OutVector& result) {
                    const auto value = ParseCalendarInterval(in[0].String(row));
                    if (value) {
                      result.Data<CalendarIntervalValue>()[row] = *value;
                    } else {
                      result.SetNull(row);
                    }
                  })});
  const auto add_binary = [&](TypeKind kind, int width, auto bits_of) {
    out->push_back({.name = "spark_to_binary",
                    .parameters = {kind},
                    .varargs = {},
                    .result = DataType(TypeKind::kBinary),
                    .run = PerRow([width, bits_of](const ScalarInput& in, size_t row, OutVector& result) {
                      const auto bits = static_cast<uint64_t>(bits_of(in[0], row));
                      std::string bytes;
                      for (int at = width - 1; at >= 0; --at) bytes += static_cast<char>(bits >> (8 * at) & 0xFF);
                      result.SetString(row, bytes);
                    })});
  };
  add_binary(TypeKind::kByte, 1, [](const InVector& v, size_t row) { return v.Data<uint8_t>()[row]; });
  add_binary(TypeKind::kShort, 2, [](const InVector& v, size_t row) { return v.Data<int16_t>()[row]; });
  add_binary(TypeKind::kInteger, 4, [](const InVector& v, size_t row) { return v.Data<int32_t>()[row]; });
  add_binary(TypeKind::kLong, 8, [](const InVector& v, size_t row) { return v.Data<int64_t>()[row]; });
  out->push_back({.name = "spark_to_string",
                  .parameters = {ParameterType::Any()},
                  .varargs = {},
                  .result = DataType(TypeKind::kString),
                  .run = [](const ScalarInput& in, OutVector& result) {
                    const DataType type = in[0].Type();
                    std::string text;
                    for (size_t row = 0; row < in.rows(); ++row) {
                      if (in[0].IsNull(row)) continue;
                      text.clear();
                      AppendCellText(&text, type, in[0], row);
                      result.SetString(row, text);
                    }
                  }});
  out->push_back({.name = "spark_year_month_to_string",
                  .parameters = {TypeKind::kInteger, TypeKind::kInteger, TypeKind::kInteger},
                  .varargs = {},
                  .result = DataType(TypeKind::kString),
                  .run = PerRow([](const ScalarInput& in, size_t row, OutVector& result) {
                    std::string text;
                    spark::AppendYearMonthInterval(
                        &text, in[0].Data<int32_t>()[row],
                        DataType::YearMonthInterval(in[1].Data<int32_t>()[row], in[2].Data<int32_t>()[row]));
                    result.SetString(row, text);
                  })});
  out->push_back({.name = "spark_day_time_to_string",
                  .parameters = {TypeKind::kLong, TypeKind::kInteger, TypeKind::kInteger},
                  .varargs = {},
                  .result = DataType(TypeKind::kString),
                  .run = PerRow([](const ScalarInput& in, size_t row, OutVector& result) {
                    std::string text;
                    spark::AppendDayTimeInterval(
                        &text, in[0].Data<int64_t>()[row],
                        DataType::DayTimeInterval(in[1].Data<int32_t>()[row], in[2].Data<int32_t>()[row]));
                    result.SetString(row, text);
                  })});
}

ScalarFunctions NativeFunctions() {
  ScalarFunctions out;
  AddNativeCasts(&out);
  AddNativeNumbers(&out);
  AddNativeProducts(&out);
  AddNativeMath(&out);
  AddNativeStrings(&out);
  AddNativeText(&out);
  AddNativeEncodings(&out);
  AddNativeFormats(&out);
  AddNativeUrls(&out);
  AddNativeCrypto(&out);
  AddNativeMisc(&out);
  AddNativeJson(&out);
  AddNativePatterns(&out);
  AddNativeTimes(&out);
  AddNativeIntervals(&out);
  AddNativeRandom(&out);
  AddNativeHashes(&out);
  AddNativeOrder(&out);
  AddNativeCollections(&out);
  AddNativeArrays(&out);
  AddNativeSamples(&out);
  AddNativeSketches(&out);
  AddNativeVariant(&out);
  AddNativeXml(&out);
  AddNativeVectors(&out);
  AddNativeShow(&out);
  return out;
}

}  // namespace tinderbox::engine
