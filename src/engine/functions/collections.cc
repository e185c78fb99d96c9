// What the functions of arrays, maps, structs and lambdas share.
#include <fmt/format.h>

#include "engine/functions/collection_parts.h"
#include "engine/functions/sketches.h"
#include "engine/translate/coercion.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

Sql Bind(const std::vector<Sql>& values, const char* body) {
  const Sql name = Ident("let value");
  std::vector<Sql> fields;
  std::vector<Sql> names;
  for (size_t i = 0; i < values.size(); ++i) {
    const std::string field = fmt::format("v{}", i + 1);
    fields.push_back(Template("$1 := $2", {Ident(field), values[i]}));
    names.push_back(Call("struct_extract", {name, StringLiteral(field)}));
  }
  const bool single = values.size() == 1;
  return Template("list_extract(list_transform(list_value($1), lambda $2: $3), 1)",
                  {single ? values[0] : Call("struct_pack", fields), name,
                   Template(body, single ? std::vector<Sql>{name} : names)});
}

Typed ArrayArgument(const FunctionCall& call, size_t i) {
  const Typed value = call.Argument(i);
  if (value.type.kind() != TypeKind::kArray) call.RefuseArgument(i, "ARRAY", value.type);
  return value;
}

Typed MapArgument(const FunctionCall& call, size_t i) {
  return CoerceTo('m', call.Argument(i), call.scope(), call.name(), i + 1);
}

void RequireOrdered(const FunctionCall& call, const DataType& type) {
  if (HasOrder(type)) return;
  throw Error("DATATYPE_MISMATCH.INVALID_ORDERING_TYPE",
              fmt::format("Cannot resolve \"{}\" due to data type mismatch: The `{}` does not support ordering on type "
                          "\"{}\".",
                          call.SqlName(), call.name(), type.Sql()),
              {{"functionName", "`" + call.name() + "`"},
               {"dataType", "\"" + type.Sql() + "\""},
               {"sqlExpr", "\"" + call.SqlName() + "\""}});
}

Sql MapFrom(const Sql& keys, const Sql& values) {
  return Bind({keys, values}, "CASE WHEN spark_check_keys($1) THEN map($1, $2) END");
}

FunctionGroup CollectionFunctions() {
  static const std::vector<SpecialFunction> all = [] {
    std::vector<SpecialFunction> out;
    for (const auto& functions : {ArrayFunctions(), MapFunctions(), StructFunctions(), LambdaFunctions(),
                                  SequenceFunctions(), SketchFunctions()}) {
      out.insert(out.end(), functions.begin(), functions.end());
    }
    return out;
  }();
  return {FunctionKind::kScalar, {}, all};
}

}  // namespace tinderbox::engine
