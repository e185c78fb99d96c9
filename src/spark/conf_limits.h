#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tinderbox::spark {

/// Why a setting cannot be given another value than its default: Tinderbox does what the default says, and another
/// value would change results. "" when it can; settings that only change how fast Spark is are kept and do nothing.
std::string_view Unchangeable(std::string_view key, std::string_view value);

/// What is said of a deprecated setting whenever it is changed; nullopt for all others.
std::optional<std::string> Deprecation(std::string_view key);

/// True for settings of Spark's processes (memory, cores, class paths, …), which are fixed when an application starts.
bool IsApplicationSetting(std::string_view key);

}  // namespace tinderbox::spark
