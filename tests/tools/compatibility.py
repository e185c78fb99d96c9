#!/usr/bin/env python3
"""Writes docs/compatibility.md from the function tables, tests/spark and tests/doctests: compatibility.py [--check]"""

import collections
import glob
import os
import re
import sys
import textwrap

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
import cases  # noqa: E402

PAGE = os.path.join(ROOT, "docs", "compatibility.md")
STATEMENTS = [
    "SELECT", "VALUES", "TABLE", "WITH", "FROM", "CREATE TABLE", "CREATE OR REPLACE TABLE", "CREATE VIEW", "CREATE OR REPLACE VIEW", "CREATE TEMP VIEW",
    "CREATE OR REPLACE TEMP VIEW", "CREATE GLOBAL TEMP VIEW", "CREATE DATABASE", "CREATE SCHEMA", "CREATE FUNCTION", "CREATE TEMPORARY FUNCTION", "INSERT INTO",
    "INSERT OVERWRITE", "DROP TABLE", "DROP VIEW", "DROP DATABASE", "DROP SCHEMA", "DROP FUNCTION", "ALTER TABLE", "TRUNCATE TABLE", "DELETE", "UPDATE", "MERGE",
    "DESCRIBE TABLE", "DESCRIBE FUNCTION", "DESCRIBE QUERY", "DESCRIBE DATABASE", "DESCRIBE", "DESC", "SHOW TABLES", "SHOW TABLE EXTENDED", "SHOW VIEWS",
    "SHOW COLUMNS", "SHOW DATABASES", "SHOW SCHEMAS", "SHOW FUNCTIONS", "SHOW USER FUNCTIONS", "SHOW PARTITIONS", "SHOW TBLPROPERTIES", "SHOW CREATE TABLE",
    "SHOW CATALOGS", "SHOW CURRENT NAMESPACE", "USE", "SET TIME ZONE", "SET VAR", "SET", "RESET", "CACHE TABLE", "UNCACHE TABLE", "CLEAR CACHE", "REFRESH TABLE",
    "ANALYZE TABLE", "EXPLAIN", "COMMENT ON", "DECLARE", "EXECUTE IMMEDIATE", "LIST", "CALL", "BEGIN",
]
OPTIONS = {
    "csv": "sep header inferSchema schema encoding quote escape comment nullValue emptyValue nanValue positiveInf negativeInf dateFormat timestampFormat mode multiLine "
           "lineSep ignoreLeadingWhiteSpace ignoreTrailingWhiteSpace enforceSchema compression quoteAll columnNameOfCorruptRecord maxColumns maxCharsPerColumn "
           "timestampNTZFormat locale escapeQuotes charToEscapeQuoteEscaping unescapedQuoteHandling samplingRatio preferDate",
    "json": "schema multiLine mode primitivesAsString prefersDecimal allowComments allowUnquotedFieldNames allowSingleQuotes allowNumericLeadingZeros dateFormat "
            "timestampFormat ignoreNullFields compression lineSep encoding columnNameOfCorruptRecord samplingRatio dropFieldIfAllNull",
    "text": "wholetext lineSep compression",
    "parquet": "mergeSchema compression schema",
    "all files": "pathGlobFilter recursiveFileLookup basePath partitionBy modifiedBefore modifiedAfter maxRecordsPerFile bucketBy sortBy",
}
MODULES = {"dataframe": "DataFrame", "column": "Column", "group": "GroupedData", "window": "Window", "readwriter": "DataFrameReader, DataFrameWriter",
           "session": "SparkSession", "catalog": "Catalog", "conf": "RuntimeConfig", "tvf": "TableValuedFunction", "observation": "Observation",
           "merge": "MergeIntoWriter", "types": "Types", "udf": "User-defined functions", "udtf": "User-defined table functions"}


def wrap(names):
    return textwrap.fill(", ".join(f"`{n}`" for n in names), 128, break_long_words=False, break_on_hyphens=False) or "None."


def table_names():
    """The names with a row in a function table."""
    found = set()
    for path in glob.glob(os.path.join(ROOT, "src", "engine", "functions", "*.cc")):
        if not path.endswith("_test.cc"):
            with open(path) as file:
                found |= set(re.findall(r'\{\s*"([^"\s]+)",', file.read()))
    return found


def reason(case):
    return case.reason.replace("|", "\\|")


def functions(blocks):
    with open(os.path.join(ROOT, "tests", "spark", "functions.txt")) as file:
        names = file.read().split()
    rows = table_names()
    uses = collections.defaultdict(list)
    for case in blocks:
        for name in set(re.findall(r"\b([a-z_0-9]+)\s*\(", case.text.lower())):
            uses[name].append(case)
    works, differ, missing = [], [], []
    for name in names:
        bad = [c for c in uses[name] if c.reason is not None]
        shown = any(c.reason is None and c.expected and not c.expected[0].startswith("error") for c in uses[name])
        if name not in rows and not shown:  # what the parser or a relation makes has no row, but a case
            missing.append(name)
        elif bad:
            differ.append((name, len(uses[name]) - len(bad), len(bad), sorted({reason(c) for c in bad})))
        else:
            works.append(name)
    lines = [f"## Functions\n\nOf Spark's {len(names)} functions and operators, {len(works) + len(differ)} are there; {len(works)} of them without a known difference.\n",
             f"### Work ({len(works)})\n", wrap(works) + "\n", f"### Differ in some cases ({len(differ)})\n"]
    if differ:
        lines += ["The cases counted are those that use the function, also beside others.\n", "| function | cases as Spark | cases that differ | why |", "|---|---|---|---|"]
        lines += [f"| `{n}` | {good} | {bad} | {'; '.join(why)} |" for n, good, bad, why in differ]
    else:
        lines.append("None.")
    untried = [n for n in works if not uses[n] and n[0].isalpha()]
    return lines + ["", f"### Without a case of their own yet ({len(untried)})\n", wrap(untried) + "\n", f"### Missing, refused by name ({len(missing)})\n", wrap(missing) + "\n"]


