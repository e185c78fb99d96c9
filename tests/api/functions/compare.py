"""Compares the plans that our functions build with those of PySpark: compare.py TINDERBOX CALLS

CALLS prints the plan of each call of each function in src/dataframe/functions.txt. Here PySpark makes the same calls, where a column
named like the parameter stands for each argument. Where PySpark takes plain values alone, it gets one by which the argument is known
again. Every public function of pyspark.sql.functions has to be in the table, or in LEFT_OUT.
"""

import inspect
import pathlib
import re
import subprocess
import sys
import warnings
from unittest.mock import MagicMock

warnings.simplefilter("ignore")
ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "cmake"))

import pyspark.sql.functions
import spark_functions
from pyspark.sql.connect.functions import builtin, partitioning

LEFT_OUT = {
    "by hand, in functions.h or dataframe.h": "broadcast call_function call_udf col column expr lit when asc asc_nulls_first asc_nulls_last desc "
    "desc_nulls_first desc_nulls_last",
    "over Python code": "udf udtf pandas_udf arrow_udf arrow_udtf unwrap_udt",
    "not in the embedded engine": "current_path java_method reflect try_reflect st_asbinary st_geogfromwkb st_geomfromwkb st_setsrid st_srid",
}
# What means the same: an argument that PySpark leaves out or in, and zeros of another type.
SAME = {"window 4 few": "window(time_column, window_duration)"}
SEED = re.compile(r"\blong:\d+")


def text(expression):
    """As calls.cc prints it."""
    kind = expression.WhichOneof("expr_type")
    if kind == "unresolved_attribute":
        return expression.unresolved_attribute.unparsed_identifier
    if kind == "unresolved_function":
        function = expression.unresolved_function
        return f"{'DISTINCT ' * function.is_distinct}{function.function_name}({', '.join(map(text, function.arguments))})"
    if kind == "lambda_function":
        return f"lambda{len(expression.lambda_function.arguments)}"
    if kind == "literal":
        literal = expression.literal
        which = literal.WhichOneof("literal_type")
        value = getattr(literal, which)
        return {"string": f"'{value}'", "boolean": str(value).lower(), "integer": str(value), "long": "seed", "null": "NULL",
                "decimal": getattr(value, "value", "")}.get(which, str(literal))
    return str(expression)


class Plain:
    """A plain value for a parameter, and how it shows in a plan."""

    def __init__(self, value, shown):
        self.value, self.shown = value, shown


def candidates(parameter, place):
    """What PySpark might take for a parameter, the likeliest first."""
    name = parameter.name
    kind = parameter.type
    if kind.startswith("Lambda"):
        return [Plain([lambda x: x, lambda x, y: x, lambda x, y, z: x][int(kind[-2]) - 1], None)]
    if kind == "FunctionOptions":
        return [Plain({"k": "v"}, None)]
    if kind == "ColumnList":
        return [Plain(builtin.col("c1"), None), Plain(builtin.col("c2"), None)]
    if kind == "std::vector<std::string>":
        return [Plain("c1", None), Plain("c2", None)]
    column = Plain(builtin.col(name), None)
    if kind == "ColumnOrName":
        return [column]
    number = 224 if name == "num_bits" else 1000 + place
    return [column, Plain(name, f"'{name}'"), Plain(number, str(number)), Plain(0.25 + place, f"double: {0.25 + place}"), Plain(True, "true")]


def call(row, parameters):
    """The plan of PySpark's call with these parameters, each shown by its name."""
    function = getattr(builtin, row.name, None) or getattr(partitioning, row.name)
    takes = inspect.signature(function).parameters
    plain = {}
    for _ in range(200):
        words, named = [], {}
        for place, parameter in enumerate(parameters):
            options = candidates(parameter, place)
            if parameter.type in ("ColumnList", "std::vector<std::string>"):
                words += [option.value for option in options]
                continue
            chosen = options[min(plain.get(place, 0), len(options) - 1)]
            if any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in takes.values()):
                words.append(chosen.value)
            else:
                camel = re.sub(r"_(\w)", lambda m: m[1].upper(), parameter.name.removesuffix("_value"))
                named[camel if camel in takes else list(takes)[place]] = chosen.value
        try:
            shown = text(function(*words, **named)._expr.to_plan(MagicMock()))
        except Exception as error:  # PySpark wants a plain value here or there: try the next combination
            place = next_choice(plain, parameters)
            if place is None:
                return f"{type(error).__name__}: {error}"
            continue
        for place, index in plain.items():
            option = candidates(parameters[place], place)[index]
            if option.shown and index:
                shown = re.sub(rf"(?<![\w'.]){re.escape(option.shown)}(?![\w'.])", parameters[place].name, shown, count=1)
        return shown
    return "no combination of plain values fits"


def next_choice(plain, parameters):
    """Counts on through the combinations; the place that changed, None at the end."""
    for place, parameter in reversed(list(enumerate(parameters))):
        if parameter.type == "ColumnOrValue":
            plain[place] = plain.get(place, 0) + 1
            if plain[place] < 5:
                return place
            plain[place] = 0
    return None


def main():
    ours = dict(line.split("\t") for line in subprocess.run([sys.argv[2]], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines())
    wrong, seen = [], set()
    for row in spark_functions.read(ROOT / "src/dataframe/functions.txt"):
        if isinstance(row, str):
            continue
        seen.add(row.name)
        for kind, parameters in (("all", row.parameters), ("few", [p for p in row.parameters if p.default is None])):
            key = f"{row.name} {len(row.parameters)} {kind}"
            theirs = SAME.get(key) or call(row, parameters)
            if key in SAME:
                continue
            if ours.get(key) != theirs:
                wrong.append(f"{key}: {ours.get(key)} instead of {theirs}")
    left_out = {name for names in LEFT_OUT.values() for name in names.split()}
    public = {name for name in pyspark.sql.functions.__all__ if name[0].islower()} | {"chr", "random", "uuid"}
    wrong += [f"{name}: PySpark has it, the table has not" for name in sorted(public - seen - left_out)]
    wrong += [f"{name}: the table has it, PySpark has not" for name in sorted(seen - public)]
    print("\n".join(wrong))
    print(f"{len(seen)} functions, {len(ours)} calls, {len(wrong)} that differ")
    sys.exit(1 if wrong or len(ours) < 900 else 0)


if __name__ == "__main__":
    main()
