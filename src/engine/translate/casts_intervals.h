#pragma once

#include "engine/translate/scope.h"

// Casts from and to intervals of years and months or of days and time.

namespace tinderbox::engine {

/// INTERVAL '1-2' YEAR TO MONTH
Sql IntervalToText(const Typed& interval);
Sql IntervalFromText(const Sql& text, const DataType& to, bool tolerant);
/// In units of the last field.
Sql IntervalToNumber(const Typed& interval, const DataType& to, bool tolerant);
Sql IntervalFromNumber(const Typed& number, const DataType& to, bool tolerant);
/// The same interval with other fields; what is below the last one is cut off.
Sql NarrowInterval(const Typed& interval, const DataType& to);

}  // namespace tinderbox::engine
