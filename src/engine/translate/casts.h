#pragma once

#include "engine/translate/scope.h"

namespace tinderbox::engine {

/// TIMESTAMP as the wall-clock time (timestamp_ntz) of the session's zone.
Sql ToLocalTime(const Sql& instant, const Scope& scope);
/// A wall-clock time of the session's zone as an instant. In a gap it moves forward, in an overlap the earlier one is
/// meant.
Sql FromLocalTime(const Sql& local, const Scope& scope);
/// The value of a native function that yields unscaled digits as decimal(38,0), as `type`.
Sql FromUnscaled(const Sql& unscaled, const DataType& type, bool try_cast);
/// Binds `value` to a name inside `body` ($1), so that a long text appears once.
Sql Let(const Sql& value, const char* body);

}  // namespace tinderbox::engine
