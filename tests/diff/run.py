#!/usr/bin/env python3
"""Runs the text cases of this folder against the program: run.py PROGRAM [--filter TEXT] [FILE.test…]. README.md has the format."""

import argparse
import concurrent.futures
import glob
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import pyarrow.parquet as pq

import tables

HERE = os.path.dirname(os.path.abspath(__file__))
COUNTS = {  # the words of a `counts` section and where they stand in the --json document
    "equal": "equal",
    "changed": "changed",
    "left_only": "left.only",
    "right_only": "right.only",
    "left_duplicate_keys": "left.duplicate_keys",
    "right_duplicate_keys": "right.duplicate_keys",
    "left_duplicate_rows": "left.duplicate_rows",
    "right_duplicate_rows": "right.duplicate_rows",
    "left_malformed": "left.malformed_rows",
    "right_malformed": "right.malformed_rows",
}
ONE_SIDED = re.compile(r"--(left|right)-|--rename|--map|--report|--output|--layout|--fail-above|--quiet")


class Case:
    def __init__(self, file, line, name, title):
        self.file, self.line, self.name, self.title = file, line, name, title
        self.sections = []  # (name, flags, lines)

    def where(self):
        return f"{os.path.basename(self.file)}:{self.line} {self.name}"

    def one(self, name):
        found = [(flags, lines) for n, flags, lines in self.sections if n == name]
        if len(found) > 1:
            raise ValueError(f"{self.where()}: two sections {name}")
        return found[0] if found else None


def parse(path):
    cases, section = [], None
    for number, line in enumerate(open(path, encoding="utf-8", newline="\n"), 1):
        line = line.rstrip("\n")
        if line.startswith("=== "):
            name, _, title = line[4:].partition(": ")
            cases.append(Case(path, number, name.strip(), title))
            section = None
        elif line.startswith("--- "):
            name, *flags = shlex.split(line[4:])
            section = (name, flags, [])
            cases[-1].sections.append(section)
        elif section is not None:
            section[2].append(line)
    for case in cases:  # the blank lines before the next header belong to nobody
        for _, _, lines in case.sections:
            while lines and lines[-1] == "":
                lines.pop()
    return cases


class Failure(Exception):
    pass


def find(document, path):
    for part in path.split("."):
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


def mismatch(expected, actual, path="$"):
    """Where `actual` lacks what `expected` asks for: objects may have more members, all else is equal; "/x/" is a pattern."""
    if isinstance(expected, dict):
        if not isinstance(actual, dict):
            return f"{path}: expected an object, got {json.dumps(actual)}"
        for key, value in expected.items():
            if key not in actual:
                return f"{path}: no member {key} in {json.dumps(actual)[:400]}"
            if found := mismatch(value, actual[key], f"{path}.{key}"):
                return found
        return None
    if isinstance(expected, list):
        if not isinstance(actual, list) or len(expected) != len(actual):
            return f"{path}: expected {json.dumps(expected)}, got {json.dumps(actual)[:400]}"
        for i, (e, a) in enumerate(zip(expected, actual)):
            if found := mismatch(e, a, f"{path}[{i}]"):
                return found
        return None
    if isinstance(expected, str) and len(expected) > 2 and expected[0] == expected[-1] == "/" and isinstance(actual, str):
        return None if re.search(expected[1:-1], actual) else f"{path}: {actual!r} does not match {expected}"
    if type(expected) is not type(actual) and not (isinstance(expected, (int, float)) and isinstance(actual, (int, float))):
        return f"{path}: expected {json.dumps(expected)}, got {json.dumps(actual)[:400]}"
    same = expected == actual or expected != expected and actual != actual
    return None if same else f"{path}: expected {json.dumps(expected)}, got {json.dumps(actual)[:400]}"


def read_output(folder):
    """Rows of an output folder, whatever its format, as JSON objects in file order."""
    if not os.path.exists(os.path.join(folder, "_SUCCESS")):
        raise Failure(f"{folder} has no _SUCCESS")
    rows = []
    for path in sorted(glob.glob(os.path.join(folder, "part-*"))):
        if path.endswith(".json"):
            rows += [json.loads(line) for line in open(path, encoding="utf-8")]
        elif path.endswith(".csv"):
            rows += [line.rstrip("\r\n") for line in open(path, encoding="utf-8", newline="")]
        elif path.endswith(".parquet"):
            rows += [json.loads(json.dumps(r, default=str)) for r in pq.read_table(path).to_pylist()]
    return rows


