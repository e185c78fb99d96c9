#include "engine/translate/casts.h"

#include <fmt/format.h>

#include <string>

#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/names.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

bool IsUtc(const std::string& zone) {
  for (const char* name : {"UTC", "Etc/UTC", "Z", "GMT", "Etc/GMT", "+00:00", "+0", "UTC+0", "UCT", "Zulu"}) {
    if (SameName(zone, name, false)) return true;
  }
  return false;
}

[[noreturn]] void RefuseCast(const DataType& from, const DataType& to) {
  throw Error("DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION",
              fmt::format("Cannot cast \"{}\" to \"{}\".", from.Sql(), to.Sql()),
              {{"srcType", from.Sql()}, {"targetType", to.Sql()}});
}

Sql PlainCast(const Sql& value, const DataType& to, bool try_cast) {
  if (!try_cast) return CastTo(value, to);
  return Template("TRY_CAST($1 AS $2)", {value, TypeName(to)});
}

Sql Either(bool try_cast, const char* strict, const char* lenient, const std::vector<Sql>& arguments) {
  return Call(try_cast ? lenient : strict, arguments);
}

Sql FromString(const Sql& value, const DataType& to, const Scope& scope, bool try_cast) {
  switch (to.kind()) {
    case TypeKind::kBoolean:
      return Either(try_cast, "spark_string_to_boolean", "spark_try_string_to_boolean", {value});
    case TypeKind::kByte:
      return Either(try_cast, "spark_string_to_byte", "spark_try_string_to_byte", {value});
    case TypeKind::kShort:
      return Either(try_cast, "spark_string_to_short", "spark_try_string_to_short", {value});
    case TypeKind::kInteger:
      return Either(try_cast, "spark_string_to_int", "spark_try_string_to_int", {value});
    case TypeKind::kLong:
      return Either(try_cast, "spark_string_to_long", "spark_try_string_to_long", {value});
    case TypeKind::kFloat:
      return Either(try_cast, "spark_string_to_float", "spark_try_string_to_float", {value});
    case TypeKind::kDouble:
      return Either(try_cast, "spark_string_to_double", "spark_try_string_to_double", {value});
    case TypeKind::kDecimal:
      return FromUnscaled(Either(try_cast, "spark_string_to_decimal", "spark_try_string_to_decimal",
                                 {value, IntegerLiteral(to.precision()), IntegerLiteral(to.scale())}),
                          to, try_cast);
    case TypeKind::kBinary:
      return Call("encode", {value});
    case TypeKind::kDate:
      return Either(try_cast, "spark_string_to_date", "spark_try_string_to_date", {value});
    case TypeKind::kTimestampNtz:
      return Either(try_cast, "spark_string_to_timestamp_ntz", "spark_try_string_to_timestamp_ntz", {value});
    case TypeKind::kTimestamp: {
      const auto utc = [&](const Sql& text) {
        return Either(try_cast, "spark_string_to_timestamp", "spark_try_string_to_timestamp", {text});
      };
      if (IsUtc(scope.time_zone)) return utc(value);
      const Sql name = Ident("let value");
      const Sql local = FromLocalTime(
          Either(try_cast, "spark_string_to_timestamp_ntz", "spark_try_string_to_timestamp_ntz", {name}), scope);
      return Template(
          "list_extract(list_transform(list_value($1), lambda $2: CASE WHEN spark_timestamp_has_zone($2) THEN $3 ELSE "
          "$4 "
          "END), 1)",
          {value, name, utc(name), local});
    }
    default:
      RefuseCast(DataType(TypeKind::kString), to);
  }
}

bool HoldsTimestamp(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kTimestamp:
      return true;
    case TypeKind::kArray:
      return HoldsTimestamp(type.element());
    case TypeKind::kMap:
      return HoldsTimestamp(type.key()) || HoldsTimestamp(type.value());
    case TypeKind::kStruct:
      for (const StructField& field : type.fields()) {
        if (HoldsTimestamp(field.type)) return true;
      }
      return false;
    default:
      return false;
  }
}

