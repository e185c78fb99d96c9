#include "cluster/profiles.h"

#include <algorithm>

namespace tinderbox::cluster {

const ProfileText* FindProfileText(std::string_view name) {
  const std::span<const ProfileText> texts = ProfileTexts();
  const auto found = std::find_if(texts.begin(), texts.end(), [&](const ProfileText& one) { return one.name == name; });
  return found == texts.end() ? nullptr : &*found;
}

std::vector<std::string> ProfileNames() {
  std::vector<std::string> names;
  for (const ProfileText& one : ProfileTexts()) {
    if (one.name.find('.') == std::string_view::npos) names.emplace_back(one.name);
  }
  return names;
}

std::string ProfileSummary(const ProfileText& profile) {
  const std::string_view line = profile.text.substr(0, profile.text.find('\n'));
  return std::string(line.substr(line.find_first_not_of("# ")));
}

}  // namespace tinderbox::cluster
