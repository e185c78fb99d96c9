"""Holds every #include to the layers that src/*/CMakeLists.txt declare.

usage: check_includes.py ROOT

A file under src/<folder> may include what its folder's DEPS name, what those folders may include themselves, and the
standard library; a *_test or *_fixture file also what TEST_DEPS name. What compiles slowly or ties us to one version is kept inside:
duckdb.h inside src/engine/duckdb, the generated protocol out of every header that another folder sees.
"""

import pathlib
import re
import sys

# The folder that implements each public header.
PUBLIC = {
    "arrow.h": "spark",
    "catalog.h": "dataframe",
    "column.h": "dataframe",
    "dataframe.h": "dataframe",
    "diff.h": "diff",
    "error.h": "base",
    "functions.h": "dataframe",
    "read_write.h": "dataframe",
    "row.h": "spark",
    "server_error.h": "spark",
    "session.h": "spark",
    "spark_functions.h": "dataframe",
    "storage_level.h": "spark",
    "tinderbox.h": "diff",
    "typed.h": "dataframe",
    "types.h": "spark",
}

THIRD_PARTY = [
    (r"fmt/", "fmt"),
    (r"nlohmann/", "json"),
    (r"arrow/", "arrow"),
    (r"duckdb\.h$", "duckdb"),
    (r"simdjson\.h$", "simdjson"),
    (r"xxhash\.h$", "xxhash"),
    (r"zlib\.h$", "zlib"),
    (r"zstd(_errors)?\.h$", "zstd"),
    (r"pcre2\.h$", "pcre2"),
    (r"utf8proc\.h$", "utf8proc"),
    (r"openssl/", "crypto"),
    (r"libxml/", "xml2"),
    (r"curl/", "curl"),
    (r"postgresql/", "pq"),
    (r"toml\+\+/", "toml"),
    (r"CLI/", "cli11"),
    (r"(spark/connect/.*|google/rpc/.*)\.pb\.h$", "proto"),
    (r"google/protobuf/", "proto"),
    (r"editline/", "edit"),
    (r"hiredis/", "hiredis"),
    (r"grpc(pp)?/", "grpc"),
    (r"spark/connect/.*\.grpc\.pb\.h$", "grpc"),
    (r"(gtest|gmock)/", "gtest"),
]

# The C and C++ standard libraries, POSIX, Linux and the compiler.
SYSTEM = re.compile(
    r"[a-z_0-9]+$|(sys|linux|asm|netinet|arpa)/|.*intrin\.h$|cxxabi\.h$|cpuid\.h$|"
    r"(dirent|dlfcn|errno|execinfo|fcntl|link|fnmatch|glob|iconv|langinfo|malloc|netdb|poll|pthread|pwd|regex|sched|signal|spawn|stdio|"
    r"stdlib|string|strings|termios|time|unistd|wchar)\.h$"
)

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.MULTILINE)
LIBRARY = re.compile(r"tinderbox_library\(([^)]*)\)")


class Folder:
    def __init__(self, deps, test_deps):
        self.deps = deps
        self.test_deps = test_deps


def read_folder(cmake_file):
    words = LIBRARY.search(cmake_file.read_text(encoding="utf-8"))
    if not words:
        raise SystemExit(f"{cmake_file}: no tinderbox_library(...) call")
    lists = {"DEPS": [], "TEST_DEPS": []}
    current = None
    for word in words[1].split()[1:]:
        if word in lists:
            current = lists[word]
        else:
            current.append(word)
    return Folder(lists["DEPS"], lists["TEST_DEPS"])


def reachable(folders, names):
    """The names and everything their DEPS lead to."""
    seen, todo = set(), list(names)
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += folders[name].deps if name in folders else []
    return seen


def owner(header, folders):
    """The folder or third party that a header belongs to; "" for the system; None when nothing knows it."""
    for pattern, name in THIRD_PARTY:
        if re.match(pattern, header):
            return name
    top, _, rest = header.partition("/")
    if top == "tinderbox":
        return PUBLIC.get(rest)
    if top in folders and rest:
        return top
    return "" if SYSTEM.match(header) else None


def carriers(includes, targets):
    """The headers through which one of the targets comes in."""
    found = set(targets)
    while more := {header for header, names in includes.items() if header not in found and found & set(names)}:
        found |= more
    return found


# The doors through which the generated protocol may pass, each a part of the first.
PROTOCOL = ("spark/proto.h", "spark/proto_expressions.h", "spark/proto_relations.h")


def confined(path, header, target, duckdb, proto):
    """Why this file may not include that header, although its folder may use the target; None when it may."""
    if header in duckdb and not path.as_posix().startswith("src/engine/duckdb/"):
        return "duckdb.h stays inside src/engine/duckdb"
    if header in proto and path.parts[0] == "include":
        return "a public header may not bring in the protocol"
    if header in proto and header not in PROTOCOL and target not in ("proto", path.parts[1]):
        return f"this header brings the protocol out of {target}"
    return None


def check(root):
    """Every violation as one line of text."""
    folders = {file.parent.name: read_folder(file) for file in sorted(root.glob("src/*/CMakeLists.txt"))}
    findings = []
    for name in folders:
        if name in reachable(folders, folders[name].deps):
            findings.append(f"src/{name}: depends on itself through its DEPS")
    files = [file for tree in ("src", "include") for file in sorted((root / tree).rglob("*")) if file.suffix in (".h", ".cc")]
    texts = {file.relative_to(root): file.read_text(encoding="utf-8") for file in files}
    includes = {"/".join(path.parts[1:]): INCLUDE.findall(text) for path, text in texts.items()}
    duckdb = carriers(includes, ["duckdb.h"])
    proto = carriers(includes, [name for names in includes.values() for name in names if owner(name, folders) == "proto"])
    for path, text in texts.items():
        folder = path.parts[1] if path.parts[0] == "src" else PUBLIC.get(path.name)
        if folder not in folders:
            findings.append(f"{path}: belongs to no folder; a public header needs a line in {pathlib.Path(__file__).name}")
            continue
        names = [folder] + folders[folder].deps
        if path.stem.endswith(("_test", "_fixture")):
            names += folders[folder].test_deps + ["gtest"]
        allowed = reachable(folders, names)
        for match in INCLUDE.finditer(text):
            header = match[1]
            target = owner(header, folders)
            if target is None:
                reason = "nothing is known about it"
            elif target and target not in allowed:
                reason = f"{folder} may not use {target}"
            else:
                reason = confined(path, header, target, duckdb, proto)
            if reason:
                line = text.count("\n", 0, match.start()) + 1
                findings.append(f"{path}:{line}: {reason} ({header})")
    return findings


def main():
    findings = check(pathlib.Path(sys.argv[1]))
    for finding in findings:
        print(finding)
    if findings:
        sys.exit(f"{len(findings)} includes break the layers; DEPS in src/<folder>/CMakeLists.txt say what is allowed")


if __name__ == "__main__":
    main()
