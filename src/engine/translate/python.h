#pragma once

#include <string>
#include <vector>

#include "engine/translate/relations.h"
#include "spark/proto_expressions.h"

namespace spark::connect {
class CommonInlineUserDefinedTableFunction;
}

namespace tinderbox::engine {

/// How the Python functions of a plan are called. What they are, the translation does not know.
class PythonFunctions {
 public:
  virtual ~PythonFunctions() = default;

  struct Argument {
    std::string keyword;  ///< empty: by its position
    Typed value;
  };
  /// A call as a value. `functions`: each gets the result of the one before; the first gets the arguments. An aggregate
  /// works on the rows of the SQL group around it; `behind` is what stands behind the aggregate (FILTER, OVER).
  virtual Typed Call(const std::vector<const proto::CommonInlineUserDefinedFunction*>& functions,
                     const std::vector<Argument>& arguments, const Sql& behind) = 0;
  /// A call of a table function as a value: the array of the rows that it makes.
  virtual Typed CallTable(const proto::CommonInlineUserDefinedTableFunction& function,
                          const std::vector<Argument>& arguments) = 0;

  /// What a function makes of all rows of a relation.
  virtual TranslatedRelation Map(const proto::CommonInlineUserDefinedFunction& function,
                                 const TranslatedRelation& input) = 0;
  /// One side of a grouping: the relation with its keys as further columns at the end.
  struct Side {
    TranslatedRelation relation;
    size_t keys = 0;
    std::vector<Sql> order;  ///< ORDER BY items of the rows of a group
  };
  /// What a function makes of each group, or of each pair of groups with equal keys. Keys are of equal types.
  virtual TranslatedRelation MapGroups(const proto::CommonInlineUserDefinedFunction& function,
                                       const std::vector<Side>& sides) = 0;
};

/// Whether a function aggregates.
bool IsPythonAggregate(const proto::CommonInlineUserDefinedFunction& function);
/// Whether one of the expressions calls a Python aggregate, outside of a window. Throws INVALID_PANDAS_UDF_PLACEMENT
/// when one calls another aggregate as well.
bool HasPythonAggregate(const std::vector<const proto::Expression*>& expressions);
Typed TranslatePython(const proto::CommonInlineUserDefinedFunction& function, const Scope& scope,
                      const Sql& behind = {});
std::vector<PythonFunctions::Argument> TranslatePythonArguments(
    const google::protobuf::RepeatedPtrField<proto::Expression>& arguments, const Scope& scope);

}  // namespace tinderbox::engine
