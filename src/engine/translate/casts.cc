#include "engine/translate/casts.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "engine/functions/family.h"
#include "engine/functions/variants.h"
#include "engine/translate/casts_intervals.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/names.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

bool IsUtc(const std::string& zone) {
  for (const char* name : {"UTC", "Etc/UTC", "Z", "GMT", "+00:00", "+0", "UTC+0"}) {
    if (SameName(zone, name, false)) return true;
  }
  return false;
}

bool IsAnyTime(TypeKind kind) {
  return kind == TypeKind::kDate || kind == TypeKind::kTimestamp || kind == TypeKind::kTimestampNtz;
}

/// Whether every value of a numeric type fits the decimal.
bool FitsDecimal(const DataType& from, const DataType& to) {
  if (from.kind() == TypeKind::kBoolean) return to.precision() - to.scale() >= 1;
  if (from.kind() == TypeKind::kDecimal) {
    return to.scale() >= from.scale() && to.precision() - to.scale() >= from.precision() - from.scale();
  }
  if (!from.IsIntegral()) return false;
  return to.precision() - to.scale() >= DecimalOf(from).precision();
}

/// Whether Spark says that a cast may give NULL whatever goes in.
bool ForcesNull(const DataType& from, const DataType& to) {
  const bool fractional = from.kind() == TypeKind::kFloat || from.kind() == TypeKind::kDouble;
  if (from == to || from.kind() == TypeKind::kNull || to.kind() == TypeKind::kString) return false;
  if (from.kind() == TypeKind::kString) return to.kind() != TypeKind::kBinary;
  if (from.kind() == TypeKind::kTimestamp && to.IsIntegral()) return to.kind() != TypeKind::kLong;
  if (fractional && to.kind() == TypeKind::kTimestamp) return true;
  if (to.kind() == TypeKind::kDate) return from.kind() != TypeKind::kTimestamp;
  if (from.kind() == TypeKind::kDate) return to.kind() != TypeKind::kTimestamp;
  if (to.kind() == TypeKind::kCalendarInterval) return true;
  if (to.kind() == TypeKind::kDecimal) {
    // Rounding may add one digit before the point.
    const bool rounds = from.kind() == TypeKind::kDecimal && to.scale() < from.scale() &&
                        to.precision() - to.scale() > from.precision() - from.scale();
    return !rounds && !FitsDecimal(from, to);
  }
  return (fractional || from.kind() == TypeKind::kDecimal) && to.IsIntegral();
}

/// Whether a try_cast needs no NULL.
bool IsUpCast(const DataType& from, const DataType& to) {
  if (from == to || to.kind() == TypeKind::kString) return true;
  if (from.kind() == TypeKind::kString) return to.kind() == TypeKind::kBinary;
  if (IsAnyTime(from.kind()) && IsAnyTime(to.kind())) return to.kind() != TypeKind::kDate;
  if (to.kind() == TypeKind::kDecimal) return FitsDecimal(from, to);
  const auto rank = [](TypeKind kind) {
    static constexpr TypeKind kOrder[] = {TypeKind::kByte, TypeKind::kShort, TypeKind::kInteger,
                                          TypeKind::kLong, TypeKind::kFloat, TypeKind::kDouble};
    return std::find(std::begin(kOrder), std::end(kOrder), kind) - std::begin(kOrder);
  };
  return from.IsNumeric() && to.IsNumeric() && from.kind() != TypeKind::kDecimal &&
         rank(from.kind()) <= rank(to.kind());
}

Sql CutTime(const Sql& time, const DataType& to) {
  if (to.precision() == 6) return time;
  int64_t unit = 1;
  for (int i = to.precision(); i < 6; ++i) unit *= 10;
  return Template("spark_time_of_micros(spark_time_micros($1) // $2 * $2)", {time, IntegerLiteral(unit)});
}

