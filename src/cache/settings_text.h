#pragma once

#include <map>
#include <string>

namespace tinderbox::cache {

/// The settings of a session that may change rows, as a text that is equal for sessions of which every query has equal
/// results: those of Spark SQL that are not at Spark's default, without the ones about speed and folders.
std::string SettingsText(const std::map<std::string, std::string>& settings);

}  // namespace tinderbox::cache
