#pragma once

#include <filesystem>
#include <set>
#include <string>

namespace tinderbox::cluster {

/// The classes in a jar by their names ("org.example.Main", "org.example.Main$Inner"). Throws Error PATH_NOT_FOUND, and
/// TINDERBOX_CONFIG for a file that is no jar. Empty for a jar of the large form (zip64), whose classes are not told.
std::set<std::string> ClassesIn(const std::filesystem::path& jar);

}  // namespace tinderbox::cluster