[[noreturn]] void RefuseCast(const DataType& from, const DataType& to) {
  const auto refuse = [&](const char* condition, const std::string& why, Error::Params params) {
    params["srcType"] = "\"" + from.Sql() + "\"";
    params["targetType"] = "\"" + to.Sql() + "\"";
    throw Error(condition, fmt::format("Cannot cast \"{}\" to \"{}\"{}", from.Sql(), to.Sql(), why), std::move(params));
  };
  const bool instant = from.kind() == TypeKind::kTimestamp || to.kind() == TypeKind::kTimestamp;
  const bool boolean = from.kind() == TypeKind::kBoolean || to.kind() == TypeKind::kBoolean;
  // What is possible without ANSI rules.
  if ((instant && boolean) || (from.IsIntegral() && to.kind() == TypeKind::kBinary)) {
    refuse("DATATYPE_MISMATCH.CAST_WITH_CONF_SUGGESTION",
           " with ANSI mode on. If you have to cast so, you can set \"spark.sql.ansi.enabled\" as 'false'.",
           {{"config", "\"spark.sql.ansi.enabled\""}, {"configVal", "'false'"}});
  }
  if ((from.kind() == TypeKind::kDate && to.IsNumeric()) || (from.IsNumeric() && to.kind() == TypeKind::kDate)) {
    const char* function = to.kind() == TypeKind::kDate ? "`DATE_FROM_UNIX_DATE`" : "`UNIX_DATE`";
    refuse("DATATYPE_MISMATCH.CAST_WITH_FUNC_SUGGESTION",
           fmt::format(". To convert values, you can use the functions {} instead.", function),
           {{"functionNames", function}});
  }

  throw Error("DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION",
              fmt::format("Cannot cast \"{}\" to \"{}\".", from.Sql(), to.Sql()),
              {{"srcType", "\"" + from.Sql() + "\""}, {"targetType", "\"" + to.Sql() + "\""}});
}

Sql PlainCast(const Sql& value, const DataType& to, bool try_cast) {
  if (!try_cast) return to.kind() == TypeKind::kDecimal ? PlacedCast(value, to) : CastTo(value, to);
  return Template("TRY_CAST($1 AS $2)", {value, TypeName(to)});
}

/// A native function and the form of it that gives NULL instead of failing.
Sql Either(bool tolerant, const char* strict, const char* lenient, const std::vector<Sql>& arguments) {
  return Call(tolerant ? lenient : strict, arguments);
}

struct Reader {
  TypeKind kind;
  const char* strict;
  const char* lenient;
  const char* legacy;  ///< what reads text where ANSI rules are off
};
constexpr Reader kReaders[] = {
    {TypeKind::kBoolean, "spark_string_to_boolean", "spark_try_string_to_boolean", "spark_try_string_to_boolean"},
    {TypeKind::kByte, "spark_string_to_byte", "spark_try_string_to_byte", "spark_legacy_string_to_byte"},
    {TypeKind::kShort, "spark_string_to_short", "spark_try_string_to_short", "spark_legacy_string_to_short"},
    {TypeKind::kInteger, "spark_string_to_int", "spark_try_string_to_int", "spark_legacy_string_to_int"},
    {TypeKind::kLong, "spark_string_to_long", "spark_try_string_to_long", "spark_legacy_string_to_long"},
    {TypeKind::kFloat, "spark_string_to_float", "spark_try_string_to_float", "spark_try_string_to_float"},
    {TypeKind::kDouble, "spark_string_to_double", "spark_try_string_to_double", "spark_try_string_to_double"},
    {TypeKind::kDate, "spark_string_to_date", "spark_try_string_to_date", "spark_try_string_to_date"},
    {TypeKind::kTimestampNtz, "spark_string_to_timestamp_ntz", "spark_try_string_to_timestamp_ntz",
     "spark_try_string_to_timestamp_ntz"},
    {TypeKind::kCalendarInterval, "spark_try_string_to_interval", "spark_try_string_to_interval",
     "spark_try_string_to_interval"},
};

