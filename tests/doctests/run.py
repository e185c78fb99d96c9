#!/usr/bin/env python3
"""Runs the docstrings of the installed pyspark-client against a Spark Connect server: run.py PROGRAM | --remote sc://… [MODULE…]

A case is one docstring with at least one example to run; it passes when all its examples print what the docstring says, in a new
session. passing.txt names the cases that must pass, so the floor only rises: one of them failing fails the run, and --update adds
those that newly pass. A case that exceeds --timeout loses its worker and counts as failed, and so does one in which the server dies.
"""

import argparse
import contextlib
import doctest
import importlib
import io
import json
import os
import queue
import re
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "tools"))
from server import Server  # noqa: E402

FLOOR = os.path.join(HERE, "passing.txt")
REST = os.path.join(HERE, "failing.txt")  # the others and whether they are refused or differ, for docs/compatibility.md
LOOSE = ("ELLIPSIS", "NORMALIZE_WHITESPACE", "IGNORE_EXCEPTION_DETAIL")
REPORT = ("ELLIPSIS", "NORMALIZE_WHITESPACE", "REPORT_NDIFF")
# The modules, flags and left-out docstrings are those of Spark's own run of its docstrings over Connect.
MODULES = {
    "builtin": ("pyspark.sql.connect.functions.builtin", LOOSE, ()),
    "partitioning": ("pyspark.sql.connect.functions.partitioning", LOOSE, ()),
    "dataframe": ("pyspark.sql.dataframe", LOOSE, ("DataFrame.toJSON", "DataFrame.rdd")),
    "column": ("pyspark.sql.column", LOOSE, ()),
    "group": ("pyspark.sql.connect.group", REPORT, ()),
    "window": ("pyspark.sql.window", LOOSE, ()),
    "readwriter": ("pyspark.sql.connect.readwriter", LOOSE, ()),
    "session": ("pyspark.sql.connect.session", LOOSE, ("SparkSession", "SparkSession.Builder.master")),
    "catalog": ("pyspark.sql.connect.catalog", LOOSE, ()),
    "conf": ("pyspark.sql.connect.conf", LOOSE, ()),
    "tvf": ("pyspark.sql.connect.tvf", LOOSE, ()),
    "observation": ("pyspark.sql.connect.observation", LOOSE, ()),
    "merge": ("pyspark.sql.connect.merge", REPORT, ()),
    "types": ("pyspark.sql.types", LOOSE[:2], ("_parse_datatype_json_string",)),
    "udf": ("pyspark.sql.connect.udf", LOOSE, ()),
    "udtf": ("pyspark.sql.connect.udtf", LOOSE, ()),
}


def docstrings(short):
    """{case: DocTest} of a module, those with an example that is not skipped, in file order."""
    name, _, left_out = MODULES[short]
    module = importlib.import_module(name)
    names = dict(module.__dict__, __name__=name)
    if short == "session":
        from pyspark.sql import SparkSession

        names["SparkSession"] = SparkSession
    found = {}
    for test in doctest.DocTestFinder().find(module, globs=names):
        case = test.name[len(name) + 1:] or "(module)"
        runnable = any(not e.options.get(doctest.SKIP) for e in test.examples)
        if runnable and case not in left_out and case not in found:
            found[case] = test
    return found


# --- the worker: one JSON line in, one out ----------------------------------------------------------------------------


class Examples(doctest.DocTestRunner):
    """Keeps the first bad example."""

    first = None

    def report_failure(self, out, test, example, got):
        self.first = self.first or ("output", example.source, example.want, got)

    def report_unexpected_exception(self, out, test, example, error):
        self.first = self.first or (error[0].__name__, example.source, example.want, str(error[1]))


def forget_session():
    from pyspark.sql.connect.session import SparkSession

    for name in ("_default_session", "_instantiatedSession"):
        with contextlib.suppress(Exception):
            setattr(SparkSession, name, None)
    with contextlib.suppress(Exception):
        SparkSession._active_session.session = None


