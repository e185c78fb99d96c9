// JSON, CSV and XML texts to values and back, their schemas, and what looks into JSON texts.
#include <fmt/format.h>

#include <algorithm>

#include "csv/infer.h"
#include "engine/duckdb/scalar_function.h"
#include "engine/files/json_infer_text.h"
#include "engine/functions/csv_cells.h"
#include "engine/functions/csv_reader.h"
#include "engine/functions/family.h"
#include "engine/functions/function.h"
#include "engine/functions/json_reader.h"
#include "engine/functions/json_writer.h"
#include "engine/functions/text_case.h"
#include "engine/functions/xml_records.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

const DataType kString(TypeKind::kString);

using Options = std::map<std::string, std::string>;

[[noreturn]] void RefuseSchema(const FunctionCall& call, const char* condition, const DataType& type,
                               std::string_view message) {
  const std::string shown = "\"" + call.SqlName() + "\"";
  const std::string schema = "\"" + type.Sql() + "\"";
  throw Error(condition,
              fmt::format("Cannot resolve {} due to data type mismatch: Input schema {} {}", shown, schema, message),
              {{"sqlExpr", shown}, {"schema", schema}});
}

DataType InferredType(const FunctionCall& call);

/// The schema in argument i: a literal text in DDL or JSON, or schema_of_json of a literal.
DataType SchemaOf(const FunctionCall& call, size_t i) {
  const proto::Expression& argument = call.ArgumentProto(i);
  const std::string name = argument.unresolved_function().function_name();
  if (argument.has_unresolved_function() &&
      (name == "schema_of_json" || name == "schema_of_csv" || name == "schema_of_xml")) {
    return InferredType(FunctionCall(argument.unresolved_function(), call.scope(), call.clauses()));
  }
  if (!argument.literal().has_string()) {
    const std::string shown = "\"" + ExpressionName(argument) + "\"";
    throw Error("INVALID_SCHEMA.NON_STRING_LITERAL",
                fmt::format("The input schema {} is not a valid schema string. The input expression must be string "
                            "literal and not null.",
                            shown),
                {{"inputSchema", shown}});
  }
  const std::string& text = argument.literal().string();
  const size_t first = text.find_first_not_of(" \t\r\n");
  const bool json = first != std::string::npos && (text[first] == '{' || text[first] == '"');
  return AsNullable(json ? DataType::FromJson(text) : DataType::FromDdl(text));
}

void CheckMapKeys(const FunctionCall& call, const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kArray:
      return CheckMapKeys(call, type.element());
    case TypeKind::kMap:
      if (type.key().kind() != TypeKind::kString) {
        throw Error("DATATYPE_MISMATCH.INVALID_JSON_MAP_KEY_TYPE",
                    fmt::format("Cannot resolve \"entries\" due to data type mismatch: Input schema \"{}\" can only "
                                "contain STRING as a key type for a MAP.",
                                type.Sql()),
                    {{"sqlExpr", "\"entries\""}, {"schema", "\"" + type.Sql() + "\""}});
      }
      return CheckMapKeys(call, type.value());
    case TypeKind::kStruct:
      for (const StructField& field : type.fields()) CheckMapKeys(call, field.type);
      return;
    default:
      return;
  }
}

Typed FromJson(const FunctionCall& call) {
  call.Expect(2, 3);
  const Typed text = call.Argument(0);
  if (text.type.kind() != TypeKind::kString && text.type.kind() != TypeKind::kNull) {
    call.RefuseArgument(0, "STRING", text.type);
  }
  const FamilyMember member{SchemaOf(call, 1), OptionsOf(call, 2), call.scope().time_zone};
  if (!member.type.IsNested() && member.type.kind() != TypeKind::kVariant) {
    RefuseSchema(call, "DATATYPE_MISMATCH.INVALID_JSON_SCHEMA", member.type,
                 "must be a struct, an array, a map or a variant.");
  }
  CheckMapKeys(call, member.type);
  const JsonReading checked(member.options, member.time_zone);
  return {CallMember("spark_from_json", member, CastTo(text.sql, kString)), member.type, true};
}

Typed ToJson(const FunctionCall& call) {
  call.Expect(1, 2);
  const Typed value = call.Argument(0);
  if (value.type.kind() == TypeKind::kNull) return NullOf(kString);
  if (!value.type.IsNested() && value.type.kind() != TypeKind::kVariant) {
    RefuseSchema(call, "DATATYPE_MISMATCH.INVALID_JSON_SCHEMA", value.type,
                 "must be a struct, an array, a map or a variant.");
  }
  const FamilyMember member{value.type, OptionsOf(call, 1), call.scope().time_zone};
  const JsonWriter checked(member.type, member.options, member.time_zone);
  return {CallMember("spark_to_json", member, value.sql), kString, true};
}

Typed FromCsv(const FunctionCall& call) {
  call.Expect(2, 3);
  const Typed text = call.Argument(0);
  if (text.type.kind() != TypeKind::kString && text.type.kind() != TypeKind::kNull) {
    call.RefuseArgument(0, "STRING", text.type);
  }
  const FamilyMember member{SchemaOf(call, 1), OptionsOf(call, 2), call.scope().time_zone};
  if (member.type.kind() != TypeKind::kStruct) RefuseFeature("a schema of `from_csv` that is no struct");
  const CsvReading checked(member.type, member.options, member.time_zone);
  return {CallMember("spark_from_csv", member, CastTo(text.sql, kString)), member.type, text.nullable};
}