Sql FromString(const Sql& value, const DataType& to, const Scope& scope, bool try_cast) {
  for (const Reader& reader : kReaders) {
    if (reader.kind != to.kind()) continue;
    return Call(try_cast ? reader.lenient : scope.ansi ? reader.strict : reader.legacy, {value});
  }
  const bool tolerant = try_cast || !scope.ansi;
  switch (to.kind()) {
    case TypeKind::kDecimal:
      return FromUnscaled(Either(tolerant, "spark_string_to_decimal", "spark_try_string_to_decimal",
                                 {value, IntegerLiteral(to.precision()), IntegerLiteral(to.scale())}),
                          to, tolerant);
    case TypeKind::kBinary:
      return Call("encode", {value});
    case TypeKind::kTime:
      return CutTime(Either(tolerant, "spark_string_to_time", "spark_try_string_to_time", {value}), to);
    case TypeKind::kTimestamp:
      return Either(tolerant, "spark_string_to_timestamp", "spark_try_string_to_timestamp",
                    {value, StringLiteral(scope.time_zone)});
    case TypeKind::kYearMonthInterval:
    case TypeKind::kDayTimeInterval:
      return IntervalFromText(value, to, tolerant);
    default:
      RefuseCast(DataType(TypeKind::kString), to);
  }
}

/// The type with text in place of what only its Spark type and the zone can show; the same type when there is none.
DataType WithText(const DataType& type, bool instants) {
  switch (type.kind()) {
    case TypeKind::kTimestamp:
      return instants ? DataType(TypeKind::kString) : type;
    case TypeKind::kYearMonthInterval:
    case TypeKind::kDayTimeInterval:
      return DataType(TypeKind::kString);
    case TypeKind::kArray:
      return DataType::Array(WithText(type.element(), instants), type.contains_null());
    case TypeKind::kMap:
      return DataType::Map(WithText(type.key(), instants), WithText(type.value(), instants), type.contains_null());
    case TypeKind::kStruct: {
      std::vector<StructField> fields;
      for (const StructField& field : type.fields()) {
        fields.push_back({field.name, WithText(field.type, instants), field.nullable});
      }
      return DataType::Struct(std::move(fields));
    }
    default:
      return type;
  }
}

Sql ToText(const Typed& value, const Scope& scope) {
  switch (value.type.kind()) {
    case TypeKind::kBoolean:
    case TypeKind::kByte:
    case TypeKind::kShort:
    case TypeKind::kInteger:
    case TypeKind::kLong:
    case TypeKind::kNull:
      return CastTo(value.sql, DataType(TypeKind::kString));
    case TypeKind::kTime:
      return Call("spark_to_string", {value.sql});
    case TypeKind::kDecimal:
      // DuckDB leaves out the zero before the point when there is no integral digit.
      if (value.type.precision() != value.type.scale()) return CastTo(value.sql, DataType(TypeKind::kString));
      return Call("spark_to_string", {value.sql});
    case TypeKind::kTimestamp:
      return Call("spark_to_string", {ToLocalTime(value.sql, scope)});
    case TypeKind::kYearMonthInterval:
    case TypeKind::kDayTimeInterval:
      return IntervalToText(value);
    default:
      return Call("spark_to_string",
                  {TranslateCast(value, WithText(value.type, !IsUtc(scope.time_zone)), scope, false).sql});
  }
}

/// Casts a number to an integral type, cut off towards zero.
Sql ToIntegral(const Sql& number, TypeKind from, const DataType& to, const Scope& scope, bool try_cast) {
  const bool floating = from == TypeKind::kFloat || from == TypeKind::kDouble;
  const Sql whole = floating || from == TypeKind::kDecimal ? Call("trunc", {number}) : number;
  if (try_cast || scope.ansi) return PlainCast(whole, to, try_cast);
  // Without ANSI rules what is too large wraps around, and floating values end at the bounds of INT or BIGINT.
  const Sql wide = floating                     ? CastTo(number, DataType(TypeKind::kDouble))
                   : from == TypeKind::kDecimal ? Call("spark_wrap_decimal", {CastTo(whole, DataType::Decimal(38, 0))})
                                                : CastTo(number, DataType(TypeKind::kLong));
  switch (to.kind()) {
    case TypeKind::kByte:
      return Call("spark_wrap_byte", {wide});
    case TypeKind::kShort:
      return Call("spark_wrap_short", {wide});
    case TypeKind::kInteger:
      return Call("spark_wrap_int", {wide});
    default:
      return Call("spark_wrap_long", {wide});
  }
}

