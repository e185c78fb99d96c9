#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tinderbox::cluster {

/// A file of the folder profiles, without its ".toml": a cluster file that ships with the program, or with a dot in its
/// name an overlay of one ("pyspark-minio.prod").
struct ProfileText {
  std::string_view name;
  std::string_view text;
};
/// Every file, by name.
std::span<const ProfileText> ProfileTexts();

/// nullptr: there is none of that name.
const ProfileText* FindProfileText(std::string_view name);
/// The profiles by name, without overlays.
std::vector<std::string> ProfileNames();
/// The sentence with which a profile begins.
std::string ProfileSummary(const ProfileText& profile);

}  // namespace tinderbox::cluster
