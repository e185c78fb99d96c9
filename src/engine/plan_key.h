#pragma once

#include <functional>
#include <string>

namespace spark::connect {
class Relation;
}

namespace tinderbox::engine {

/// A text that two relations share when they mean the same query: plan ids are renumbered in order of appearance, and
/// notes about the caller's source code are left out. `expand` replaces a relation in place by what it stands for, if
/// it is a name of something. Throws Error TINDERBOX_PLAN_TOO_DEEP like the translation.
std::string PlanKey(const ::spark::connect::Relation& relation,
                    const std::function<void(::spark::connect::Relation*)>& expand = nullptr);

}  // namespace tinderbox::engine
