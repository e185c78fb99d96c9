#!/usr/bin/env python3
"""Writes Spark's own answers into tests/spark/**/*.test and tests/scripts/*.out: record.py [--remote sc://…] [--new] [FILE…]

Needs pyspark 4.2.0. Without --remote it starts a real Spark Connect server on this machine (Java 17 and the full pyspark),
asks it and stops it. Every case is asked twice, in two sessions; an answer that changes, or holds the day's date, is not
written.
"""

import argparse
import logging
import os
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import cases  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(HERE))


class Spark:
    """A real Spark Connect server of our own, or the one that --remote names."""

    def __init__(self, remote):
        self.remote, self.process = remote, None
        if remote:
            return
        import tempfile

        import pyspark

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        home = os.path.dirname(pyspark.__file__)
        self.folder = tempfile.TemporaryDirectory(prefix="record-spark-")
        settings = {"spark.connect.grpc.binding.port": port, "spark.connect.grpc.binding.address": "127.0.0.1", "spark.ui.enabled": "false",
                    "spark.sql.catalogImplementation": "in-memory", "spark.sql.timeType.enabled": "true", "spark.sql.session.timeZone": "UTC",
                    "spark.sql.warehouse.dir": os.path.join(self.folder.name, "warehouse"), "spark.sql.shuffle.partitions": 4}
        words = [os.path.join(home, "bin", "spark-submit"), "--master", "local[4]", "--driver-memory", "2g", "--class",
                 "org.apache.spark.sql.connect.service.SparkConnectServer"]
        for key, value in settings.items():
            words += ["--conf", f"{key}={value}"]
        self.log = open(os.path.join(self.folder.name, "log"), "w+")
        self.process = subprocess.Popen(words + ["spark-internal"], cwd=self.folder.name, stdout=self.log, stderr=self.log, start_new_session=True,
                                        env=dict(os.environ, SPARK_HOME=home, SPARK_TESTING="1", PYSPARK_PYTHON=sys.executable))
        self.remote = f"sc://127.0.0.1:{port}"
        for _ in range(180):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            if self.process.poll() is not None:
                break
            time.sleep(1)
        self.stop()
        sys.exit("Spark did not start")

    def stop(self):
        if self.process:
            import signal

            try:
                os.killpg(self.process.pid, signal.SIGTERM)
                self.process.wait(30)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                self.process.kill()
            self.process = None
            self.folder.cleanup()


def ask(remote, path, only_new):
    found, runner = cases.read(path), cases.Runner(remote)
    try:
        answers = []
        for case in found:
            if only_new and case.expected and case.kind != "setup" and not cases.LEAVES_TRACES.search(case.text):
                answers.append(None)
                continue
            head, rows = runner.lines(case)
            if case.kind == "setup" and head:
                sys.exit(f"{case.where()}: the set-up fails: {head[0]}")
            answers.append((head, rows))
        return found, answers
    finally:
        runner.close()


def record(remote, path, only_new):
    found, first = ask(remote, path, only_new)
    today = time.gmtime()
    _, second = ask(remote, path, only_new)
    changes, kept = [], []
    for case, one, two in zip(found, first, second):
        if one is None:
            kept.append(case)
            continue
        case.sorted = len(one[1]) > 1 and not cases.orders(case)
        pick = sorted if case.sorted else list
        if (one[0], pick(one[1])) != (two[0], pick(two[1])) or any(time.strftime("%Y-%m-%d", today) in row for row in one[1]):
            changes.append(case)
            continue
        case.expected = one[0] + pick(one[1])
        kept.append(case)
    cases.write(path, kept if not changes else found)
    for case in changes:
        print(f"{case.where()}: the answer is another at each run or on each day, so it is not written")
    print(f"{os.path.relpath(path)}: {len(kept)} cases", flush=True)
    return not changes


def record_script(remote, path):
    """The output of examples/NAME.py on real Spark, beside the test that compares."""
    name = os.path.splitext(os.path.basename(path))[0]
    runs = [subprocess.run([sys.executable, path], env=dict(os.environ, SPARK_REMOTE=remote, PYTHONWARNINGS="ignore"), stdout=subprocess.PIPE, check=True).stdout
            for _ in range(2)]
    if runs[0] != runs[1]:
        print(f"{path}: the output is another at each run, so it is not written")
        return False
    with open(os.path.join(ROOT, "tests", "scripts", f"{name}.out"), "wb") as file:
        file.write(runs[0])
    print(f"{path}: {len(runs[0].splitlines())} lines")
    return True


def record_functions(remote):
    """The names of all functions Spark has, for docs/compatibility.md."""
    from pyspark.sql import SparkSession

    session = SparkSession.builder.remote(remote).create()
    names = sorted(row[0] for row in session.sql("SHOW FUNCTIONS").collect())
    session.stop()
    with open(os.path.join(ROOT, "tests", "spark", "functions.txt"), "w") as file:
        file.write("".join(f"{n}\n" for n in names))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("files", nargs="*", help="files or folders of .test, or examples/*.py; default: all cases")
    arguments.add_argument("--remote", help="a running real Spark, say sc://127.0.0.1:15002")
    arguments.add_argument("--new", action="store_true", help="only cases that have no answer yet")
    options = arguments.parse_args()
    logging.disable(logging.CRITICAL)
    spark = Spark(options.remote)
    try:
        scripts = [f for f in options.files if f.endswith(".py")]
        good = [record_script(spark.remote, f) for f in scripts]
        others = [f for f in options.files if not f.endswith(".py")]
        if not options.files:
            record_functions(spark.remote)
        if others or not scripts:
            good += [record(spark.remote, f, options.new) for f in cases.files(others, os.path.join(ROOT, "tests", "spark"))]
    finally:
        spark.stop()
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
