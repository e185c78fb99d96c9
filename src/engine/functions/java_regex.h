#pragma once

#include <string>
#include <string_view>

namespace tinderbox::engine {

/// A pattern of java.util.regex in the words of PCRE2: named character classes, nested classes, \uXXXX, octal escapes.
/// Throws Error UNSUPPORTED_FEATURE for what PCRE2 cannot say (intersections of classes, blocks). What is wrong in the
/// pattern itself stays, for PCRE2 to find.
std::string PcreOfJava(std::string_view pattern);

}  // namespace tinderbox::engine
