"""Installs the build and uses it as another project would: run.py CMAKE BUILD SOURCE COMPILER

The installed tree is moved first, so that nothing may lead back to the build or to where it was installed. Then examples/cpp is built by
find_package and by pkg-config and run, each public header is compiled alone, and none may bring in a third party's header.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

PRINTED = """+------+-----+-----+
|region|sales|gross|
+------+-----+-----+
| north|    2| 6.55|
| south|    1| 8.63|
+------+-----+-----+

north: 2
south: 1
"""
ALLOWED = re.compile(r"/include/(tinderbox|c\+\+|x86_64-linux-gnu|bits|asm|asm-generic|linux|gnu|sys)/|/gcc/|^/usr/include/[a-z_0-9-]+\.h$")


def run(*words, **more):
    done = subprocess.run([str(w) for w in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))} failed:\n{done.stdout}")
    return done.stdout


def expect(got, wanted, what):
    if got != wanted:
        sys.exit(f"{what} printed:\n{got}\ninstead of:\n{wanted}")


def check_package(cmake, tree, source, work, compiler):
    """find_package(Tinderbox) from a copy of the example outside the source tree."""
    example = shutil.copytree(source / "examples/cpp", work / "example")
    run(cmake, "-S", example, "-B", work / "built", f"-DCMAKE_PREFIX_PATH={tree}", f"-DCMAKE_CXX_COMPILER={compiler}")
    run(cmake, "--build", work / "built")
    expect(run(work / "built/sales", cwd=work), PRINTED, "the example built by find_package")


def check_pkg_config(tree, work, compiler):
    folder = next(tree.glob("**/pkgconfig"))
    flags = run("pkg-config", "--cflags", "--libs", "tinderbox", env={**os.environ, "PKG_CONFIG_PATH": str(folder)}).split()
    run(compiler, work / "example/sales.cc", *flags, "-o", work / "by_pkg_config")
    expect(run(work / "by_pkg_config", cwd=work), PRINTED, "the example built by pkg-config")


def check_headers(tree, work, compiler):
    """Each header alone compiles without warnings and depends on the standard library only."""
    include = tree / "include"
    headers = sorted((include / "tinderbox").glob("*.h"))
    if len(headers) < 14:
        sys.exit(f"only {len(headers)} headers were installed")
    for header in headers:
        alone = work / "alone.cc"
        alone.write_text(f"#include <tinderbox/{header.name}>\n", encoding="utf-8")
        words = [compiler, "-std=c++20", "-Wall", "-Wextra", "-Wshadow", "-Werror", f"-I{include}", alone]
        run(*words, "-fsyntax-only")
        for path in run(*words, "-M").replace("\\\n", " ").split()[2:]:
            if not ALLOWED.search(path):
                sys.exit(f"{header.name} brings in {path}")
    return len(headers)


def main():
    cmake, build, source, compiler = sys.argv[1], *map(pathlib.Path, sys.argv[2:4]), sys.argv[4]
    with tempfile.TemporaryDirectory(prefix="tinderbox-install-") as folder:
        work = pathlib.Path(folder)
        run(cmake, "--install", build, "--prefix", work / "first")
        tree = (work / "first").rename(work / "moved")
        check_package(cmake, tree, source, work, compiler)
        check_pkg_config(tree, work, compiler)
        number = check_headers(tree, work, compiler)
        version = run(tree / "bin/tinderbox", "--version")
        leads_back = [p for p in tree.rglob("*") if p.suffix in (".cmake", ".pc") and str(build) in p.read_text(encoding="utf-8")]
        if leads_back:
            sys.exit(f"{leads_back} name the build folder")
    print(f"installed {version.strip()}: {number} headers alone, the example by find_package and by pkg-config")


if __name__ == "__main__":
    main()
