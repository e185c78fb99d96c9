// Variants: parse_json, casts to and from them, and what looks into them.
#include <fmt/format.h>

#include "engine/functions/family.h"
#include "engine/functions/native_row.h"
#include "engine/functions/text_case.h"
#include "engine/functions/variant_cast.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

constexpr TypeKind kString = TypeKind::kString;
constexpr TypeKind kVariant = TypeKind::kVariant;

void ParseJson(const ScalarInput& in, size_t row, OutVector& result, bool tolerant) {
  const std::string_view json = in[0].String(row);
  VariantBuilder built;
  if (AppendJsonToVariant(json, &built)) return WriteVariant(built, result, row);
  if (tolerant) return result.SetNull(row);
  throw Error("MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION",
              fmt::format("Malformed records are detected in record parsing: {}.\nParse Mode: FAILFAST. To process "
                          "malformed records as null result, try setting the option 'mode' as 'PERMISSIVE'.",
                          json),
              {{"badRecord", std::string(json)}, {"failFastMode", "FAILFAST"}});
}

/// The variant at a path, or NULL; the third argument is the function that is called so.
void Find(const ScalarInput& in, size_t row, OutVector& result) {
  const std::string_view text = in[1].String(row);
  const auto path = VariantPath::Parse(text);
  if (!path) {
    const std::string function = fmt::format("`{}`", in[2].String(row));
    throw Error("INVALID_VARIANT_GET_PATH",
                fmt::format("The path `{}` is not a valid variant extraction path in `{}`.\nA valid path should start "
                            "with `$` and is followed by zero or more segments like `[123]`, `.name`, `['name']`, or "
                            "`[\"name\"]`.",
                            text, function),
                {{"path", std::string(text)}, {"functionName", function}});
  }
  const auto found = path->Find(VariantAt(in[0], row));
  if (!found) return result.SetNull(row);
  VariantBuilder copy;
  copy.Copy(*found);
  WriteVariant(copy, result, row);
}

const DataType& EntryType() {
  static const DataType type = DataType::Struct({{"pos", DataType(TypeKind::kInteger), true, "{}"},
                                                 {"key", DataType(kString), true, "{}"},
                                                 {"value", DataType(kVariant), true, "{}"}});
  return type;
}

/// What variant_explode makes a row of each: the fields or elements; of anything else none. Each value keeps the
/// dictionary of the whole.
void Entries(const ScalarInput& in, OutVector& result) {
  static const DataType type = DataType::Array(EntryType());
  NestedColumn column(type, result);
  for (size_t row = 0; row < in.rows(); ++row) {
    if (in[0].IsNull(row)) continue;
    const VariantView whole = VariantAt(in[0], row);
    const bool object = whole.kind() == VariantKind::kObject;
    const size_t size = object || whole.kind() == VariantKind::kArray ? whole.size() : 0;
    const size_t first = column.SetList(row, size);
    for (size_t i = 0; i < size; ++i) {
      NestedColumn& entry = column.child(0);
      entry.child(0).out().Data<int32_t>()[first + i] = static_cast<int32_t>(i);
      if (object) {
        entry.child(1).out().SetString(first + i, whole.Key(i));
      } else {
        entry.child(1).SetNull(first + i);
      }
      VariantBuilder value;
      value.Copy(whole.Child(i));
      entry.child(2).out().StructChild(0).SetString(first + i, value.value());
      entry.child(2).out().StructChild(1).SetString(first + i, value.Metadata());
    }
  }
  column.Finish();
}

ScalarFunction CastMember(const std::string& payload) {
  const FamilyMember member = FamilyMember::FromPayload(payload);
  const VariantCast cast(member.options.contains("tolerant"), member.time_zone);
  return {.name = {},
          .parameters = {kVariant},
          .varargs = {},
          .result = member.type,
          .run = [cast, type = member.type](const ScalarInput& in, OutVector& result) {
            NestedColumn column(type, result);
            for (size_t row = 0; row < in.rows(); ++row) {
              if (in[0].IsNull(row)) {
                column.SetNull(row);
              } else {
                cast.Write(VariantAt(in[0], row), column, row);
              }
            }
            column.Finish();
          }};
}

/// The type that holds all of a list of types, each in JSON; in the words of schema_of_variant.
std::string MergedSchema(const ScalarInput& in, size_t row) {
  DataType merged;
  const InVector types = in[0].ListChild();
  const auto range = in[0].List(row);
  for (uint64_t i = range.offset; i < range.offset + range.length; ++i) {
    if (!types.IsNull(i)) merged = MergedVariantSchema(merged, DataType::FromJson(types.String(i)));
  }
  return VariantSchemaText(merged);
}

}  // namespace

void AddNativeVariant(ScalarFunctions* out) {
  const auto variant = DataType(kVariant);
  AddPerRow(out, "spark_parse_json", {kString}, variant,
            [](const ScalarInput& in, size_t row, OutVector& result) { ParseJson(in, row, result, false); });
  AddPerRow(out, "spark_try_parse_json", {kString}, variant,
            [](const ScalarInput& in, size_t row, OutVector& result) { ParseJson(in, row, result, true); });
  AddPerRow(out, "spark_variant_path", {kVariant, kString, kString}, variant, Find);
  AddPerRow(out, "spark_is_variant_null", {kVariant}, DataType(TypeKind::kBoolean),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              result.Data<uint8_t>()[row] = VariantAt(in[0], row).kind() == VariantKind::kNull ? 1 : 0;
            });
  AddPerRow(out, "spark_is_valid_variant", {kVariant}, DataType(TypeKind::kBoolean),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              const bool valid = IsValidVariant(in[0].StructChild(0).String(row), in[0].StructChild(1).String(row));
              result.Data<uint8_t>()[row] = valid ? 1 : 0;
            });
  AddPerRow(out, "spark_schema_of_variant", {kVariant}, DataType(kString),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              result.SetString(row, VariantSchemaText(VariantSchema(VariantAt(in[0], row))));
            });
  AddPerRow(out, "spark_variant_type", {kVariant}, DataType(kString),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              result.SetString(row, VariantSchema(VariantAt(in[0], row)).Json());
            });
  AddPerRow(out, "spark_merge_variant_types", {DataType::Array(DataType(kString))}, DataType(kString),
            [](const ScalarInput& in, size_t row, OutVector& result) { result.SetString(row, MergedSchema(in, row)); });
  AddPerRow(out, "spark_to_variant", {ParameterType::Any()}, variant,
            [](const ScalarInput& in, size_t row, OutVector& result) {
              VariantBuilder built;
              AppendCellToVariant(in[0].Type(), in[0], row, &built);
              WriteVariant(built, result, row);
            });
  out->push_back({.name = "spark_variant_entries",
                  .parameters = {kVariant},
                  .varargs = {},
                  .result = DataType::Array(EntryType()),
                  .run = Entries});
  AddFamily(out, "spark_variant_cast", CastMember);
}

}  // namespace tinderbox::engine
