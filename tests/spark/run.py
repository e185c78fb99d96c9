#!/usr/bin/env python3
"""Runs the cases of this folder: run.py PROGRAM | --remote sc://… [--filter TEXT] [FILE…]. README.md has the format.

PROGRAM is started as a Spark Connect server on a free port and stopped at the end. With --remote another server answers: a
real Spark must give exactly what the files say (--real: then our known differences must not appear).
"""

import argparse
import concurrent.futures
import json
import logging
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "tools"))
import cases  # noqa: E402


def judge(case, head, rows, real):
    """What is wrong with an answer, or None; and the answer as it would stand in the file."""
    found = head + (sorted(rows) if case.sorted else rows)
    if found == case.expected:
        return ("Spark's answer now: the block `differs` has to go" if case.reason is not None and not real else None), found
    if case.reason is not None and not real:
        return (None if found == case.ours else "differs in another way than the file says"), found
    return "differs", found


class Target:
    """The server that answers one file's cases: one of our own for each file, or the one of --remote."""

    def __init__(self, program, remote):
        self.program, self.remote, self.server = program, remote, None
        if program:
            self.start()

    def start(self):
        from server import Server

        self.server = Server(self.program)
        self.remote = self.server.remote

    def crash(self):
        """What the server said when it died, and a new one; None while it lives."""
        if self.server is None or self.server.alive():
            return None
        output = self.server.output()
        code = self.server.stop()
        self.start()
        return f"the server died ({code}): {output[-1500:]}"

    def stop(self):
        code = self.server.stop() if self.server else 0
        return None if code == 0 else f"the server ended with {code}"


def run_file(job):
    path, program, remote, real, text = job
    logging.disable(logging.CRITICAL)
    results = []
    found = cases.read(path)
    if text and not any(text in c.text for c in found):
        return path, results, 0.0
    start, target = time.monotonic(), Target(program, remote)
    result = lambda case, wrong, answer, began: results.append({
        "file": os.path.relpath(path, HERE), "line": case.line, "kind": case.kind, "source": case.text, "wrong": wrong, "answer": answer,
        "confs": ["=".join(c) for c in case.confs], "expected": case.expected, "reason": case.reason, "message": runner.message, "seconds": round(time.monotonic() - began, 4)})
    runner = cases.Runner(target.remote, check_schema=not real)
    for case in found:
        if text and case.kind != "setup" and text not in case.text:
            continue
        began = time.monotonic()
        wrong, answer = judge(case, *runner.lines(case), real)
        crash = target.crash()
        if crash:
            wrong, answer = "the server died", [crash]
            runner = cases.Runner(target.remote, check_schema=not real)
            for before in found[:found.index(case)]:
                if before.kind == "setup":
                    runner.lines(before)
        result(case, wrong, answer, began)
    runner.close()
    problem = target.stop()
    if problem and results:
        results[-1]["wrong"] = problem
    return path, results, time.monotonic() - start


def reason_of(failure):
    """What kind of difference it is, in words, for the many that need no words of their own."""
    ours, spark = (failure["answer"] or [""])[0], (failure["expected"] or [""])[0]
    if ours.startswith("error UNSUPPORTED") or ours.startswith("error NOT_SUPPORTED"):
        refused = re.search(r'"feature": "((?:[^"\\]|\\.)*)"', ours)
        return "refused: " + (json.loads(f'"{refused.group(1)}"') if refused else ours.split()[1])
    if ours.startswith("error") and spark.startswith("error"):
        if ours == spark:
            return "the error is right, its query context is not where Spark sees it"
        same = ours.split()[1:3] == spark.split()[1:3]
        return "the error has other parameters or another exception class" if same else "another error condition"
    if ours.startswith("error"):
        return f"fails with {ours.split()[1]}"
    if spark.startswith("error"):
        return "does not fail"
    if ours != spark:
        return "nullability differs" if ours.replace(" NOT NULL", "") == spark.replace(" NOT NULL", "") else "names or types of the columns differ"
    return "values differ"


def accept(failures, reason):
    """Writes our answers into the files as known differences; `auto` finds the words."""
    by_file = {}
    for failure in failures:
        by_file.setdefault(failure["file"], {})[failure["line"]] = failure
    for name, lines in by_file.items():
        path = os.path.join(HERE, name)
        found = cases.read(path)
        for case in found:
            if case.line in lines:
                answer = lines[case.line]["answer"]
                words = reason_of(lines[case.line]) if reason == "auto" else reason
                case.reason, case.ours = (None, None) if answer == case.expected else (words, answer)
        cases.write(path, found)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program", nargs="?")
    arguments.add_argument("files", nargs="*")
    arguments.add_argument("--remote")
    arguments.add_argument("--real", action="store_true", help="the remote server is a real Spark")
    arguments.add_argument("--filter", default="", help="only cases whose source has this text")
    arguments.add_argument("--jobs", type=int, default=2)
    arguments.add_argument("--json", help="a file for every result")
    arguments.add_argument("--accept", metavar="REASON", help="write the answers that differ into the files as known differences with this reason")
    arguments.add_argument("--quiet", action="store_true", help="only the summary")
    options = arguments.parse_args()
    if options.remote and options.program:
        options.files.insert(0, options.program)
    if not options.remote and not options.program:
        arguments.error("PROGRAM or --remote is needed")
    results = []
    jobs = [(path, options.program if not options.remote else None, options.remote, options.real, options.filter) for path in cases.files(options.files, HERE)]
    with concurrent.futures.ProcessPoolExecutor(options.jobs if not options.remote else 1) as pool:
        for done in pool.map(run_file, jobs):
            results += show(done, options.quiet)
    failures = [r for r in results if r["wrong"]]
    known = sum(r["reason"] is not None for r in results)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results, file, ensure_ascii=False, indent=1)
    if options.accept:
        accept(failures, options.accept)
    print(f"{len(results)} cases: {len(results) - len(failures) - known} as Spark, {known} known differences, {len(failures)} wrong")
    sys.exit(1 if failures or not results else 0)


def show(done, quiet):
    path, results, seconds = done
    if not quiet:
        for r in results:
            if r["wrong"]:
                source = "\n  ".join([" ".join([r["kind"]] + r["confs"]), *r["source"].split("\n")])
                print(f"\n{r['file']}:{r['line']}: {r['wrong']}\n  {source}\n    Spark: " + "\n           ".join(r["expected"] or ["(nothing)"]) +
                      "\n    ours:  " + "\n           ".join(r["answer"] or ["(nothing)"]))
    print(f"{os.path.relpath(path)}: {len(results)} cases, {sum(bool(r['wrong']) for r in results)} wrong, {seconds:.1f} s", flush=True)
    return results


if __name__ == "__main__":
    main()
