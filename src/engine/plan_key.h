#pragma once

#include <string>

namespace spark::connect {
class Relation;
}

namespace tinderbox::engine {

/// A text that two relations share when they mean the same query: plan ids are renumbered in order of appearance, and
/// notes about the caller's source code are left out. Throws Error TINDERBOX_PLAN_TOO_DEEP like the translation.
std::string PlanKey(const ::spark::connect::Relation& relation);

}  // namespace tinderbox::engine
