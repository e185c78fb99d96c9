#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/translate/scope.h"

namespace tinderbox::engine {

/// Splits "a.`b.c`.d" into its parts; back-ticks quote, doubled back-ticks stand for one. Throws Error
/// INVALID_ATTRIBUTE_NAME_SYNTAX.
std::vector<std::string> ParseAttributeName(std::string_view name);
bool SameName(std::string_view a, std::string_view b, bool case_sensitive);
/// The mark beside the plan id of a relation that stands on both sides of a join, equally near: df["x"] may mean
/// either.
inline int64_t AmbiguousPlan(int64_t plan_id) {
  return -2 - plan_id;
}
/// value.name: a struct's field, the field of every struct of an array, or a map's value for the key.
Typed ExtractField(const Typed& value, std::string_view name, const Scope& scope);
/// value[key]: an array's element (0-based; INVALID_ARRAY_INDEX outside), a map's value or a struct's field.
Typed ExtractItem(const Typed& value, const Typed& key, const Scope& scope);
/// A name no column of a request can have, for the lambda parameter at this depth.
Sql LambdaParameter(size_t depth, size_t index);

}  // namespace tinderbox::engine
