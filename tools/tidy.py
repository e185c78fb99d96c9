"""Runs clang-tidy on one file, unless it passed before with the same preprocessed text and the same rules.

usage: tidy.py --cache FOLDER --build FOLDER FILE

The text is taken after the preprocessor, so a change in any header counts and a change elsewhere does not.
"""

import argparse
import hashlib
import json
import pathlib
import shlex
import subprocess
import sys


def preprocessed(build, source):
    """The text the compiler sees, or None when the file is not part of the build."""
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        if pathlib.Path(entry["file"]).resolve() == source.resolve():
            words = shlex.split(entry["command"])
            output = words.index("-o")
            # -P and no paths: two clones share their results. Warnings are g++'s and not all known to clang.
            words = [word for word in words[1:output] + words[output + 2:] if word != "-c" and not word.startswith("-W")]
            command = ["clang++-14", "-E", "-P", *words]
            return subprocess.run(command, cwd=entry["directory"], check=True, capture_output=True).stdout
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cache", type=pathlib.Path, required=True)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("file", type=pathlib.Path)
    args = parser.parse_args()

    text = preprocessed(args.build, args.file)
    if text is None:
        return
    # Comments are gone from the text, but NOLINT is one, so the file itself counts too.
    key = hashlib.sha256(b"\0".join([pathlib.Path(".clang-tidy").read_bytes(), args.file.read_bytes(), text])).hexdigest()
    passed = args.cache / key
    if passed.exists():
        return
    result = subprocess.run(["clang-tidy-14", "--quiet", "-p", args.build, "--extra-arg=-Wno-unknown-warning-option", args.file], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(result.stdout + result.stderr)
    args.cache.mkdir(parents=True, exist_ok=True)
    passed.touch()


main()
