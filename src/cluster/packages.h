#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cluster/provision.h"

namespace tinderbox::cluster {

// Python packages that every driver and worker of a cluster has. Each change installs all of them anew into a folder of
// its own, packages/N of the cluster's folder, and the link packages/current then points to it: who uses the one before
// keeps it.

struct PythonPackage {
  std::string name;
  std::string version;
  std::string sha256;  ///< of the file it came from
  bool asked = false;  ///< by name; else another one needs it
};

struct PythonPackages {
  std::vector<std::string> wanted;  ///< "numpy==2.1.0", "pandas", as they were asked for
  std::vector<PythonPackage> installed;
};

/// The folder that stands on Python's path; there is none before the first package.
std::string PackagesFolder(const std::filesystem::path& cluster_folder);
/// Where that leads now; empty: there are no packages.
std::string PackagesNow(const std::filesystem::path& cluster_folder);
PythonPackages ReadPackages(const std::filesystem::path& cluster_folder);

/// Adds packages by what pip calls requirements ("numpy", "numpy==2.1.0", "pandas[excel]>=2"), for the Python
/// `python`. What is there keeps its version and its hash. Throws Error TINDERBOX_USAGE for what is no such name and
/// TINDERBOX_PREREQUISITE with what pip says; nothing is changed then.
PythonPackages AddPackages(const std::filesystem::path& cluster_folder, const std::string& python,
                           const std::vector<std::string>& names, const Progress& progress);
/// Throws Error TINDERBOX_NO_SUCH when one was not asked for.
PythonPackages RemovePackages(const std::filesystem::path& cluster_folder, const std::string& python,
                              const std::vector<std::string>& names, const Progress& progress);

}  // namespace tinderbox::cluster
