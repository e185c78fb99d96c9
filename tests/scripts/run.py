#!/usr/bin/env python3
"""Runs examples/*.py with `tinderbox run` and compares their output with real Spark's, byte for byte: run.py PROGRAM [NAME…]

The .out files here are real Spark 4.2.0's output, written by tests/tools/record.py examples/NAME.py.
"""

import difflib
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLES = os.path.join(HERE, "..", "..", "examples")


def main():
    program, names = os.path.abspath(sys.argv[1]), sys.argv[2:]
    names = names or sorted(n[:-4] for n in os.listdir(HERE) if n.endswith(".out"))
    failed = []
    for name in names:
        with open(os.path.join(HERE, f"{name}.out"), "rb") as file:
            expected = file.read()
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="script-") as folder:
            # `tinderbox run` takes the python of the PATH: here the one that has PySpark.
            path = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
            done = subprocess.run([program, "run", os.path.join(EXAMPLES, f"{name}.py")], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  env=dict(os.environ, PATH=path, PYTHONDONTWRITEBYTECODE="1"), timeout=300)
        good = done.returncode == 0 and done.stdout == expected
        print(f"{name}: {'as on Spark' if good else 'WRONG'}, {time.monotonic() - began:.1f} s", flush=True)
        if not good:
            failed.append(name)
            lines = lambda data: data.decode("utf-8", "replace").splitlines()
            print("\n".join(list(difflib.unified_diff(lines(expected), lines(done.stdout), "Spark", "Tinderbox", n=1, lineterm=""))[:60]))
            print(f"exit code {done.returncode}; {done.stderr.decode('utf-8', 'replace').strip()[-1500:]}")
    sys.exit(1 if failed or not names else 0)


if __name__ == "__main__":
    main()
