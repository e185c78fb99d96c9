#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/cache_flags.h"
#include "cli/remote_flags.h"
#include "cli/server_flags.h"

namespace tinderbox::cli {

/// A PySpark script that runs on an engine of its own, or behind a server of its own on another one.
struct EngineScript {
  EngineFlags engine;
  RemoteFlags remote;
  CacheFlags cache;
  std::string python = "python3";
  std::vector<std::string> words;               ///< the script and its arguments
  std::map<std::string, std::string> settings;  ///< that its session starts with, unless the script says otherwise
  std::vector<std::string> modules;             ///< .py, .zip and .egg files that it can import
};
/// Returns the script's exit code. Throws Error when it cannot start.
int RunOnEngine(const EngineScript& script);

}  // namespace tinderbox::cli
