#pragma once

// What the functions of arrays, maps, structs and lambdas share.

#include "engine/functions/function.h"

namespace tinderbox::engine {

/// `body` with $1, $2 … standing for names bound to `values`, so that each text appears once. The body must hold no
/// expression of the user.
Sql Bind(const std::vector<Sql>& values, const char* body);

/// Argument i, which must be an array; a bare NULL is none.
Typed ArrayArgument(const FunctionCall& call, size_t i = 0);
/// Argument i, which must be a map.
Typed MapArgument(const FunctionCall& call, size_t i = 0);
/// The name that a struct's field has when `argument` gives its value: of a column or a field its own, else empty.
std::string FieldNameOf(const proto::Expression& argument);
/// Refuses types that cannot be sorted.
void RequireOrdered(const FunctionCall& call, const DataType& type);
/// A map of keys and values, both lists; throws at run time when a key is NULL or appears twice.
Sql MapFrom(const Sql& keys, const Sql& values);

inline const DataType kIntType(TypeKind::kInteger);
inline const DataType kLongType(TypeKind::kLong);
inline const DataType kBooleanType(TypeKind::kBoolean);
inline const DataType kStringType(TypeKind::kString);

/// The functions of each topic; CollectionFunctions is all of them.
std::span<const SpecialFunction> ArrayFunctions();
std::span<const SpecialFunction> MapFunctions();
std::span<const SpecialFunction> StructFunctions();
std::span<const SpecialFunction> LambdaFunctions();
std::span<const SpecialFunction> SequenceFunctions();

}  // namespace tinderbox::engine
