#include <fmt/format.h>

#include "engine/functions/collection_parts.h"
#include "engine/translate/expressions.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

Typed Pack(const std::vector<std::pair<std::string, Typed>>& fields) {
  std::vector<Sql> parts;
  std::vector<StructField> types;
  for (const auto& [name, value] : fields) {
    parts.push_back(Template("$1 := $2", {Ident(name), value.sql}));
    types.push_back({name, value.type, value.nullable});
  }
  const DataType type = DataType::Struct(std::move(types));
  TypeName(type);  // refuses names which the engine cannot keep apart
  return {Call("struct_pack", parts), type, false};
}

Typed StructOf(const FunctionCall& call) {
  std::vector<std::pair<std::string, Typed>> fields;
  for (size_t i = 0; i < call.size(); ++i) {
    const auto& argument = call.ArgumentProto(i);
    if (argument.has_unresolved_star() && !argument.unresolved_star().has_unparsed_target()) {
      for (const OutputColumn& column : *call.scope().columns) {
        fields.emplace_back(column.name, Typed{Ident(column.id), column.type, column.nullable});
      }
      continue;
    }
    std::string name = FieldNameOf(argument);
    if (name.empty()) name = fmt::format("col{}", i + 1);
    fields.emplace_back(name, call.Argument(i));
  }
  return Pack(fields);
}

Typed NamedStruct(const FunctionCall& call) {
  if (call.size() % 2 != 0 || call.size() == 0) RefuseCount(call.name(), "2n (n > 0)", call.size());
  std::vector<std::pair<std::string, Typed>> fields;
  for (size_t i = 0; i < call.size(); i += 2) {
    const auto& name = call.ArgumentProto(i);
    if (!name.has_literal() || !name.literal().has_string()) {
      const std::string shown = fmt::format("[\"{}\"]", ExpressionName(name));
      throw Error("DATATYPE_MISMATCH.CREATE_NAMED_STRUCT_WITHOUT_FOLDABLE_STRING",
                  fmt::format("Cannot resolve \"{}\" due to data type mismatch: Only foldable `STRING` expressions are "
                              "allowed to appear at odd position, but they are {}.",
                              call.SqlName(), shown),
                  {{"inputExprs", shown}, {"sqlExpr", "\"" + call.SqlName() + "\""}});
    }
    fields.emplace_back(name.literal().string(), call.Argument(i + 1));
  }
  return Pack(fields);
}

constexpr SpecialFunction kSpecials[] = {{"struct", StructOf}, {"named_struct", NamedStruct}};

}  // namespace

std::string FieldNameOf(const proto::Expression& argument) {
  if (argument.has_alias() || argument.has_unresolved_attribute()) return ExpressionName(argument);
  if (argument.has_unresolved_extract_value() &&
      argument.unresolved_extract_value().extraction().literal().has_string()) {
    return argument.unresolved_extract_value().extraction().literal().string();
  }
  if (argument.has_unresolved_named_lambda_variable()) {
    const auto& variable = argument.unresolved_named_lambda_variable();
    return variable.name_parts(variable.name_parts_size() - 1);
  }
  return "";
}

std::span<const SpecialFunction> StructFunctions() {
  return kSpecials;
}

}  // namespace tinderbox::engine
