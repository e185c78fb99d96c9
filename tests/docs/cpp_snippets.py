#!/usr/bin/env python3
"""The C++ snippets of a page as one program: cpp_snippets.py PAGE.md --source OUT.cc, and --check PROGRAM, which runs it.

The ```cpp blocks of the page go, in order, into one function with a `session`. The ```text block behind one is what it has to print.
"""

import os
import subprocess
import sys
import tempfile

MARK = "\x01"
HEAD = """// Generated from {page}.
#include <cstdio>

#include "tinderbox/tinderbox.h"

using namespace tinderbox;
using namespace tinderbox::functions;

int main() {{
  const Session session = Session::Embedded();
"""


def blocks(page):
    """[first line, code, expected output or None] of each snippet."""
    found, kind, begin, lines = [], None, 0, []
    for number, line in enumerate(open(page, encoding="utf-8").read().split("\n"), 1):
        if kind is None and line.startswith("```"):
            kind, begin, lines = line[3:], number + 1, []
        elif kind is not None and line == "```":
            if kind == "cpp":
                found.append([begin, lines, None])
            elif kind == "text" and found and found[-1][2] is None:
                found[-1][2] = "".join(line + "\n" for line in lines)
            kind = None
        elif kind is not None:
            lines.append(line)
    return found


def write(page, path):
    out = [HEAD.format(page=os.path.basename(page))]
    for begin, lines, _ in blocks(page):
        out += [f'  std::fputs("\\x01", stdout);\n#line {begin} "{page}"', *lines]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(out) + "\n}\n")


def check(page, program):
    with tempfile.TemporaryDirectory(prefix="tinderbox-docs-") as folder:
        done = subprocess.run([os.path.abspath(program)], cwd=folder, stdout=subprocess.PIPE, text=True, timeout=120)
    printed = done.stdout.split(MARK)[1:]
    wrong = done.returncode != 0
    for (begin, _, expected), got in zip(blocks(page), printed):
        if got != (expected or ""):
            wrong = True
            print(f"{page}:{begin} printed:\n{got}\ninstead of:\n{expected or ''}")
    if len(printed) != len(blocks(page)):
        wrong = True
        print(f"only {len(printed)} of {len(blocks(page))} snippets ran")
    print(f"{len(printed)} snippets of {page}")
    sys.exit(1 if wrong or not printed else 0)


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[2] not in ("--source", "--check"):
        sys.exit(__doc__)
    (write if sys.argv[2] == "--source" else check)(sys.argv[1], sys.argv[3])
