#pragma once

#include <optional>

#include "engine/functions/function.h"

namespace tinderbox::engine {

/// What arithmetic does with a result that does not fit its type: ANSI rules, try_ functions, and without ANSI rules.
enum class OnOverflow { kFail, kNull, kWrap };

/// left ± right where a side is a date, a time or an interval; nullopt when none is.
std::optional<Typed> MoveTime(const FunctionCall& call, const Typed& left, const Typed& right, bool subtract);
/// An interval times or divided by a number; nullopt when there is no interval.
std::optional<Typed> ScaleInterval(const FunctionCall& call, const Typed& left, const Typed& right, bool divide);
/// DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES
[[noreturn]] void RefuseOperands(const FunctionCall& call, const DataType& left, const DataType& right);

}  // namespace tinderbox::engine
