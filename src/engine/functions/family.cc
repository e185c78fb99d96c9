#include "engine/functions/family.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/functions/text_case.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

std::string FamilyMember::Payload() const {
  return nlohmann::json{{"type", nlohmann::json::parse(type.Json())}, {"options", options}, {"zone", time_zone}}.dump();
}

FamilyMember FamilyMember::FromPayload(const std::string& payload) {
  const auto json = nlohmann::json::parse(payload);
  return {DataType::FromJson(json.at("type").dump()), json.at("options").get<std::map<std::string, std::string>>(),
          json.at("zone").get<std::string>()};
}

void AddFamily(ScalarFunctions* out, const char* name, ScalarFunction (*member)(const std::string& payload)) {
  out->push_back({.name = name,
                  .parameters = {},
                  .varargs = {},
                  .result = {},
                  .run = {},
                  .handles_null = false,
                  .member = member});
}

std::map<std::string, std::string> OptionsOf(const FunctionCall& call, size_t i) {
  std::map<std::string, std::string> out;
  if (i >= call.size()) return out;
  const proto::Expression& argument = call.ArgumentProto(i);
  const auto& function = argument.unresolved_function();
  if (!argument.has_unresolved_function() ||
      (function.function_name() != "map" && function.function_name() != "create_map")) {
    throw Error("INVALID_OPTIONS.NON_MAP_FUNCTION", "Invalid options: Must use the `map()` function for options.");
  }
  const Typed map = call.Argument(i);
  if (function.arguments_size() > 0 &&
      (map.type.key().kind() != TypeKind::kString || map.type.value().kind() != TypeKind::kString)) {
    const std::string type = "\"" + map.type.Sql() + "\"";
    throw Error("INVALID_OPTIONS.NON_STRING_TYPE",
                fmt::format("Invalid options: A type of keys and values in `map()` must be string, but got {}.", type),
                {{"mapType", type}});
  }
  for (int k = 0; k + 1 < function.arguments_size(); k += 2) {
    if (!function.arguments(k).literal().has_string() || !function.arguments(k + 1).literal().has_string()) {
      RefuseFeature(fmt::format("options of `{}` that are no literals", call.name()));
    }
    out[LowerOf(function.arguments(k).literal().string())] = function.arguments(k + 1).literal().string();
  }
  return out;
}

Sql CallMember(const char* family, const FamilyMember& member, const Sql& argument) {
  return Concat({Ident(MemberName(family, member.Payload())), Token("("), argument, Token(")")});
}

DataType AsNullable(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kArray:
      return DataType::Array(AsNullable(type.element()), true);
    case TypeKind::kMap:
      return DataType::Map(AsNullable(type.key()), AsNullable(type.value()), true);
    case TypeKind::kStruct: {
      std::vector<StructField> fields = type.fields();
      for (StructField& field : fields) {
        field.type = AsNullable(field.type);
        field.nullable = true;
      }
      return DataType::Struct(std::move(fields));
    }
    default:
      return type;
  }
}

}  // namespace tinderbox::engine
