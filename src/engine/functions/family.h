#pragma once

#include <map>
#include <string>

#include "engine/functions/function.h"
#include "engine/functions/native.h"

namespace tinderbox::engine {

/// What the functions of a family of ours are told: a type, options, and the session's time zone.
struct FamilyMember {
  DataType type;
  std::map<std::string, std::string> options;  ///< names in lower case
  std::string time_zone;

  std::string Payload() const;
  static FamilyMember FromPayload(const std::string& payload);
};

void AddFamily(ScalarFunctions* out, const char* name, ScalarFunction (*member)(const std::string& payload));
/// The call of a member of a family.
Sql CallMember(const char* family, const FamilyMember& member, const Sql& argument);
/// The options in argument i, a map of literals, by names in lower case.
std::map<std::string, std::string> OptionsOf(const FunctionCall& call, size_t i);
/// A type as a function makes it of text: everything may be NULL.
DataType AsNullable(const DataType& type);

}  // namespace tinderbox::engine
