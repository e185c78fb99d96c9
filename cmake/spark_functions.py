"""Writes tinderbox/spark_functions.h and spark_functions.cc from src/dataframe/functions.txt.

usage: spark_functions.py TABLE HEADER SOURCE    the two files
       spark_functions.py TABLE --calls SOURCE   calls of every function, for a test

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

MADE = "// Generated from src/dataframe/functions.txt by cmake/spark_functions.py."
HEAD = MADE + """
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


class Row:
    def __init__(self, found):
        self.name, parameters, self.distinct, call, order, self.text = found.groups()
        self.call = call or self.name
        self.parameters = [Parameter(p) for p in split(parameters)]
        # A parameter in the middle that may be left out is passed as {}.
        for before, after in reversed(list(zip(self.parameters, self.parameters[1:]))):
            if after.default is None and after.type not in ("ColumnList", "std::vector<std::string>"):
                before.default = None
        self.arguments = [argument(a, self.parameters) for a in (split(order) if order else [p.name for p in self.parameters])]


def read(table):
    """The rows, and the groups' names as texts, in order."""
    for number, line in enumerate(pathlib.Path(table).read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("## "):
            yield line[3:]
        elif line and not line.startswith("#"):
            found = LINE.fullmatch(line)
            if not found:
                raise SystemExit(f"{table}:{number}: this is no row of the table: {line}")
            yield Row(found)


def write(path, *parts):
    pathlib.Path(path).write_text("\n".join(parts) + "\n", encoding="utf-8")


def write_functions(table, header, source):
    declarations, definitions = [], []
    for row in read(table):
        if isinstance(row, str):
            declarations += [*(["/// @}"] if declarations else []), "", f"/// @name {row}", "/// @{"]
            continue
        typed = [f"const {p.type}& {p.name}" for p in row.parameters]
        defaults = [t + (f" = {p.default}" if p.default else "") for t, p in zip(typed, row.parameters)]
        invoke = "InvokeDistinct" if row.distinct else "Invoke"
        arguments = ", ".join([f'"{row.call}"', *row.arguments])
        declarations += wrap(row.text, "///") + [f"/// Source: pyspark.sql.functions.{row.name}"]
        declarations.append(f"Column {pascal(row.name)}({', '.join(defaults)});")
        definitions.append(f"Column {pascal(row.name)}({', '.join(typed)}) {{\n  return {invoke}({arguments});\n}}")
    write(header, HEAD, "\n".join(declarations), "/// @}\n\n}  // namespace tinderbox::functions")
    write(source, MADE, '#include "dataframe/invoke.h"\n\nnamespace tinderbox::functions {\n', *definitions, "\n}  // namespace tinderbox::functions")


def example(parameter):
    if parameter.type.startswith("Column") and parameter.type != "ColumnList":
        return f'Col("{parameter.name}")'
    if parameter.type.startswith("Lambda"):
        arity = int(parameter.type[-2])
        return f"[]({', '.join(f'const Column& x{i}' for i in range(arity))}) {{ return {' + '.join(f'x{i}' for i in range(arity))}; }}"
    return {"ColumnList": '{Col("c1"), Col("c2")}', "std::vector<std::string>": '{"c1", "c2"}', "FunctionOptions": '{{"k", "v"}}'}[parameter.type]


def write_calls(table, source):
    """Each function with all its arguments, and with those alone that cannot be left out."""
    lines = [MADE, '#include "calls.h"\n\nnamespace tinderbox::functions {\n\nvoid CallAll() {']
    for row in read(table):
        if isinstance(row, Row):
            for kind, parameters in (("all", row.parameters), ("few", [p for p in row.parameters if p.default is None])):
                lines.append(f'  Show("{row.name} {len(row.parameters)} {kind}", {pascal(row.name)}({", ".join(map(example, parameters))}));')
    write(source, *lines, "}\n\n}  // namespace tinderbox::functions")


def main():
    if sys.argv[2] == "--calls":
        write_calls(sys.argv[1], sys.argv[3])
    else:
        write_functions(*sys.argv[1:])


if __name__ == "__main__":
    main()
