#pragma once

#include <string_view>

namespace tinderbox::spark {

/// The SQLSTATE of an error condition ("22012" for DIVIDE_BY_ZERO). A sub-condition ("A.B") has its parent's state.
/// Conditions that are not known, and those of our own (TINDERBOX_…), have "XX000" and "58030" respectively; Spark's
/// _LEGACY_… ones have none, "".
std::string_view SqlState(std::string_view condition);

}  // namespace tinderbox::spark
