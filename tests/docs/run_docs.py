#!/usr/bin/env python3
"""Runs the commands that the documentation shows and compares what they print: run_docs.py PROGRAM FILE.md…

A document is run when it has a comment that begins with <!-- setup: a shell script that prepares an empty folder. Then each
line of a ```console block that begins with "$ " runs there, in one shell for the whole document (a line that ends in a
backslash goes on), and the lines below it are what it has to print, standard error included. A line of three dots stands for
any number of lines, three dots inside a line for any text. --update writes what was printed into the document instead; lines
with dots that still match are kept.
"""

import os
import re
import subprocess
import sys
import tempfile

MARK = "\x01step "


class Step:
    def __init__(self, number, command):
        self.number, self.command, self.expected, self.end = number, command, [], number


def parse(lines):
    """The set-up script (None without one) and the steps, each with its line number."""
    setup, steps, state = None, [], "text"
    for number, line in enumerate(lines):
        if state == "text" and line.startswith("<!-- setup"):
            setup, state = [], "setup"
        elif state == "setup":
            if line.strip() == "-->":
                state = "text"
            else:
                setup.append(line)
        elif state == "text" and line.startswith("```"):
            state = "console" if line.strip() == "```console" else "other"
            fresh = True
        elif state in ("console", "other") and line.startswith("```"):
            state = "text"
        elif state == "console":
            if line.startswith("$ "):
                steps.append(Step(number, line[2:]))
            elif steps and not fresh and steps[-1].command.endswith("\\") and not steps[-1].expected:
                steps[-1].command += "\n" + line
            elif fresh:
                sys.exit(f"line {number + 1}: a console block begins with a command")
            else:
                steps[-1].expected.append(line)
            steps[-1].end = number + 1
            fresh = False
    return setup, steps


def matches(expected, actual):
    """Whether the printed lines are the expected ones, where "..." lines stand for any number of them."""
    if not expected:
        return not actual
    if expected[0].strip() == "...":
        return any(matches(expected[1:], actual[i:]) for i in range(len(actual) + 1))
    if not actual:
        return False
    pattern = ".*".join(re.escape(part) for part in expected[0].split("..."))
    return re.fullmatch(pattern, actual[0]) is not None and matches(expected[1:], actual[1:])


def run(program, setup, steps, folder):
    """What each step printed, as lines."""
    bin_folder = os.path.join(folder, "bin")
    work = os.path.join(folder, "work")
    os.mkdir(bin_folder)
    os.mkdir(work)
    for name in ("tinderbox", "diffit"):
        os.symlink(program, os.path.join(bin_folder, name))
    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "OUTPUT_PATH", "COLUMNS")}
    environment |= {"PATH": bin_folder + ":" + environment["PATH"], "TZ": "UTC", "LC_ALL": "C.UTF-8"}
    subprocess.run(["bash", "-euo", "pipefail", "-c", "\n".join(setup)], cwd=work, env=environment, check=True)
    script = ["exec 2>&1 </dev/null", "status=0"]
    for i, step in enumerate(steps):  # $? of the step before stays visible
        script += [f"printf '{MARK}{i}\\n'", "(exit $status)", step.command, "status=$?"]
    done = subprocess.run(["bash", "-c", "\n".join(script)], cwd=work, env=environment, stdout=subprocess.PIPE, timeout=300)
    parts = done.stdout.decode("utf-8", "replace").split(MARK)[1:]
    return [part.split("\n")[1:-1] for part in parts]


def strip_blank(lines):
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    return [line.rstrip() for line in lines]


def check(program, path, update):
    lines = open(path, encoding="utf-8").read().split("\n")
    setup, steps = parse(lines)
    if setup is None:
        return 0, 0
    with tempfile.TemporaryDirectory(prefix="tinderbox-docs-") as folder:
        printed = run(program, setup, steps, folder)
    failed = 0
    for step, actual in reversed(list(zip(steps, printed))):
        actual = strip_blank(actual)
        if matches(strip_blank(step.expected), actual):
            continue
        failed += 1
        if update:
            begin = step.end - len(step.expected)
            lines[begin:step.end] = actual
        else:
            print(f"{path}:{step.number + 1}: $ {step.command}\nexpected:")
            print("\n".join("  " + line for line in step.expected))
            print("printed:")
            print("\n".join("  " + line for line in actual) + "\n")
    if len(printed) != len(steps):
        print(f"{path}: only {len(printed)} of {len(steps)} commands ran")
        failed += 1
    if update and failed:
        open(path, "w", encoding="utf-8").write("\n".join(lines))
    return failed, len(steps)


def main():
    words = [w for w in sys.argv[1:] if w != "--update"]
    update = len(words) < len(sys.argv) - 1
    if len(words) < 2:
        sys.exit(__doc__)
    results = [check(os.path.abspath(words[0]), path, update) for path in words[1:]]
    failed, steps = sum(r[0] for r in results), sum(r[1] for r in results)
    print(f"{steps - failed} of {steps} commands print what the documentation says")
    sys.exit(0 if steps and not failed else 1)


if __name__ == "__main__":
    main()
