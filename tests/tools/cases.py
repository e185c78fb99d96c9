"""The text format of tests/spark/**/*.test (tests/spark/README.md): reading, writing, and running a case on a Spark Connect server."""

import contextlib
import datetime
import decimal
import io
import json
import os
import re
import shutil
import signal
import tempfile

TIMEOUT = 60  # seconds a case may take
RULE = re.compile(r"^----( sorted)?$")
LEAVES_TRACES = re.compile(r"\b(create|insert|drop|use|saveAsTable|createDatabase|createGlobalTempView|createTable|setCurrentDatabase)\b", re.I)


class Case:
    """One block: how it runs, its source, Spark's answer (lines) and, when it is known to differ, ours with the reason."""

    def __init__(self, path, line, comments, kind, confs):
        self.path, self.line, self.comments, self.kind, self.confs = path, line, comments, kind, confs
        self.source, self.sorted, self.expected = [], False, None
        self.reason, self.ours = None, None

    @property
    def text(self):
        return "\n".join(self.source)

    def where(self):
        return f"{os.path.relpath(self.path)}:{self.line}"


def read(path):
    with open(path, encoding="utf-8", newline="\n") as file:
        lines = file.read().split("\n")
    cases, comments, case, part = [], [], None, None
    for number, line in enumerate(lines, 1):
        if part == "source":
            rule = RULE.match(line)
            if rule:
                case.sorted, case.expected, part = bool(rule.group(1)), [], "expected"
            else:
                case.source.append(line)
            continue
        if line == "":
            part = None if case is None or part else part
            if case is not None and part is None:
                case = None
            continue
        if part == "expected" and line.startswith("differs: "):
            case.reason, case.ours, part = line[9:], [], "ours"
        elif part == "expected":
            case.expected.append(line)
        elif part == "ours":
            case.ours.append(line)
        elif line.startswith("#"):
            comments.append(line)
        else:
            kind, *confs = line.split(" ")
            if kind not in ("sql", "python", "setup"):
                raise ValueError(f"{path}:{number}: a case begins with sql, python or setup, not '{line}'")
            case = Case(path, number, comments, kind, [c.split("=", 1) for c in confs])
            cases.append(case)
            comments, part = [], "source"
    if part == "source":
        raise ValueError(f"{path}:{case.line}: no line ---- ends the source")
    return cases


def write(path, cases):
    blocks = []
    for case in cases:
        lines = case.comments + [" ".join([case.kind] + ["=".join(c) for c in case.confs])] + case.source
        lines += ["---- sorted" if case.sorted else "----"] + (case.expected or [])
        if case.reason is not None:
            lines += [f"differs: {case.reason}"] + case.ours
        blocks.append("\n".join(lines) + "\n")
    part = f"{path}.part"
    with open(part, "w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join(blocks))
    os.replace(part, path)


def statements(text):
    """The statements of an sql or setup case: a semicolon at the end of a line ends one."""
    found = [s.strip() for s in re.split(r";\s*(?:\n|$)", text)]
    return [s for s in found if s]


def orders(case):
    """Whether the source fixes the order of the rows; only the recorder asks."""
    if case.kind == "python":
        last = case.text.rstrip().rsplit("\n", 1)[-1]
        return bool(re.search(r"\.(orderBy|sort|show|printSchema|collect)\(", last))
    last = (statements(case.text) or [""])[-1]
    if re.match(r"\s*(desc|describe|explain)\b", last, re.I):
        return True
    depth, flat, quote = 0, [], None
    for c in last:
        if quote:
            quote = None if c == quote else quote
        elif c in "'\"`":
            quote = c
        elif c == "(":
            depth += 1
        elif c == ")":
            depth -= 1
        elif depth == 0:
            flat.append(c)
    return bool(re.search(r"\border\s+by\b", "".join(flat), re.I))


# --- answers as text --------------------------------------------------------------------------------------------------


def quote(text):
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f").replace("\u2028", "\\u2028").replace("\u0085", "\\u0085")


def name_text(name):
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) else "`" + quote(name)[1:-1].replace('\\"', '"').replace("`", "``") + "`"


def type_text(data_type):
    kind = data_type.typeName()
    if kind == "array":
        return f"array<{type_text(data_type.elementType)}{'' if data_type.containsNull else ' NOT NULL'}>"
    if kind == "map":
        return f"map<{type_text(data_type.keyType)}, {type_text(data_type.valueType)}{'' if data_type.valueContainsNull else ' NOT NULL'}>"
    if kind == "struct":
        return "struct<" + ", ".join(f"{name_text(f.name)}: {type_text(f.dataType)}{'' if f.nullable else ' NOT NULL'}" for f in data_type.fields) + ">"
    return data_type.simpleString()


