#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "tinderbox/error.h"

namespace tinderbox::base {

/// Throws Error with a formatted message. `condition` is a Spark error condition or one of our own (TINDERBOX_…).
template <typename... Args>
[[noreturn]] void Fail(std::string_view condition, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(condition, fmt::format(format, std::forward<Args>(args)...));
}

/// The same with the condition's message parameters, which PySpark's exceptions show.
template <typename... Args>
[[noreturn]] void FailWith(std::string_view condition, Error::Params params, fmt::format_string<Args...> format,
                           Args&&... args) {
  throw Error(condition, fmt::format(format, std::forward<Args>(args)...), std::move(params));
}

/// Throws Error with what the system says about `error_number` (an errno) appended: "…: No space left on device".
[[noreturn]] void FailErrno(std::string_view condition, int error_number, std::string_view what);

}  // namespace tinderbox::base
