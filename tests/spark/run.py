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


def run_file(job):
    path, remote, real, text = job
    logging.disable(logging.CRITICAL)
    results = []
    found = cases.read(path)
    if text and not any(text in c.text for c in found):
        return path, results, 0.0
    start, runner = time.monotonic(), None
    try:
        runner = cases.Runner(remote, check_schema=not real)
        for case in found:
            if text and case.kind != "setup" and text not in case.text:
                continue
            began = time.monotonic()
            wrong, answer = judge(case, *runner.lines(case), real)
            results.append({"file": os.path.relpath(path, HERE), "line": case.line, "kind": case.kind, "source": case.text, "wrong": wrong, "answer": answer,
                            "confs": ["=".join(c) for c in case.confs], "expected": case.expected, "reason": case.reason, "seconds": round(time.monotonic() - began, 4)})
    except Exception as error:
        results.append({"file": os.path.relpath(path, HERE), "line": 0, "kind": "session", "source": "", "wrong": f"no session: {error}", "answer": [], "expected": [],
                        "confs": [], "reason": None, "seconds": 0})
    finally:
        if runner:
            runner.close()
    return path, results, time.monotonic() - start


def reason_of(failure):
    """What kind of difference it is, in words, for the many that need no words of their own."""
    ours, spark = (failure["answer"] or [""])[0], (failure["expected"] or [""])[0]
    if ours.startswith("error UNSUPPORTED") or ours.startswith("error NOT_SUPPORTED"):
        refused = re.search(r'"feature": "((?:[^"\\]|\\.)*)"', ours)
        return "refused: " + (json.loads(f'"{refused.group(1)}"') if refused else ours.split()[1])
    if ours.startswith("error") and spark.startswith("error"):
        same = ours.split()[1] == spark.split()[1]
        return "the error has other parameters or another place" if same else "another error condition"
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
    server = None
    if not options.remote:
        from server import Server

        server = Server(options.program)
    remote = options.remote or server.remote
    results = []
    try:
        jobs = [(path, remote, options.real, options.filter) for path in cases.files(options.files, HERE)]
        # Files that change the shared catalog run one after another, before the others share the server.
        alone = [job for job in jobs if cases.LEAVES_TRACES.search("\n".join(c.text for c in cases.read(job[0]) if c.kind != "setup"))]
        with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
            first = pool.submit(run_all, alone)
            others = [pool.submit(run_file, job) for job in jobs if job not in alone]
            for done in first.result() + [o.result() for o in others]:
                results += show(done, options.quiet)
    finally:
        alive = server is None or server.alive()
        output = server.output() if server and not alive else ""
        code = server.stop() if server else 0
    failures = [r for r in results if r["wrong"]]
    known = sum(r["reason"] is not None for r in results)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results, file, ensure_ascii=False, indent=1)
    if options.accept:
        accept(failures, options.accept)
    print(f"{len(results)} cases: {len(results) - len(failures) - known} as Spark, {known} known differences, {len(failures)} wrong")
    if not alive or code != 0:
        print(f"the server died, or ended with {code}: {output}")
    sys.exit(1 if failures or not alive or code != 0 or not results else 0)


def run_all(jobs):
    return [run_file(job) for job in jobs]


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
