"""Writes tinderbox/spark_functions.h and spark_functions.cc from src/dataframe/functions.txt.

usage: spark_functions.py TABLE HEADER SOURCE

A line of the table is `name(parameters) [= call] | what it gives`; "# text" is a comment and "## text" begins a group. The C++
name is the name in PascalCase. A parameter is one of

    name        a column: ColumnOrName          name:v      an operand: ColumnOrValue
    *name       columns: ColumnList             *name:s     texts, which become literals
    name:f1     a function of that many Columns (f12: of one or two)
    name:o      options, passed as a map when there are any
    name:r      a seed, random when it is left out

with `?` behind it when it may be left out, or `=value` for its default: a number, true, false, NULL or 'text'. The call is the name in
Spark, when it is another (`DISTINCT name` aggregates distinct values), perhaps with the parameters in another order; `a|b` in it is a, or
b when a was left out.
"""

import pathlib
import re
import sys

PARAMETER = re.compile(r"(\*?)(\w+)(?::(\w+))?(\?|=.*)?$")
LINE = re.compile(r"(\w+)\((.*?)\)(?: = (DISTINCT )?([^\s(]+)(?:\((.*)\))?)? \| (.+)$")
# What C++ does not allow as a name, or what another name in scope would be hidden by.
RESERVED = {"default", "char", "and", "or", "not", "export", "new"}

HEAD = """// Generated from src/dataframe/functions.txt by cmake/spark_functions.py.
#pragma once

#include "tinderbox/functions.h"

namespace tinderbox::functions {
"""


def split(text):
    """At the commas that stand in no quotes."""
    return [part.strip() for part in re.findall(r"(?:'[^']*'|[^,'])+", text)] if text else []


def pascal(name):
    return "".join(word[:1].upper() + word[1:] for word in name.split("_"))


class Parameter:
    def __init__(self, text):
        found = PARAMETER.fullmatch(text)
        if not found:
            raise SystemExit(f"spark_functions.py: the parameter {text!r} cannot be read")
        star, self.name, kind, optional = found.groups()
        if self.name in RESERVED:
            self.name += "_value"
        self.seed = kind == "r"
        if star:
            self.type = "std::vector<std::string>" if kind == "s" else "ColumnList"
        elif kind is None:
            self.type = "ColumnOrName"
        elif kind in ("v", "r"):
            self.type = "ColumnOrValue"
        elif kind == "o":
            self.type = "FunctionOptions"
        else:
            self.type = f"LambdaFunction<{', '.join(kind[1:])}>"
        self.default = None
        if optional == "?" or self.seed:
            self.default = "{}"
        elif optional:
            self.default = self.literal(optional[1:])

    def literal(self, text):
        if text == "NULL":
            return "Lit(Value())"
        if text.startswith("'"):
            quoted = '"' + text[1:-1] + '"'
            return f"Lit(Value(std::string({quoted})))" if self.type == "ColumnOrName" else quoted
        return text


def argument(text, parameters):
    first, _, second = text.partition("|")
    if second:
        return f"Either({first}, {second})"
    seed = next((p.seed for p in parameters if p.name == first), False)
    return f"OrSeed({first})" if seed else first


def wrap(text, prefix, width=120):
    lines, line = [], prefix
    for word in text.split():
        if len(line) + 1 + len(word) > width and line != prefix:
            lines.append(line)
            line = prefix
        line += " " + word
    return lines + [line]


def main():
    table, header, source = sys.argv[1:]
    declarations, definitions = [], []
    for number, line in enumerate(pathlib.Path(table).read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("## "):
            declarations += ["", f"/// @name {line[3:]}", "/// @{"] if not declarations else ["/// @}", "", f"/// @name {line[3:]}", "/// @{"]
            continue
        if not line or line.startswith("#"):
            continue
        found = LINE.fullmatch(line)
        if not found:
            raise SystemExit(f"{table}:{number}: this is no row of the table: {line}")
        name, parameters, distinct, call, order, text = found.groups()
        parameters = [Parameter(p) for p in split(parameters)]
        # A parameter in the middle that may be left out is passed as {}.
        for before, after in reversed(list(zip(parameters, parameters[1:]))):
            if after.default is None and after.type not in ("ColumnList", "std::vector<std::string>"):
                before.default = None
        arguments = [argument(a, parameters) for a in (split(order) if order else [p.name for p in parameters])]
        typed = [f"const {p.type}& {p.name}" for p in parameters]
        declarations += wrap(text, "///")
        declarations.append(f"/// Source: pyspark.sql.functions.{name}")
        defaults = [t + (f" = {p.default}" if p.default else "") for t, p in zip(typed, parameters)]
        declarations.append(f"Column {pascal(name)}({', '.join(defaults)});")
        function = "InvokeDistinct" if distinct else "Invoke"
        definitions.append(f"Column {pascal(name)}({', '.join(typed)}) {{\n  return {function}({', '.join([chr(34) + (call or name) + chr(34), *arguments])});\n}}")
    declarations.append("/// @}")
    pathlib.Path(header).write_text(HEAD + "\n".join(declarations) + "\n\n}  // namespace tinderbox::functions\n", encoding="utf-8")
    body = '// Generated from src/dataframe/functions.txt by cmake/spark_functions.py.\n#include "dataframe/invoke.h"\n\nnamespace tinderbox::functions {\n\n'
    pathlib.Path(source).write_text(body + "\n".join(definitions) + "\n\n}  // namespace tinderbox::functions\n", encoding="utf-8")


if __name__ == "__main__":
    main()
