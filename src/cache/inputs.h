#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "cache/inspect.h"

namespace tinderbox::cache {

/// Where the sessions run whose results are kept.
struct Place {
  std::string server;      ///< "sc://host:port"; empty: in this process
  bool files_here = true;  ///< its local files are those of this machine
  std::string root{};      ///< what the server puts before a path without a scheme: see RootOf; empty: not known
};

/// Whether a path names its file system.
bool HasScheme(const std::string& path);
/// "file:" of file:/x and file:///x, "hdfs://host:9000" of hdfs://host:9000/x.
std::string RootOf(const std::string& url);

/// A text that changes when one of the files does: their names, sizes and times of change, as they are now. What lies
/// where this program cannot look is in it as its path and its place alone; nullopt when that cannot be a key either.
std::optional<std::string> InputsText(const std::set<PlanFacts::Files>& files, const Place& place,
                                      const std::map<std::string, std::string>& settings);
/// The same for one file or folder of this machine; nullopt when it is not there.
std::optional<std::string> LocalInput(const std::string& path);

}  // namespace tinderbox::cache
