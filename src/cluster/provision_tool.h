#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cluster/provision.h"

namespace tinderbox::cluster {

// What every installation into the cache is made of.

struct ToolOptions {
  std::map<std::string, std::string> environment = {};  ///< added to ours
  std::function<void()> while_running = {};             ///< called ten times a second
  std::string hint = {};                                ///< what to do when it fails: " Without a network, …."
};
/// Runs a program to its end; its output goes to `log`. Throws Error TINDERBOX_PREREQUISITE with what the log says when
/// it fails.
void RunTool(const std::vector<std::string>& command, const std::filesystem::path& folder,
             const std::filesystem::path& log, const std::string& what, const ToolOptions& options);

struct Product {
  std::filesystem::path cache;
  std::string name;  ///< of its folder in dist
  std::string title;
};
/// The folder dist/NAME of the cache. Made by `make` in a folder of its own and renamed when complete, so what is there
/// is whole; safe against others who do the same.
std::filesystem::path InstallOnce(
    const Product& product,
    const std::function<void(const std::filesystem::path& work, const std::filesystem::path& result)>& make);

/// What is wrong with what these have installed, as CheckCache.
std::vector<std::string> CheckJars(const std::filesystem::path& cache);
std::vector<std::string> CheckMinio(const std::filesystem::path& cache);

/// Bytes under a folder: what a running download has fetched so far.
double BytesIn(const std::filesystem::path& folder);

}  // namespace tinderbox::cluster