def schema_text(schema):
    return ", ".join(f"{name_text(f.name)} {type_text(f.dataType)}{'' if f.nullable else ' NOT NULL'}" for f in schema.fields) or "(no columns)"


def date_text(days):
    """Days since 1970 in the proleptic Gregorian calendar, any year."""
    z = days + 719468
    era, doe = divmod(z, 146097)
    yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    month = mp + 3 if mp < 10 else mp - 9
    year = yoe + era * 400 + (month <= 2)
    return f"{'-' if year < 0 else ''}{abs(year):04d}-{month:02d}-{doy - (153 * mp + 2) // 5 + 1:02d}"


def clock_text(micros):
    seconds, fraction = divmod(micros, 1_000_000)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return text + (f".{fraction:06d}".rstrip("0") if fraction else "")


def value_text(value, data_type):
    """A value of an Arrow array as `.as_py()`-free scalar and its Spark type, exactly and readably."""
    import pyarrow as pa

    if not value.is_valid:
        return "NULL"
    kind = data_type.typeName()
    if kind == "variant":
        from pyspark.sql.types import VariantVal

        fields = value.as_py()
        return "variant " + quote(VariantVal(fields["value"], fields["metadata"]).toJson())
    if kind == "array":
        return "[" + ", ".join(value_text(v, data_type.elementType) for v in value) + "]"
    if kind == "map":
        items = value.values
        return "{" + ", ".join(f"{value_text(i['key'], data_type.keyType)}: {value_text(i['value'], data_type.valueType)}" for i in struct_scalars(items)) + "}"
    if kind == "struct":
        fields = struct_fields(value)
        return "(" + ", ".join(value_text(v, f.dataType) for v, f in zip(fields, data_type.fields)) + ")"
    if kind in ("string", "char", "varchar"):
        return quote(value.as_py())
    if kind == "binary":
        return "X'" + value.as_py().hex().upper() + "'"
    if kind == "boolean":
        return "true" if value.as_py() else "false"
    if kind == "float":
        import numpy

        return str(numpy.float32(value.as_py()))
    if kind == "double":
        return repr(value.as_py())
    if kind == "decimal":
        return format(value.as_py(), "f")
    if kind == "date":
        return date_text(value.cast(pa.int32()).as_py())
    if kind in ("timestamp", "timestamp_ntz"):
        days, micros = divmod(value.cast(pa.int64()).as_py(), 86_400_000_000)
        return f"{date_text(days)} {clock_text(micros)}" + ("Z" if kind == "timestamp" else "")
    if kind == "time":
        return clock_text(value.cast(pa.int64()).as_py() // 1000)
    if kind.startswith("interval") or "interval" in data_type.simpleString():
        raw = value.as_py() if pa.types.is_interval(value.type) else None
        if raw is not None:
            return f"{raw.months} months {raw.days} days {raw.nanoseconds} ns"
        if pa.types.is_duration(value.type):
            micros = value.cast(pa.int64()).as_py()
            days, rest = divmod(abs(micros), 86_400_000_000)
            return ("-" if micros < 0 else "") + f"{days} {clock_text(rest)}"
        months = value.cast(pa.int32()).as_py()
        return ("-" if months < 0 else "") + f"{abs(months) // 12}-{abs(months) % 12}"
    return str(value.as_py())


def struct_scalars(array):
    keys, items = array.field(0), array.field(1)
    return [{"key": keys[i], "value": items[i]} for i in range(len(array))]


def struct_fields(value):
    return [value[i] for i in range(len(value.type))] if len(value.type) else []


def table_lines(table, schema):
    columns = [table.column(i) for i in range(table.num_columns)]
    types = [f.dataType for f in schema.fields]
    return [" | ".join(value_text(c[i], t) for c, t in zip(columns, types)) for i in range(table.num_rows)]


def error_lines(error, folder):
    from pyspark.errors import PySparkException

    if not isinstance(error, PySparkException):
        return [f"error {type(error).__name__}"]
    condition, state, parameters, contexts = None, None, {}, []
    with contextlib.suppress(Exception):
        condition = error.getCondition()
    with contextlib.suppress(Exception):
        state = error.getSqlState()
    with contextlib.suppress(Exception):
        parameters = error.getMessageParameters() or {}
    with contextlib.suppress(Exception):
        contexts = error.getQueryContext() or []
    shown = {k: plain(str(v), folder) for k, v in sorted(parameters.items())}
    lines = [" ".join(["error", str(condition), str(state), type(error).__name__, json.dumps(shown, ensure_ascii=False)])]
    for context in contexts:
        with contextlib.suppress(Exception):
            if context.contextType().name == "SQL":
                lines.append(f"at {context.startIndex()}-{context.stopIndex()} {quote(context.fragment())}")
            else:
                lines.append(f"in {context.fragment()}")
    return lines


def plain(text, folder):
    """Without what changes from run to run: the temporary folder, identifiers of expressions and files."""
    text = re.sub(r"#\d+L?\b", "#n", text.replace(folder, "$DIR"))
    return re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "$UUID", text)