/// Casts to a numeric type.
Sql ToNumber(const Typed& value, const DataType& to, const Scope& scope, bool try_cast) {
  const TypeKind from = value.type.kind();
  const bool tolerant = try_cast || !scope.ansi;
  const auto from_micros = [&](const Sql& micros) {
    if (to.IsIntegral()) {
      // Even without ANSI rules a time that does not fit is NULL.
      return PlainCast(Template("spark_floor_divide($1, 1000000)", {micros}), to, tolerant);
    }
    if (to.kind() == TypeKind::kDecimal) {
      return PlainCast(FromUnscaled(Template("CAST($1 AS DECIMAL(38,0))", {micros}), DataType::Decimal(38, 6), false),
                       to, tolerant);
    }
    return PlainCast(Template("(CAST($1 AS DOUBLE) / CAST(1000000 AS DOUBLE))", {micros}), to, try_cast);
  };
  switch (from) {
    case TypeKind::kBoolean:
      return PlainCast(CastTo(value.sql, DataType(TypeKind::kInteger)), to, tolerant);
    case TypeKind::kTimestamp:
      return from_micros(Template("epoch_us($1)", {value.sql}));
    case TypeKind::kTime:
      if (!to.IsIntegral() && to.kind() != TypeKind::kDecimal) RefuseCast(value.type, to);
      return from_micros(Call("spark_time_micros", {value.sql}));
    case TypeKind::kYearMonthInterval:
    case TypeKind::kDayTimeInterval:
      if (!to.IsIntegral() && to.kind() != TypeKind::kDecimal) RefuseCast(value.type, to);
      return IntervalToNumber(value, to, try_cast);
    case TypeKind::kDate:
      // Only without ANSI rules, and always NULL.
      if (scope.ansi) RefuseCast(value.type, to);
      return CastTo(Token("NULL"), to);
    default:
      break;
  }
  if (!value.type.IsNumeric()) RefuseCast(value.type, to);
  const bool floating = from == TypeKind::kFloat || from == TypeKind::kDouble;
  if (to.IsIntegral()) return ToIntegral(value.sql, from, to, scope, try_cast);
  if (to.kind() == TypeKind::kDecimal && floating) {
    // By way of the shortest text, as Java does: 1.005 is the decimal 1.005, not its binary neighbour.
    return FromUnscaled(Either(tolerant, "spark_double_to_decimal", "spark_try_double_to_decimal",
                               {value.sql, IntegerLiteral(to.precision()), IntegerLiteral(to.scale())}),
                        to, tolerant);
  }
  return PlainCast(value.sql, to, tolerant && to.kind() == TypeKind::kDecimal);
}

