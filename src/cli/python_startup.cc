#include "cli/python_startup.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "base/fail.h"

namespace tinderbox::cli {
namespace {

constexpr std::string_view kPythonStartup = R"PYTHON(
import importlib.util
import json
import os
import sys
from importlib.machinery import PathFinder

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder) != here]


class Masters:
    """Watches for the import of PySpark's builder."""

    def find_spec(self, name, path=None, target=None):
        if name != "pyspark.sql.session":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None:
            execute = spec.loader.exec_module
            spec.loader.exec_module = lambda module: (execute(module), leave_out_masters(module.SparkSession.Builder))
        return spec


def leave_out_masters(builder):
    validate = builder._validate_startup_urls

    def without_master(self):
        if "SPARK_REMOTE" in os.environ and "spark.remote" not in self._options:
            master = self._options.pop("spark.master", "local")
            if not master.startswith("local"):
                print(f'tinderbox run: the script names the master "{master}"; it runs on the embedded engine.', file=sys.stderr)
        return validate(self)

    builder._validate_startup_urls = without_master
    for name in ("getOrCreate", "create"):
        setattr(builder, name, prepared(getattr(builder, name)))


def prepared(make):
    def make_prepared(self):
        session = make(self)
        if not getattr(session, "_tinderbox_prepared", False):
            session._tinderbox_prepared = True
            for statement in json.loads(os.environ.get("TINDERBOX_STATEMENTS", "[]")):
                session.sql(statement)
        return session

    return make_prepared
    make = builder.__init__

    def with_settings(self):
        make(self)
        self._options.update(json.loads(os.environ.get("TINDERBOX_SETTINGS", "{}")))

    builder.__init__ = with_settings


sys.meta_path.insert(0, Masters())
shadowed = PathFinder.find_spec("sitecustomize", sys.path)
if shadowed is not None:
    shadowed.loader.exec_module(importlib.util.module_from_spec(shadowed))
)PYTHON";

void WriteFile(const std::filesystem::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) base::FailErrno("TINDERBOX_TEMP_DIRECTORY", errno, fmt::format("Cannot write {}", path.string()));
}

/// What Python finds modules in: folders and archives as they are, single files by a link in a folder of their own.
std::string ModulePath(const std::vector<std::string>& modules, const std::filesystem::path& links) {
  namespace fs = std::filesystem;
  std::string path;
  for (const std::string& module : modules) {
    const fs::path file = fs::absolute(module);
    if (file.extension() == ".py") {
      fs::create_directories(links);
      fs::create_symlink(file, links / file.filename());
    } else {
      path += ":" + file.string();
    }
  }
  return (fs::exists(links) ? ":" + links.string() : "") + path;
}

}  // namespace

StartupFolder::StartupFolder(const std::vector<std::string>& modules) {
  WriteFile(folder_.path() / "sitecustomize.py", kPythonStartup);
  const char* rest = std::getenv("PYTHONPATH");
  python_path_ = folder_.path().string() + ModulePath(modules, folder_.path() / "modules");
  if (rest != nullptr && *rest != '\0') python_path_ += fmt::format(":{}", rest);
}

}  // namespace tinderbox::cli
