#pragma once

#include <map>
#include <string>

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

}  // namespace tinderbox::engine