Sql ToInstant(const Typed& value, const Scope& scope, bool try_cast) {
  switch (value.type.kind()) {
    case TypeKind::kDate:
      return FromLocalTime(CastTo(value.sql, DataType(TypeKind::kTimestampNtz)), scope);
    case TypeKind::kTimestampNtz:
      return FromLocalTime(value.sql, scope);
    case TypeKind::kByte:
    case TypeKind::kShort:
    case TypeKind::kInteger:
    case TypeKind::kLong:
      return Template("make_timestamptz(CAST($1 AS BIGINT) * CAST(1000000 AS BIGINT))", {value.sql});
    case TypeKind::kFloat:
    case TypeKind::kDouble:
      return Either(try_cast || !scope.ansi, "spark_double_to_timestamp",
                    try_cast ? "spark_try_double_to_timestamp" : "spark_legacy_double_to_timestamp",
                    {CastTo(value.sql, DataType(TypeKind::kDouble))});
    case TypeKind::kBoolean:
      if (scope.ansi) RefuseCast(value.type, DataType(TypeKind::kTimestamp));
      return Template("make_timestamptz(CAST($1 AS BIGINT))", {value.sql});
    case TypeKind::kDecimal:
      return Template(
          "make_timestamptz(CAST(trunc(CAST($1 AS DECIMAL(38,12)) * CAST(1000000 AS DECIMAL(7,0))) AS BIGINT))",
          {value.sql});
    default:
      RefuseCast(value.type, DataType(TypeKind::kTimestamp));
  }
}

Typed CastNested(const Typed& value, const DataType& to, const Scope& scope, bool try_cast) {
  const DataType& from = value.type;
  if (from.kind() != to.kind()) RefuseCast(from, to);
  const bool nullable = value.nullable || try_cast;
  if (from.SameIgnoringNullability(to)) return {value.sql, to, value.nullable};
  Scope inner = scope;
  const Sql parameter = LambdaParameter(scope.lambdas.size(), 0);
  inner.lambdas.push_back({"", {}});
  if (from.kind() == TypeKind::kArray) {
    const Typed element = TranslateCast({parameter, from.element(), true}, to.element(), inner, try_cast);
    return {Template("list_transform($1, lambda $2: $3)", {value.sql, parameter, element.sql}), to, nullable};
  }
  if (from.kind() == TypeKind::kMap) {
    const Typed key = TranslateCast({Template("$1.key", {parameter}), from.key(), false}, to.key(), inner, try_cast);
    const Typed item =
        TranslateCast({Template("$1.value", {parameter}), from.value(), true}, to.value(), inner, try_cast);
    return {
        Template("map_from_entries(list_transform(map_entries($1), lambda $2: struct_pack(key := $3, value := $4)))",
                 {value.sql, parameter, key.sql, item.sql}),
        to, nullable};
  }
  if (from.fields().size() != to.fields().size()) RefuseCast(from, to);
  std::vector<Sql> parts;
  for (size_t i = 0; i < to.fields().size(); ++i) {
    const StructField& source = from.fields()[i];
    const Typed field =
        TranslateCast({Call("struct_extract", {parameter, StringLiteral(source.name)}), source.type, true},
                      to.fields()[i].type, inner, try_cast);
    parts.push_back(Template("$1 := $2", {Ident(to.fields()[i].name), field.sql}));
  }
  return {
      Template("list_extract(list_transform(list_value($1), lambda $2: CASE WHEN $2 IS NULL THEN NULL ELSE $3 END), 1)",
               {value.sql, parameter, Call("struct_pack", parts)}),
      to, nullable};
}

}  // namespace

Sql ToLocalTime(const Sql& instant, const Scope& scope) {
  if (IsUtc(scope.time_zone)) return Template("make_timestamp(epoch_us($1))", {instant});
  return Call("spark_local_time", {instant, StringLiteral(scope.time_zone)});
}

Sql FromLocalTime(const Sql& local, const Scope& scope) {
  if (IsUtc(scope.time_zone)) return Template("make_timestamptz(epoch_us($1))", {local});
  return Call("spark_instant", {local, StringLiteral(scope.time_zone)});
}

Sql FromUnscaled(const Sql& unscaled, const DataType& type, bool try_cast) {
  if (type.scale() == 0) return PlainCast(unscaled, type, try_cast);
  const std::string unit = "0." + std::string(static_cast<size_t>(type.scale() - 1), '0') + "1";
  const Sql scaled =
      Template("($1 * CAST($2 AS DECIMAL($3,$3)))", {unscaled, StringLiteral(unit), IntegerLiteral(type.scale())});
  return PlainCast(scaled, type, try_cast);
}