class Run:
    def __init__(self, program, folder, words, timeout=60):
        self.words = words
        environment = dict(os.environ, NO_COLOR="1", TZ="UTC")
        done = subprocess.run([program] + words, cwd=folder, env=environment, capture_output=True, timeout=timeout)
        self.code = done.returncode
        self.out = done.stdout.decode("utf-8", "replace")
        self.err = done.stderr.decode("utf-8", "replace")

    def shown(self):
        return f"$ tinderbox {shlex.join(self.words)}\nexit {self.code}\n{self.out[:3000]}{self.err[:3000]}"

    def fail(self, why):
        raise Failure(f"{why}\n{self.shown()}")

    def document(self):
        try:
            return json.loads(self.out)
        except json.JSONDecodeError as error:
            self.fail(f"--json printed no JSON document ({error})")


def counts_of(document):
    return {word: find(document, path) for word, path in COUNTS.items()}


def check_sums(run, document):
    for side in ("left", "right"):
        total = find(document, f"{side}.rows")
        only = find(document, f"{side}.only")
        if total != document["equal"] + document["changed"] + only:
            run.fail(f"{side}: {total} rows are not {document['equal']} equal + {document['changed']} changed + {only} only there")


def check_relations(program, folder, words, document):
    """What holds for every comparison: the same answer without discarding and with other thread counts, a table equals
    itself, and exchanged sides give the exchanged answer."""
    expected = counts_of(document)
    for extra in (["--no-discard"], ["--threads", "1"], ["--threads", "4", "--memory", "500MB"]):
        other = Run(program, folder, words + extra)
        if other.code not in (0, 1) or counts_of(other.document()) != expected:
            other.fail(f"{' '.join(extra)} changes the answer, which was {expected}")
    if len(words) < 3 or words[1].startswith("-") or words[2].startswith("-") or any(ONE_SIDED.match(w) for w in words):
        return
    mirrored = Run(program, folder, [words[0], words[2], words[1]] + words[3:])
    exchanged = {}
    for word, value in expected.items():
        side, _, rest = word.partition("_")
        exchanged[{"left": f"right_{rest}", "right": f"left_{rest}"}.get(side, word)] = value
    if mirrored.code not in (0, 1) or counts_of(mirrored.document()) != exchanged:
        mirrored.fail(f"exchanged sides do not give the exchanged answer {exchanged}")
    for side in (1, 2):
        if find(document, "left.malformed_rows" if side == 1 else "right.malformed_rows"):
            continue
        itself = Run(program, folder, [words[0], words[side], words[side]] + words[3:])
        if itself.code != 0 or counts_of(itself.document())["equal"] != find(itself.document(), "left.rows"):
            itself.fail(f"{words[side]} is not equal to itself")


