"""The loop of who writes a job: `submit --watch` ends it and runs it again when a file of it changes, on both engines."""

import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading

from common import python, wait

SCRIPT = """
import sys, time
import helper
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
print("SAYS", {!r}, helper.WORD, spark.range(10).count(), flush=True)
if {!r} == "stays":
    time.sleep(600)
"""


class Watched:
    """`submit --watch`, and what it prints."""

    def __init__(self, cluster, *words, **variables):
        self.process = subprocess.Popen([cluster.program, "submit", "--watch", *words], env={**cluster.env, **variables},
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cluster.work)
        self.out, self.err = [], []
        for stream, lines in ((self.process.stdout, self.out), (self.process.stderr, self.err)):
            threading.Thread(target=lines.extend, args=(stream,), daemon=True).start()

    def says(self, text, times=1):
        def said():
            return sum(text in line for line in self.out + self.err)
        wait(text, lambda: self.process.poll() is not None or said() >= times)
        assert said() == times, (text, self.out, self.err)

    def end(self):
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(60) == 130, self.err


def replace(file, text):
    """As editors do it."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.rename(file)


def check(cluster, folder, *options, whole=True, **variables):
    script, helper = folder / "job.py", folder / "helper.py"
    script.write_text(SCRIPT.format("one", "stays"))
    helper.write_text("WORD = 'first'\n")
    watched = Watched(cluster, *options, "--py-files", str(helper), str(script), "argument", **variables)
    try:
        watched.says("SAYS one first 10")
        (folder / "other.py").write_text("")  # is none of its files
        replace(script, SCRIPT.format("two", "stays"))
        watched.says("job.py changed: the job ends and starts again")
        watched.says("SAYS two first 10")
        if not whole:
            return
        script.write_text(SCRIPT.format("three", "ends"))
        watched.says("The job has ended, exit code 0")
        helper.write_text("WORD = 'second'\n")
        watched.says("helper.py changed: the job starts again")
        watched.says("SAYS three second 10")
        watched.says("The job has ended, exit code 0", 2)
        replace(script, SCRIPT.format("four", "stays"))
        watched.says("SAYS four second 10")
    finally:
        watched.end()
        assert not any("other.py" in line for line in watched.err), watched.err


def run(cluster):
    assert "--no-wait does not go with it" in cluster.run("submit", "--watch", "--no-wait", "x.py", expect=2)
    assert "Which application" in cluster.run("deploy", "--watch", expect=2)
    with tempfile.TemporaryDirectory(prefix="tinderbox-job-") as folder:
        check(cluster, pathlib.Path(folder), "--on", "embedded", PYSPARK_PYTHON=python())
        before = len(json.loads(cluster.run("job", "list", "--json"))["jobs"])
        check(cluster, pathlib.Path(folder), whole=False, PYSPARK_PYTHON=sys.executable)
    states = [job["state"] for job in json.loads(cluster.run("job", "list", "--json"))["jobs"][before:]]
    assert states == ["killed", "killed"], states