def run_case(short, case, known, remote):
    from pyspark.sql import SparkSession

    if short not in known:
        known[short] = docstrings(short)
    test = known[short][case]
    flags = 0
    for name in MODULES[short][1]:
        flags |= getattr(doctest, name)
    spark = SparkSession.builder.remote(remote).create()
    spark.client.set_retry_policies([])  # a server that died shall be seen at once
    try:
        test.globs = dict(test.globs, spark=spark)
        runner = Examples(optionflags=flags, verbose=False)
        runner.run(test, out=io.StringIO().write, clear_globs=False)
    finally:
        with contextlib.suppress(Exception):
            spark.stop()
        forget_session()
    if runner.first is None:
        return {"passed": True}
    kind, source, want, got = runner.first
    return {"passed": False, "kind": kind, "source": source.strip()[:500], "want": want[:1500], "got": got[:1500]}


def work(remote):
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what an example prints to the descriptor must not reach the answers
    os.environ.update(SPARK_REMOTE=remote, SPARK_CONNECT_TESTING_REMOTE=remote, SPARK_TESTING="1")
    known = {}
    with tempfile.TemporaryDirectory(prefix="doctests-") as folder:
        os.environ.setdefault("SPARK_HOME", folder)
        for line in sys.stdin:
            os.chdir(folder)
            short, case = json.loads(line)
            began = time.monotonic()
            try:
                answer = run_case(short, case, known, remote)
            except Exception as error:
                answer = {"passed": False, "kind": "no session", "source": "", "want": "", "got": str(error)[:1500]}
            print(json.dumps({**answer, "seconds": round(time.monotonic() - began, 3)}), file=answers, flush=True)


# --- the parent -------------------------------------------------------------------------------------------------------


class Worker:
    def __init__(self, remote):
        self.process = subprocess.Popen([sys.executable, "-B", os.path.abspath(__file__), "--worker", "--remote", remote], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1)
        self.warm = False

    def ask(self, short, case, timeout):
        """The answer, or None when the worker hangs or died; it is then gone."""
        with contextlib.suppress(OSError):
            self.process.stdin.write(json.dumps([short, case]) + "\n")
            self.process.stdin.flush()
            ready, _, _ = select.select([self.process.stdout], [], [], timeout if self.warm else timeout + 60)
            line = self.process.stdout.readline() if ready else ""
            self.warm = True
            if line:
                return json.loads(line)
        self.process.kill()
        self.process.wait()
        return None

    def close(self):
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def answers(remote):
    host, _, port = re.match(r"sc://([^/;]+)", remote).group(1).rpartition(":")
    try:
        socket.create_connection((host, int(port)), 5).close()
        return True
    except OSError:
        return False


def run_parts(jobs, options, results, crashes):
    """Takes parts from the queue and runs each case of a part on one server of its own, or on --remote."""
    while True:
        try:
            part = jobs.get_nowait()
        except queue.Empty:
            return
        run_part(part, options, results, crashes)


def run_part(part, options, results, crashes):
    server = worker = None
    try:
        for short, case in part:
            if not options.remote and server is None:
                server = Server(options.program)
            worker = worker or Worker(options.remote or server.remote)
            answer = worker.ask(short, case, options.timeout)
            if answer is None:
                worker = None
                answer = {"passed": False, "kind": "timeout", "source": "", "want": "", "got": "", "seconds": options.timeout}
            if server and not server.alive():
                answer = {"passed": False, "kind": "the server died", "source": answer["source"], "want": "", "got": server.output()[-1000:], "seconds": 0}
                crashes.append(f"{short} {case}")
                server.stop()
                server = None
                worker = worker and worker.close()
            results.append({"module": short, "case": case, **answer})
    finally:
        if worker:
            worker.close()
        if server and server.stop() != 0:
            crashes.append(f"the end of {part[0][0]}")