bool HoldsInterval(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kArray:
      return HoldsInterval(type.element());
    case TypeKind::kMap:
      return HoldsInterval(type.key()) || HoldsInterval(type.value());
    case TypeKind::kStruct:
      for (const StructField& field : type.fields()) {
        if (HoldsInterval(field.type)) return true;
      }
      return false;
    default:
      return IsInterval(type);
  }
}

Sql ToText(const Typed& value, const Scope& scope) {
  switch (value.type.kind()) {
    case TypeKind::kBoolean:
    case TypeKind::kByte:
    case TypeKind::kShort:
    case TypeKind::kInteger:
    case TypeKind::kLong:
    case TypeKind::kTime:
    case TypeKind::kNull:
      return CastTo(value.sql, DataType(TypeKind::kString));
    case TypeKind::kDecimal:
      // DuckDB leaves out the zero before the point when there is no integral digit.
      if (value.type.precision() != value.type.scale()) return CastTo(value.sql, DataType(TypeKind::kString));
      return Call("spark_to_string", {value.sql});
    case TypeKind::kTimestamp:
      return Call("spark_to_string", {ToLocalTime(value.sql, scope)});
    case TypeKind::kYearMonthInterval:
      return Call("spark_year_month_to_string", {value.sql});
    case TypeKind::kDayTimeInterval:
      return Call("spark_day_time_to_string", {value.sql});
    default:
      if (HoldsInterval(value.type)) RefuseFeature("casting nested intervals to string");
      if (HoldsTimestamp(value.type) && !IsUtc(scope.time_zone)) {
        RefuseFeature("casting nested timestamps to string in a session time zone other than UTC");
      }
      return Call("spark_to_string", {value.sql});
  }
}

Sql SecondsOf(const Sql& timestamp) {
  return Template("spark_floor_divide(epoch_us($1), 1000000)", {timestamp});
}

/// Casts to a numeric type.
Sql ToNumber(const Typed& value, const DataType& to, bool try_cast) {
  const TypeKind from = value.type.kind();
  if (from == TypeKind::kBoolean) {
    return PlainCast(CastTo(value.sql, DataType(TypeKind::kInteger)), to, try_cast);
  }
  if (from == TypeKind::kTimestamp) {
    if (to.IsIntegral()) return PlainCast(SecondsOf(value.sql), to, try_cast);
    if (to.kind() == TypeKind::kDecimal) {
      return PlainCast(
          FromUnscaled(Template("CAST(epoch_us($1) AS DECIMAL(38,0))", {value.sql}), DataType::Decimal(38, 6), false),
          to, try_cast);
    }
    return PlainCast(Template("(CAST(epoch_us($1) AS DOUBLE) / CAST(1000000 AS DOUBLE))", {value.sql}), to, try_cast);
  }
  if (!value.type.IsNumeric()) RefuseCast(value.type, to);
  const bool floating = from == TypeKind::kFloat || from == TypeKind::kDouble;
  if (to.IsIntegral() && (floating || from == TypeKind::kDecimal)) {
    return PlainCast(Call("trunc", {value.sql}), to, try_cast);
  }
  if (to.kind() == TypeKind::kDecimal && floating) {
    // By way of the shortest text, as Java does: 1.005 is the decimal 1.005, not its binary neighbour.
    return FromUnscaled(Either(try_cast, "spark_double_to_decimal", "spark_try_double_to_decimal",
                               {value.sql, IntegerLiteral(to.precision()), IntegerLiteral(to.scale())}),
                        to, try_cast);
  }
  return PlainCast(value.sql, to, try_cast);
}

