#pragma once

#include <string>
#include <vector>

#include "base/temp_dir.h"

namespace tinderbox::cli {

/// A folder that stands first in a script's PYTHONPATH, with what Python runs before the script. PySpark refuses a
/// script that names a master while SPARK_REMOTE is set; with this one a master is left out instead, and one that is
/// not local is said to be. Settings in TINDERBOX_SETTINGS (a JSON object) are what the builder starts with, and the
/// statements of TINDERBOX_STATEMENTS (a JSON array) run in each session first. A sitecustomize of the user's runs as
/// before.
class StartupFolder {
 public:
  /// `modules`: .py, .zip and .egg files that the script can import. Throws Error when it cannot be written.
  explicit StartupFolder(const std::vector<std::string>& modules);
  /// With what PYTHONPATH is now behind it.
  const std::string& PythonPath() const { return python_path_; }

 private:
  base::TempDir folder_;
  std::string python_path_;
};

}  // namespace tinderbox::cli
