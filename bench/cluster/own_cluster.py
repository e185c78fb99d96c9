"""A cluster of a benchmark's own, taken down at the end."""

import json
import os
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


class OwnCluster:
    def __init__(self, program, folder):
        self.program, self.name = program, "bench"
        self.env = {**os.environ, "XDG_STATE_HOME": folder, "XDG_CONFIG_HOME": folder, "PYSPARK_PYTHON": python()}

    def up(self, *words):
        self.run("up", "--timeout", "10min", "--set", "gateway.enabled=false", "--set", "history.enabled=false", *words)

    def port(self, service, port):
        services = json.loads(self.run("status", "--json"))["services"]
        return next(one for one in services if one["name"] == service)["ports"][port]

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.run("down")
        self.run("cleanup", "--yes")  # what its HDFS holds would be in the next one's way

    def run(self, *words):
        done = subprocess.run([self.program, *words[:1], "--name", self.name, *words[1:]], env=self.env, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout


def python():
    """A Python with PySpark's client."""
    tool = os.path.join(ROOT, "tests", "tools", "pyspark.sh")
    return subprocess.run([tool], check=True, capture_output=True, text=True).stdout.strip()
