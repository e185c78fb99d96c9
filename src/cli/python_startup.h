#pragma once

#include <string_view>

namespace tinderbox::cli {

/// A sitecustomize.py: Python runs it before the script when its folder stands first in PYTHONPATH. PySpark refuses a
/// script that names a master while SPARK_REMOTE is set; with this one a master is left out instead, and one that is
/// not local is said to be. Settings in TINDERBOX_SETTINGS (a JSON object) are what the builder starts with. Another
/// sitecustomize runs as before.
extern const std::string_view kPythonStartup;

}  // namespace tinderbox::cli
