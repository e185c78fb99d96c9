#pragma once

#include <string_view>

namespace tinderbox::spark {

/// The SQLSTATE of an error condition ("22012" for DIVIDE_BY_ZERO). A sub-condition ("A.B") has its parent's state.
/// Conditions that are not known, and those of our own (TINDERBOX_…), have "XX000" and "58030" respectively; Spark's
/// _LEGACY_… ones have none, "".
std::string_view SqlState(std::string_view condition);

/// What Java raises by itself has no condition of Spark's; an Error has the name of Java's class there.
inline constexpr char kJavaArithmetic[] = "java.lang.ArithmeticException";
inline constexpr char kJavaIllegalArgument[] = "java.lang.IllegalArgumentException";
inline bool IsJavaClass(std::string_view condition) {
  return condition.starts_with("java.") || condition.starts_with("org.apache.");
}

}  // namespace tinderbox::spark
