#pragma once

#include <string>
#include <vector>

namespace tinderbox::cli {

/// Refuses a name=value of which no reader of `formats` knows the name: Spark's readers would ignore it. An empty
/// format stands for every one. Options that choose files are not among those known: the paths do that. Throws Error
/// TINDERBOX_USAGE.
void CheckReaderOption(const std::string& option, const std::vector<std::string>& formats);

}  // namespace tinderbox::cli