def verdict(result):
    return "refused" if re.search(r"UNSUPPORTED|NOT_IMPLEMENTED|not supported|not implemented", result["got"]) else "differs"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program", nargs="?")
    arguments.add_argument("modules", nargs="*")
    arguments.add_argument("--remote")
    arguments.add_argument("--only", default="", help="a pattern for the names of cases")
    arguments.add_argument("--jobs", type=int, default=2)
    arguments.add_argument("--timeout", type=float, default=30)
    arguments.add_argument("--json")
    arguments.add_argument("--failures", action="store_true", help="print every failing case with its first bad example")
    arguments.add_argument("--update", action="store_true", help="add the cases that newly pass to passing.txt")
    arguments.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.worker:
        return work(options.remote)
    modules = ([options.program] if options.remote and options.program else []) + options.modules
    for module in modules:
        if module not in MODULES:
            arguments.error(f"no module {module}; there are {' '.join(MODULES)}")
    os.environ.setdefault("SPARK_HOME", tempfile.gettempdir())
    chosen = [(m, c) for m in modules or MODULES for c in docstrings(m) if re.search(options.only, c)]
    # The docstrings of these modules write tables of the same names, and rely on those that stand before them.
    with_tables = ("dataframe", "readwriter", "session", "catalog", "tvf", "merge")
    parts = [[c for c in chosen if c[0] == module] for module in with_tables]
    if options.remote:
        parts = [sum(parts, [])]
    others = [c for c in chosen if c[0] not in with_tables]
    jobs = queue.Queue()
    for part in parts + [others[i:i + 60] for i in range(0, len(others), 60)]:
        if part:
            jobs.put(part)
    if options.remote and not answers(options.remote):
        sys.exit(f"no server answers at {options.remote}")
    results, crashes = [], []
    began = time.monotonic()
    threads = [threading.Thread(target=run_parts, args=(jobs, options, results, crashes)) for _ in range(options.jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with open(FLOOR) as file:
        floor = set(line.strip() for line in file if line.strip() and not line.startswith("#"))
    name = lambda r: f"{r['module']} {r['case']}"
    passed = {name(r) for r in results if r["passed"]}
    ran = {f"{m} {c}" for m, c in chosen}
    lost, new = sorted(floor & ran - passed), sorted(passed - floor)
    for module in MODULES:
        mine = [r for r in results if r["module"] == module]
        if mine:
            print(f"{module:13} {sum(r['passed'] for r in mine):4d} of {len(mine):4d} pass")
    print(f"{'all':13} {len(passed):4d} of {len(ran):4d} pass; the floor is {len(floor & ran)}; {time.monotonic() - began:.0f} s")
    for r in results:
        if not r["passed"] and (options.failures or name(r) in lost):
            show = lambda text: text.strip().replace("\n", "\n          ")
            print(f"--- {name(r)}: {r['kind']}\n  source: {show(r['source'])}\n  want:   {show(r['want'])}\n  got:    {show(r['got'])}")
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results, file, indent=1)
    if new:
        print(f"{len(new)} newly pass: {', '.join(new)}")
    if options.update and new:
        with open(FLOOR, "w") as file:
            file.write("# The docstrings that must pass; run.py --update adds to them.\n" + "".join(f"{n}\n" for n in sorted(floor | passed)))
    if options.update and not modules and not options.only:
        with open(REST, "w") as file:
            file.write("# The docstrings that do not pass yet; run.py --update writes them.\n")
            file.write("".join(f"{line}\n" for line in sorted(f"{name(r)} {verdict(r)}" for r in results if not r["passed"])))
    if lost:
        print(f"{len(lost)} of the floor fail: {', '.join(lost)}")
    if crashes:
        print(f"the server died in {', '.join(crashes)}")
    sys.exit(1 if lost or crashes or not passed else 0)


if __name__ == "__main__":
    main()
