"""Runs the program of the C++ API's cases on each engine and compares what it prints with real Spark's answers.

run.py API_PROGRAM TINDERBOX                    the embedded engine, a Tinderbox server, and one in front of that
run.py API_PROGRAM --remote sc://HOST:PORT      that server
run.py API_PROGRAM --record sc://HOST:PORT      asks real Spark 4.2.0 and rewrites expected.txt; known differences stay
run.py API_PROGRAM TINDERBOX --accept REASON    takes what differs now for known, with that reason

expected.txt: "== name", then Spark's answer; a known difference of ours follows as "-- differs: reason" and our answer. A case whose answer
is neither fails, also when a known difference is gone. The server must see this machine's temporary folder.
"""

import argparse
import difflib
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import server

EXPECTED = HERE / "expected.txt"


def split(text):
    """The answers by case, in order."""
    answers, name = {}, None
    for line in text.splitlines(keepends=True):
        if line.startswith("== "):
            name = line[3:].rstrip("\n")
            answers[name] = ""
        else:
            answers[name] += line
    return answers


def read():
    """By case: Spark's answer, and the reason and answer of a known difference."""
    known = {}
    for name, text in split(EXPECTED.read_text(encoding="utf-8") if EXPECTED.exists() else "").items():
        spark, mark, rest = text.partition("-- differs: ")
        reason, _, ours = rest.partition("\n")
        known[name] = (spark, reason if mark else None, ours)
    return known


def write(known):
    parts = []
    for name, (spark, reason, ours) in known.items():
        parts.append(f"== {name}\n{spark}" + (f"-- differs: {reason}\n{ours}" if reason else ""))
    EXPECTED.write_text("".join(parts), encoding="utf-8")


def run(program, *words):
    """What the program answers, without the paths of its folder."""
    with tempfile.TemporaryDirectory(prefix="tinderbox-api-") as folder:
        pathlib.Path(folder).chmod(0o755)
        done = subprocess.run([program, *words, folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=900)
    if done.returncode:
        sys.exit(f"{program} {' '.join(words)} ended with {done.returncode}:\n{done.stderr.decode()}")
    return split(done.stdout.decode("utf-8")), done.stderr.decode("utf-8", "replace")


def compare(engine, answers, log, known, real):
    """The cases whose answers are neither Spark's nor a known difference."""
    wrong = []
    for name in sorted(known.keys() | answers.keys()):
        spark, reason, ours = known.get(name, ("not recorded\n", None, ""))
        wanted = spark if real or reason is None else ours
        if answers.get(name) == wanted:
            continue
        wrong.append(name)
        what = ", where a difference is known: " + reason if reason and not real else ""
        print(f"== {name}, on {engine}{what}")
        print("".join(difflib.unified_diff(wanted.splitlines(True), answers.get(name, "").splitlines(True), "expected", "answered")))
        print("".join(line + "\n" for line in log.splitlines() if line.startswith(name + ":")), end="")
    print(f"{engine}: {len(answers) - len(wrong)} of {len(answers)} cases as expected")
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("tinderbox", nargs="?")
    parser.add_argument("--remote")
    parser.add_argument("--record")
    parser.add_argument("--accept")
    given = parser.parse_args()
    known = read()
    if given.record:
        answers, log = run(given.program, "--on", given.record)
        print(log, end="")
        write({name: (answer, *known.get(name, ("", None, ""))[1:]) for name, answer in answers.items()})
        return
    if given.remote:
        answers, log = run(given.program, "--on", given.remote)
        sys.exit(1 if compare(given.remote, answers, log, known, True) else 0)
    answers, log = run(given.program)
    wrong = compare("the embedded engine", answers, log, known, False)
    if given.accept:
        write({name: (spark, given.accept, answers[name]) if name in wrong else (spark, reason, ours) for name, (spark, reason, ours) in known.items()})
        return
    with server.Server(given.tinderbox) as running:
        answers, log = run(given.program, "--on", running.remote)
        wrong += compare("a Tinderbox server", answers, log, known, False)
        with server.Server(given.tinderbox, "--on", running.remote) as proxy:
            answers, log = run(given.program, "--on", proxy.remote)
            wrong += compare("a server in front of it", answers, log, known, False)
    sys.exit(1 if wrong or not answers else 0)


if __name__ == "__main__":
    main()