Sql Let(const Sql& value, const char* body) {
  const Sql name = Ident("let value");
  return Template("list_extract(list_transform(list_value($1), lambda $2: $3), 1)",
                  {value, name, Template(body, {name})});
}

Typed TranslateCast(const Typed& value, const DataType& to, const Scope& scope, bool try_cast) {
  const DataType& from = value.type;
  const bool nullable = value.nullable || (try_cast ? !IsUpCast(from, to) : ForcesNull(from, to));
  if (from == to) return value;
  if (from.kind() == TypeKind::kNull) return {CastTo(value.sql, to), to, true};
  if (to.kind() == TypeKind::kNull) RefuseCast(from, to);
  if (from.kind() == TypeKind::kVariant) {
    if (!FitsVariant(to, true)) RefuseCast(from, to);
    return {VariantTo(value.sql, to, scope.time_zone, try_cast), AsNullable(to), true};
  }
  if (to.kind() == TypeKind::kVariant) {
    if (!FitsVariant(from, false)) RefuseCast(from, to);
    return {ToVariant(value.sql), to, nullable};
  }
  if (to.kind() == TypeKind::kString) return {ToText(value, scope), to, value.nullable};
  if (from.kind() == TypeKind::kString) {
    if (to.IsNested()) RefuseCast(from, to);
    return {FromString(value.sql, to, scope, try_cast), to, nullable};
  }
  if (from.IsNested() || to.IsNested()) return CastNested(value, to, scope, try_cast);
  if (IsInterval(from) && from.kind() == to.kind()) return {NarrowInterval(value, to), to, value.nullable};
  if (from.kind() == TypeKind::kTime && to.kind() == TypeKind::kTime) {
    return {to.precision() < from.precision() ? CutTime(value.sql, to) : value.sql, to, value.nullable};
  }
  if (from.kind() == to.kind() && from.kind() != TypeKind::kDecimal) return {value.sql, to, value.nullable};
  switch (to.kind()) {
    case TypeKind::kBoolean:
      if (from.kind() == TypeKind::kTimestamp && !scope.ansi) {
        return {Template("(epoch_us($1) <> 0)", {value.sql}), to, value.nullable};
      }
      if (!from.IsNumeric()) RefuseCast(from, to);
      return {Template("($1 <> 0)", {value.sql}), to, value.nullable};
    case TypeKind::kByte:
    case TypeKind::kShort:
    case TypeKind::kInteger:
    case TypeKind::kLong:
    case TypeKind::kFloat:
    case TypeKind::kDouble:
    case TypeKind::kDecimal:
      return {ToNumber(value, to, scope, try_cast), to, nullable};
    case TypeKind::kBinary:
      if (!from.IsIntegral() || scope.ansi) RefuseCast(from, to);
      return {Call("spark_to_binary", {value.sql}), to, value.nullable};
    case TypeKind::kDate:
      if (from.kind() == TypeKind::kTimestampNtz) return {CastTo(value.sql, to), to, nullable};
      if (from.kind() != TypeKind::kTimestamp) RefuseCast(from, to);
      return {CastTo(ToLocalTime(value.sql, scope), to), to, value.nullable};
    case TypeKind::kTimestamp:
      return {ToInstant(value, scope, try_cast), to, nullable};
    case TypeKind::kTimestampNtz:
      if (from.kind() == TypeKind::kDate) return {CastTo(value.sql, to), to, nullable};
      if (from.kind() != TypeKind::kTimestamp) RefuseCast(from, to);
      return {ToLocalTime(value.sql, scope), to, value.nullable};
    case TypeKind::kYearMonthInterval:
    case TypeKind::kDayTimeInterval:
      if (!from.IsIntegral() && from.kind() != TypeKind::kDecimal) RefuseCast(from, to);
      return {IntervalFromNumber(value, to, try_cast), to, nullable};
    default:
      RefuseCast(from, to);
  }
}

}  // namespace tinderbox::engine