Typed ToCsv(const FunctionCall& call) {
  call.Expect(1, 2);
  const Typed value = call.Argument(0);
  const bool variant = std::ranges::any_of(
      value.type.fields(), [](const StructField& field) { return field.type.kind() == TypeKind::kVariant; });
  if (value.type.kind() != TypeKind::kStruct || variant) {
    const std::string shown = "\"" + call.SqlName() + "\"";
    const std::string type = "\"" + value.type.Sql() + "\"";
    throw Error("DATATYPE_MISMATCH.UNSUPPORTED_INPUT_TYPE",
                fmt::format("Cannot resolve {} due to data type mismatch: The input of `to_csv` can't be {} type data.",
                            shown, type),
                {{"sqlExpr", shown}, {"functionName", "`to_csv`"}, {"dataType", type}});
  }
  const FamilyMember member{value.type, OptionsOf(call, 1), call.scope().time_zone};
  const CsvCells checked(member.type, member.options, member.time_zone);
  return {CallMember("spark_to_csv", member, value.sql), kString, true};
}

Typed FromXml(const FunctionCall& call) {
  call.Expect(2, 3);
  const Typed text = call.Argument(0);
  if (text.type.kind() != TypeKind::kString && text.type.kind() != TypeKind::kNull) {
    call.RefuseArgument(0, "STRING", text.type);
  }
  const FamilyMember member{SchemaOf(call, 1), OptionsOf(call, 2), call.scope().time_zone};
  if (member.type.kind() == TypeKind::kVariant) RefuseFeature("VARIANT in `from_xml`");
  if (member.type.kind() != TypeKind::kStruct) {
    RefuseSchema(call, "DATATYPE_MISMATCH.INVALID_XML_SCHEMA", member.type, "must be a struct or a variant.");
  }
  const XmlReading checked(member.type, member.options, member.time_zone);
  return {CallMember("spark_from_xml", member, CastTo(text.sql, kString)), member.type, true};
}

Typed ToXml(const FunctionCall& call) {
  call.Expect(1, 2);
  const Typed value = call.Argument(0);
  if (value.type.kind() == TypeKind::kNull) return NullOf(kString);
  if (value.type.kind() == TypeKind::kVariant) RefuseFeature("VARIANT in `to_xml`");
  if (value.type.kind() != TypeKind::kStruct) call.RefuseArgument(0, "STRUCT", value.type);
  const FamilyMember member{value.type, OptionsOf(call, 1), call.scope().time_zone};
  const XmlWriter checked(member.type, member.options, member.time_zone);
  return {CallMember("spark_to_xml", member, value.sql), kString, true};
}

/// The type of a literal text.
DataType InferredType(const FunctionCall& call) {
  call.Expect(1, 2);
  const bool csv = call.name() == "schema_of_csv";
  const bool xml = call.name() == "schema_of_xml";
  const char* const format = csv ? "csv" : xml ? "xml" : "json";
  if (call.ArgumentProto(0).literal().has_null()) {
    const std::string shown = "\"" + call.SqlName() + "\"";
    throw Error("DATATYPE_MISMATCH.UNEXPECTED_NULL",
                fmt::format("Cannot resolve {} due to data type mismatch: The {} must not be null.", shown, format),
                {{"sqlExpr", shown}, {"exprName", format}});
  }
  if (xml) return InferXmlText(call.LiteralString(0), OptionsOf(call, 1));
  return csv ? csv::InferRecord(call.LiteralString(0), OptionsOf(call, 1)).ToType()
             : InferJsonText(call.LiteralString(0), OptionsOf(call, 1));
}

Typed SchemaOfText(const FunctionCall& call) {
  return {StringLiteral(InferredType(call).Sql()), kString, false};
}

/// An array of what json_tuple gives for each name; the generator takes it apart.
Typed JsonTuple(const FunctionCall& call) {
  call.Expect(2, SIZE_MAX);
  std::vector<Sql> parts;
  for (size_t i = 0; i < call.size(); ++i) {
    parts.push_back(CoerceTo('s', call.Argument(i), call.scope(), call.name(), i + 1).sql);
  }
  return {Call("spark_json_tuple", parts), DataType::Array(kString), true};
}

constexpr Function kFunctions[] = {
    {"get_json_object", "ss", "string", Nulls::kAlways, "spark_get_json_object($1, $2)"},
    {"json_array_length", "s", "int", Nulls::kAlways, "spark_json_array_length($1)"},
    {"json_object_keys", "s", "[1", Nulls::kAlways, "spark_json_object_keys($1)"},
};

constexpr SpecialFunction kSpecials[] = {
    {"from_json", FromJson},
    {"to_json", ToJson},
    {"to_csv", ToCsv},
    {"from_csv", FromCsv},
    {"schema_of_json", SchemaOfText},
    {"schema_of_csv", SchemaOfText},
    {"schema_of_xml", SchemaOfText},
    {"from_xml", FromXml},
    {"to_xml", ToXml},
    {"tb_json_tuple", JsonTuple},
};

}  // namespace

FunctionGroup JsonFunctions() {
  return {FunctionKind::kScalar, kFunctions, kSpecials};
}

}  // namespace tinderbox::engine
