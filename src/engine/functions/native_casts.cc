#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "engine/functions/native.h"
#include "engine/functions/native_math.h"
#include "engine/functions/text_values.h"
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
      {{"expression", shown}, {"sourceType", "\"STRING\""}, {"targetType", type}});
}

[[noreturn]] void ThrowOutOfRange(std::string_view text, int precision, int scale) {
  throw Error(
      "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION",
      fmt::format("The value {} cannot be represented as decimal({}, {}). Use `try_cast` to tolerate it and return "
                  "NULL instead.",
                  text, precision, scale),
      {{"value", std::string(text)}, {"precision", std::to_string(precision)}, {"scale", std::to_string(scale)}});
}

int64_t Instant(std::string_view text, const ParsedTimestamp& parsed, int64_t offset) {
  if (!parsed.region.empty()) {
    throw Error(
        "UNSUPPORTED_FEATURE",
        fmt::format("The embedded engine does not support a time zone named by region inside a timestamp text: '{}'. "
                    "Write the offset (+02:00).",
                    text));
  }
  return parsed.local_micros - (parsed.zone_seconds ? *parsed.zone_seconds : offset) * int64_t{1000000};
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
void AddIntegerParser(ScalarFunctions* out, const std::string& name, TypeKind to) {
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
  AddParser<int64_t>(out, "timestamp", TypeKind::kTimestamp, [](std::string_view text) -> std::optional<int64_t> {
    const auto parsed = ParseTimestamp(text);
    if (!parsed) return std::nullopt;
    return Instant(text, *parsed, 0);
  });
  out->push_back({.name = "spark_timestamp_has_zone",
                  .parameters = {TypeKind::kString},
                  .varargs = {},
                  .result = DataType(TypeKind::kBoolean),
                  .run = PerRow([](const ScalarInput& in, size_t row, OutVector& result) {
                    const auto parsed = ParseTimestamp(in[0].String(row));
                    result.Data<uint8_t>()[row] = parsed && (parsed->zone_seconds || !parsed->region.empty()) ? 1 : 0;
                  })});
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
                  .parameters = {TypeKind::kInteger},
                  .varargs = {},
                  .result = DataType(TypeKind::kString),
                  .run = PerRow([](const ScalarInput& in, size_t row, OutVector& result) {
                    std::string text;
                    spark::AppendYearMonthInterval(&text, in[0].Data<int32_t>()[row]);
                    result.SetString(row, text);
                  })});
  out->push_back({.name = "spark_day_time_to_string",
                  .parameters = {TypeKind::kLong},
                  .varargs = {},
                  .result = DataType(TypeKind::kString),
                  .run = PerRow([](const ScalarInput& in, size_t row, OutVector& result) {
                    std::string text;
                    spark::AppendDayTimeInterval(&text, in[0].Data<int64_t>()[row]);
                    result.SetString(row, text);
                  })});
}

ScalarFunctions NativeFunctions() {
  ScalarFunctions out;
  AddNativeCasts(&out);
  AddNativeNumbers(&out);
  AddNativeMath(&out);
  AddNativeStrings(&out);
  AddNativePatterns(&out);
  AddNativeTimes(&out);
  AddNativeHashes(&out);
  AddNativeCollections(&out);
  return out;
}

}  // namespace tinderbox::engine
