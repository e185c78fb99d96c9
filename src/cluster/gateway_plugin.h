#pragma once

#include <map>
#include <string>

namespace tinderbox::cluster {

/// A plugin of Traefik's, which interprets it: it leads the links of pages that name other services by host and port to
/// their paths behind the gateway.
constexpr const char* kPagesPlugin = "pages";
constexpr const char* kPagesModule = "tinderbox.local/pages";

/// Path and content of its source, below the folder that Traefik runs in.
std::map<std::string, std::string> PagesPluginFiles(const std::string& folder);

}  // namespace tinderbox::cluster
