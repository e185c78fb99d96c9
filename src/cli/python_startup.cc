#include "cli/python_startup.h"

namespace tinderbox::cli {

const std::string_view kPythonStartup = R"PYTHON(
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

}  // namespace tinderbox::cli
