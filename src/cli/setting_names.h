#pragma once

#include <map>
#include <string>
#include <vector>

namespace tinderbox::cli {

/// A sentence for each setting of Spark SQL that Spark 4.2 does not have, with the one that may be meant. Settings of
/// other parts, of packages and of catalogs cannot be known, and are left alone.
std::vector<std::string> UnknownSettings(const std::map<std::string, std::string>& settings);

}  // namespace tinderbox::cli