def read_list(name):
    with open(os.path.join(ROOT, "tests", "doctests", name)) as file:
        return [line.split() for line in file if line.strip() and not line.startswith("#")]


def methods():
    passing, rest = read_list("passing.txt"), read_list("failing.txt")
    lines = ["## The Python API\n", "By PySpark's own docstrings: works, when every example in it gives the documented output.\n"]
    builtin = [sum(c[0] == "builtin" for c in part) for part in (passing, rest)]
    lines.append(f"`pyspark.sql.functions`: {builtin[0]} of {sum(builtin)} docstrings pass. Those that do not:\n")
    lines += [f"- refused: {wrap(sorted(c[1] for c in rest if c[0] == 'builtin' and c[2] == 'refused'))}",
              f"- differ: {wrap(sorted(c[1] for c in rest if c[0] == 'builtin' and c[2] == 'differs'))}\n"]
    for module, title in MODULES.items():
        good = sorted(c[1] for c in passing if c[0] == module)
        others = {v: sorted(c[1] for c in rest if c[0] == module and c[2] == v) for v in ("differs", "refused")}
        total = len(good) + sum(map(len, others.values()))
        if total:
            lines.append(f"### {title}: {len(good)} of {total}\n")
            lines.append(f"- work: {wrap(good)}")
            lines += [f"- {'differ' if v == 'differs' else 'refused'}: {wrap(n)}" for v, n in others.items() if n]
            lines.append("")
    return lines


def statements(blocks):
    counts = collections.OrderedDict((s, [0, 0, set()]) for s in STATEMENTS)
    ordered = sorted(STATEMENTS, key=len, reverse=True)
    for case in blocks:
        if case.kind == "sql":
            for text in cases.statements(case.text):
                head = re.sub(r"\s+", " ", text.strip(" (")).upper().replace("CREATE TEMPORARY VIEW", "CREATE TEMP VIEW").replace("IF NOT EXISTS ", "")
                name = next((s for s in ordered if re.match(re.escape(s) + r"\b", head)), None)
                if name:
                    last = text == cases.statements(case.text)[-1]
                    counts[name][1 if case.reason is not None and last else 0] += 1
                    if case.reason is not None and last:
                        counts[name][2].add(reason(case))
    lines = ["## SQL statements\n", "| statement | cases as Spark | cases that differ | why |", "|---|---|---|---|"]
    for name, (good, bad, why) in counts.items():
        if good + bad:
            reasons = sorted(why) if len(why) <= 4 else [f"{len(why)} reasons, see the cases"]
            lines.append(f"| `{name}` | {good} | {bad} | {'; '.join(reasons)} |")
    return lines + [""]


def options(blocks):
    lines = ["## Options of readers and writers\n", "| format | option | state |", "|---|---|---|"]
    files = [c for c in blocks if os.path.basename(c.path) == "files.test"]
    for kind, names in OPTIONS.items():
        for option in names.split():
            mine = [c for c in files if re.search(rf"\b{option}\b", c.text) and (kind == "all files" or re.search(rf"\b{kind}\b", c.text))]
            bad = [c for c in mine if c.reason is not None]
            state = "no case" if not mine else "works" if not bad else f"differs: {'; '.join(sorted({reason(c) for c in bad}))}"
            lines.append(f"| {kind} | `{option}` | {state} |")
    return lines + [""]


def page():
    blocks = [c for f in cases.files([], os.path.join(ROOT, "tests", "spark")) for c in cases.read(f) if c.kind != "setup"]
    known = sum(c.reason is not None for c in blocks)
    lines = ["# Compatibility with Spark 4.2.0", "",
             "<!-- written by tests/tools/compatibility.py; do not edit -->", "",
             "What works, what differs and what is missing, from three sources: the tables of functions in `src/engine/functions`; the cases in",
             "`tests/spark`, whose answers real Spark 4.2.0 wrote; PySpark's own docstrings (`tests/doctests`). Whatever is missing is refused with an",
             "UNSUPPORTED error that names it; nothing is skipped silently.", "",
             f"**{len(blocks) - known} of {len(blocks)} cases** give Spark's answer to the last digit, name, type and nullability; {known} are known to differ.", ""]
    return "\n".join(lines + functions(blocks) + methods() + statements(blocks) + options(blocks)).rstrip() + "\n"


def main():
    text = page()
    if "--check" in sys.argv:
        with open(PAGE) as file:
            if file.read() != text:
                sys.exit("docs/compatibility.md is not what tests/tools/compatibility.py writes: run it")
        return
    with open(PAGE, "w") as file:
        file.write(text)


if __name__ == "__main__":
    main()
