#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/server_flags.h"

namespace tinderbox::cli {

/// A PySpark script that runs on an engine of its own.
struct EngineScript {
  EngineFlags engine;
  std::string python = "python3";
  std::vector<std::string> words;               ///< the script and its arguments
  std::map<std::string, std::string> settings;  ///< that its session starts with, unless the script says otherwise
  std::vector<std::string> modules;             ///< .py, .zip and .egg files that it can import
};
/// Returns the script's exit code. Throws Error when it cannot start.
int RunOnEngine(const EngineScript& script);

}  // namespace tinderbox::cli