# --- running ----------------------------------------------------------------------------------------------------------


class Timeout(Exception):
    pass


@contextlib.contextmanager
def limit(seconds):
    def expire(*_):
        raise Timeout(f"no answer within {seconds} s")

    before = signal.signal(signal.SIGALRM, expire)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


class Runner:
    """Runs the cases of one file, in their order, in one session."""

    def __init__(self, remote, check_schema=False):
        from pyspark.sql import SparkSession

        self.spark = SparkSession.builder.remote(remote).create()
        if check_schema:  # a test of ours: a server that died shall be seen at once
            self.spark.client.set_retry_policies([])
        self.check_schema = check_schema
        self.folder = tempfile.mkdtemp(prefix="spark-case-")
        self.traces = False

    def close(self):
        with contextlib.suppress(Exception):
            if self.traces:
                self.clean()
        with contextlib.suppress(Exception):
            self.spark.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def clean(self):
        """Leaves the server's shared catalog as it was: no table, no database, no global view."""
        run = lambda text: self.spark.sql(text).collect()
        for row in run("SHOW DATABASES"):
            if row[0] != "default":
                run(f"DROP DATABASE IF EXISTS `{row[0]}` CASCADE")
        run("USE default")
        for row in run("SHOW VIEWS IN default"):
            if not row["isTemporary"]:
                run(f"DROP VIEW IF EXISTS default.`{row['viewName']}`")
        for row in run("SHOW TABLES IN default"):
            if not row["isTemporary"]:
                run(f"DROP TABLE IF EXISTS default.`{row['tableName']}`")
        for row in run("SHOW VIEWS IN global_temp"):
            if row["namespace"] == "global_temp":
                run(f"DROP VIEW IF EXISTS global_temp.`{row['viewName']}`")

    def answer(self, case):
        """The lines of the answer. Rows come in the server's order."""
        self.traces = self.traces or bool(LEAVES_TRACES.search(case.text))
        before, self.message = {}, ""
        try:
            with limit(TIMEOUT):
                for key, value in case.confs:
                    before[key] = self.spark.conf.get(key, None)
                    self.spark.conf.set(key, value)
                return [], self.python(case) if case.kind == "python" else self.sql(case)
        except Timeout as error:
            return [f"error {error}"], []
        except Exception as error:
            self.message = str(error)
            return error_lines(error, self.folder), []
        finally:
            with contextlib.suppress(Exception):
                for key, value in before.items():
                    self.spark.conf.unset(key) if value is None else self.spark.conf.set(key, value)

    def lines(self, case):
        """The answer as it stands in the file, but for the order of the rows: (head lines, row lines)."""
        failed, found = self.answer(case)
        return (failed, []) if failed else found

    def sql(self, case):
        frame = None
        for statement in statements(case.text.replace("$DIR", self.folder)):
            frame = self.spark.sql(statement)
        return self.frame_lines(frame) if case.kind == "sql" else ([], [])

    def frame_lines(self, frame):
        table, schema = frame._to_table()
        if self.check_schema and schema_text(frame.schema) != schema_text(schema):
            return [f"AnalyzePlan says {schema_text(frame.schema)}, ExecutePlan {schema_text(schema)}"], []
        rows = [line.replace(self.folder, "$DIR") for line in table_lines(table, schema)]
        return [self.plain(schema_text(schema))], rows

    def plain(self, text):
        return plain(text, self.folder)

    def python(self, case):
        import ast

        from pyspark.sql import DataFrame, Row, Window, functions, types

        names = {"spark": self.spark, "F": functions, "T": types, "Row": Row, "Window": Window, "Decimal": decimal.Decimal,
                 "datetime": datetime, "tmp": self.folder, "os": os}
        shutil.rmtree(self.folder)
        os.mkdir(self.folder)
        tree = ast.parse(case.text)
        last = ast.Expression(tree.body.pop().value) if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(tree, "case", "exec"), names)
            value = eval(compile(last, "case", "eval"), names) if last is not None else None
        head = [f"> {line}".rstrip() for line in self.plain(printed.getvalue()).rstrip("\n").split("\n")] if printed.getvalue() else []
        if isinstance(value, DataFrame):
            more, rows = self.frame_lines(value)
            return head + more, rows
        if value is not None:
            head += [f"= {line}" for line in self.plain(repr(value)).split("\n")]
        return head, []


def files(arguments, folder):
    found = []
    for argument in arguments or [folder]:
        if os.path.isdir(argument):
            for root, _, names in os.walk(argument):
                found += [os.path.join(root, n) for n in names if n.endswith(".test")]
        else:
            found.append(argument)
    return sorted(found)