Sql ToInstant(const Typed& value, const Scope& scope) {
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
      return Template("make_timestamptz(CAST(trunc(CAST($1 AS DOUBLE) * CAST(1000000 AS DOUBLE)) AS BIGINT))",
                      {value.sql});
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
  if (from.SameIgnoringNullability(to)) return {value.sql, to, value.nullable};
  Scope inner = scope;
  const Sql parameter = LambdaParameter(scope.lambdas.size(), 0);
  inner.lambdas.push_back({"", {}});
  if (from.kind() == TypeKind::kArray) {
    const Typed element = TranslateCast({parameter, from.element(), true}, to.element(), inner, try_cast);
    return {Template("list_transform($1, lambda $2: $3)", {value.sql, parameter, element.sql}), to, value.nullable};
  }
  if (from.kind() == TypeKind::kMap) {
    const Typed key = TranslateCast({Template("$1.key", {parameter}), from.key(), false}, to.key(), inner, try_cast);
    const Typed item =
        TranslateCast({Template("$1.value", {parameter}), from.value(), true}, to.value(), inner, try_cast);
    return {
        Template("map_from_entries(list_transform(map_entries($1), lambda $2: struct_pack(key := $3, value := $4)))",
                 {value.sql, parameter, key.sql, item.sql}),
        to, value.nullable};
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
      to, value.nullable};
}

}  // namespace

Sql ToLocalTime(const Sql& instant, const Scope& scope) {
  if (IsUtc(scope.time_zone)) return Template("make_timestamp(epoch_us($1))", {instant});
  return Call("timezone", {StringLiteral(scope.time_zone), instant});
}

Sql FromLocalTime(const Sql& local, const Scope& scope) {
  if (IsUtc(scope.time_zone)) return Template("make_timestamptz(epoch_us($1))", {local});
  // ICU means the later instant of an overlap, Spark the earlier one. Overlaps are an hour long (half an hour in one
  // zone).
  return Template(
      "list_extract(list_transform(list_value($1), lambda $2: CASE WHEN timezone($3, timezone($3, $2) - INTERVAL 1 "
      "HOUR) "
      "= $2 THEN timezone($3, $2) - INTERVAL 1 HOUR ELSE timezone($3, $2) END), 1)",
      {local, Ident("local time"), StringLiteral(scope.time_zone)});
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
  const bool nullable = value.nullable || try_cast;
  if (from == to) return value;
  if (from.kind() == TypeKind::kNull) return {CastTo(value.sql, to), to, true};
  if (to.kind() == TypeKind::kNull) RefuseCast(from, to);
  if (to.kind() == TypeKind::kString) return {ToText(value, scope), to, value.nullable};
  if (from.kind() == TypeKind::kString) return {FromString(value.sql, to, scope, try_cast), to, nullable};
  if (from.IsNested() || to.IsNested()) return CastNested(value, to, scope, try_cast);
  if (from.kind() == to.kind() && from.kind() != TypeKind::kDecimal) return {value.sql, to, value.nullable};
  switch (to.kind()) {
    case TypeKind::kBoolean:
      if (!from.IsNumeric()) RefuseCast(from, to);
      return {Template("($1 <> 0)", {value.sql}), to, value.nullable};
    case TypeKind::kByte:
    case TypeKind::kShort:
    case TypeKind::kInteger:
    case TypeKind::kLong:
    case TypeKind::kFloat:
    case TypeKind::kDouble:
    case TypeKind::kDecimal:
      return {ToNumber(value, to, try_cast), to, nullable};
    case TypeKind::kDate:
      if (from.kind() == TypeKind::kTimestampNtz) return {CastTo(value.sql, to), to, value.nullable};
      if (from.kind() != TypeKind::kTimestamp) RefuseCast(from, to);
      return {CastTo(ToLocalTime(value.sql, scope), to), to, value.nullable};
    case TypeKind::kTimestamp:
      return {ToInstant(value, scope), to, nullable};
    case TypeKind::kTimestampNtz:
      if (from.kind() == TypeKind::kDate) return {CastTo(value.sql, to), to, value.nullable};
      if (from.kind() != TypeKind::kTimestamp) RefuseCast(from, to);
      return {ToLocalTime(value.sql, scope), to, value.nullable};
    default:
      RefuseCast(from, to);
  }
}

}  // namespace tinderbox::engine
