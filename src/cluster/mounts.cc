#include "cluster/mounts.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string_view>

namespace tinderbox::cluster {
namespace {

bool IsOfPath(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view("._-").find(c) != std::string_view::npos;
}

/// A local path can begin behind this text.
bool BeginsPath(std::string_view before) {
  if (before.empty() || before.ends_with("file:") || before.ends_with("file://")) return true;
  return before.back() != '/' && before.back() != ':' && !IsOfPath(before.back());
}

}  // namespace

std::string MapPaths(const std::string& text, const std::map<std::string, std::string>& folders) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    // Of two that fit the longer one is meant, which comes later.
    const auto found = std::find_if(folders.rbegin(), folders.rend(), [&](const auto& folder) {
      const size_t end = at + folder.first.size();
      std::error_code error;
      return text.compare(at, folder.first.size(), folder.first) == 0 && (end == text.size() || !IsOfPath(text[end])) &&
             std::filesystem::is_directory(folder.second, error);
    });
    if (found != folders.rend() && BeginsPath(std::string_view(text).substr(0, at))) {
      out += found->second;
      at += found->first.size();
    } else {
      out += text[at++];
    }
  }
  return out;
}

}  // namespace tinderbox::cluster