def run_case(program, case, relations):
    folder = tempfile.mkdtemp(prefix="tinderbox-case-")
    try:
        steps = []  # a `run` section and the sections that follow it
        for name, flags, lines in case.sections:
            if name in ("run", "exit", "counts", "json", "error", "rows", "stdout", "absent", "file", "header"):
                if name == "run":
                    steps.append({})
                steps[-1][name] = (flags, lines)
            else:
                tables.write(os.path.join(folder, name), lines, flags)
        if not steps:
            raise Failure("the case runs nothing")
        for step in steps:
            run_step(program, folder, step, relations)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_step(program, folder, step, relations):
    flags, lines = step["run"]
    text = " ".join(line.removesuffix("\\") for line in lines).replace("$DIR", folder)
    words = shlex.split(text)
    if words[0] != "tinderbox":
        raise Failure(f"a run starts with tinderbox: {text}")
    words = words[1:]
    codes = [int(c) for c in step["exit"][0]]
    is_diff = words[0] == "diff"
    wants_document = is_diff and 2 not in codes and not any(w in words for w in ("--json", "--quiet", "--help")) and "stdout" not in step
    if wants_document:
        words = words + ["--json"]
    plain = list(words)
    wants_rows = "rows" in step and is_diff and "--output" not in words
    if wants_rows:
        words = words + ["--output", "rows.out", "--output-format", "json"]
    run = Run(program, folder, words)
    if run.code not in codes:
        run.fail(f"exit {run.code}, expected {' or '.join(map(str, codes))}")
    if run.code == 2 and not run.err.strip():
        run.fail("an error without a message")
    if run.code == 2 and re.search(r"INTERNAL|Assertion|terminate called|stack trace|Binder Error|Parser Error|Catalog Error", run.err):
        run.fail("the message is an internal one")
    for part in step.get("error", ([], []))[1]:
        if part.lower() not in run.err.lower():
            run.fail(f"the message lacks: {part}")
    for part in step.get("stdout", ([], []))[1]:
        if part not in run.out:
            run.fail(f"standard output lacks: {part}")
    for path in step.get("absent", ([], []))[1]:
        if os.path.exists(os.path.join(folder, path)):
            run.fail(f"{path} exists")
    if "file" in step:  # file NAME: the exact text of a file
        path = sorted(glob.glob(os.path.join(folder, step["file"][0][0])))
        text = open(path[0], encoding="utf-8", newline="").read() if path else None
        if text != "\n".join(step["file"][1]) + "\n":
            run.fail(f"{step['file'][0][0]} holds {text!r}")
    if wants_document:
        document = run.document()
        check_sums(run, document)
        if "counts" in step:
            words_of = " ".join(step["counts"][1]).split()
            expected = dict.fromkeys(COUNTS, 0) | {k: int(v) for k, v in zip(words_of[::2], words_of[1::2])}
            if unknown := expected.keys() - COUNTS.keys():
                raise Failure(f"unknown counts {unknown}")
            if "keyed" in step["counts"][0] or not any("duplicate" in w for w in words_of):
                for word in COUNTS:  # duplicates are checked where a case speaks of them
                    if "duplicate" in word and "keyed" not in step["counts"][0]:
                        expected.pop(word)
            actual = counts_of(document)
            wrong = {k: (v, actual[k]) for k, v in expected.items() if actual[k] != v}
            if wrong:
                run.fail("counts differ (expected, got): " + ", ".join(f"{k} {e} {a}" for k, (e, a) in wrong.items()))
        if "json" in step:
            expected = json.loads("\n".join(step["json"][1]))
            if found := mismatch(expected, document):
                run.fail(found)
    if "rows" in step:
        target = "rows.out" if wants_rows else (step["rows"][0] or [words[words.index("--output") + 1]])[0]
        rows = read_output(os.path.join(folder, target))
        expected = [line if rows and isinstance(rows[0], str) else json.loads(line) for line in step["rows"][1]]
        if found := mismatch(expected, rows):
            run.fail(f"rows: {found}\nall rows: " + "\n".join(json.dumps(r) for r in rows[:20]))
        if wants_rows:
            shutil.rmtree(os.path.join(folder, "rows.out"))
    writes = "--output" in plain or "--report" in plain
    if relations and wants_document and not writes and "once" not in flags:
        check_relations(program, folder, plain, document)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("program")
    arguments.add_argument("files", nargs="*")
    arguments.add_argument("--filter", default="", help="only cases whose name or title has this text")
    arguments.add_argument("--jobs", type=int, default=2)
    arguments.add_argument("--quick", action="store_true", help="leave out the relations that hold for every case")
    options = arguments.parse_args()
    program = os.path.abspath(options.program)
    files = options.files or sorted(glob.glob(os.path.join(HERE, "*.test")))
    cases = [c for f in files for c in parse(f) if options.filter in c.name or options.filter in c.title]
    names = [(c.file, c.name) for c in cases]
    if len(set(names)) != len(names):
        sys.exit(f"cases of the same name: {sorted(n for n in set(names) if names.count(n) > 1)}")

    def attempt(case):
        try:
            run_case(program, case, not options.quick)
            return None
        except Failure as failure:
            return str(failure)
        except subprocess.TimeoutExpired as error:
            return f"no end after {error.timeout} s: {shlex.join(map(str, error.cmd))}"
        except (KeyError, IndexError, TypeError, ValueError) as error:
            return f"{type(error).__name__}: {error}"

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for case, failure in zip(cases, pool.map(attempt, cases)):
            if failure:
                failed += 1
                print(f"FAILED {case.where()}: {case.title}\n{failure}\n", flush=True)
    print(f"{len(cases) - failed} of {len(cases)} cases passed")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
