#!/usr/bin/env python3
"""Compares random tables and holds every answer against one computed here in plain Python, exactly.

    properties.py PROGRAM [--seed N] [--rounds N] [--seconds N] [--keep FOLDER]

A failure prints its seed and round; `--seed N --rounds 1` runs that round again."""

import argparse
import collections
import datetime
import decimal
import fractions
import glob
import json
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

import pyarrow as pa
import pyarrow.parquet as pq

EPOCH = datetime.datetime(1970, 1, 1)
NAMES = ["a", "b", "c", "d e", "ü", "select", "x.y", "G"]
TEXTS = ["", "a", "A", "ab", "a,b", 'q"uote', "li\nne", " pad ", "é", "e\u0301", "😀", "NULL", "007", "7", "x" * 300, "\\N", "#", "'", ";"]


# --- random values ------------------------------------------------------------------------------------------------


def small_or_edge(rng, edges, small):
    return rng.choice(edges) if rng.random() < 0.2 else small()


class Kind:
    def __init__(self, name, arrow, make, csv=None, key=True):
        self.name, self.arrow, self.make, self.csv, self.key = name, arrow, make, csv, key


def integer(name, arrow, bits):
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    return Kind(name, arrow, lambda r: small_or_edge(r, [low, high, 0, -1], lambda: r.randint(0, 5)), str)


def floating(name, arrow, round_to):
    edges = [0.0, -0.0, math.nan, math.inf, -math.inf, 1e30, -1e-30]
    return Kind(name, arrow, lambda r: round_to(small_or_edge(r, edges, lambda: r.randint(-4, 4) / 4)), None)


def decimals(precision, scale):
    top = 10**precision - 1
    return Kind(
        f"decimal({precision},{scale})",
        pa.decimal128(precision, scale),
        lambda r: decimal.Decimal(small_or_edge(r, [top, -top, 0, 1], lambda: r.randint(-5, 5))).scaleb(-scale, decimal.Context(prec=60)),
        lambda v: format(v, "f"),
    )


def binary32(value):
    return pa.scalar(value, pa.float32()).as_py() if math.isfinite(value) else value


def days(r):
    return small_or_edge(r, [-719162, 2932896, 0, -141428], lambda: 18000 + r.randint(0, 4))


def micros(r):
    return small_or_edge(r, [-62135596800 * 10**6, 253402300799999999, 0, -1], lambda: 1577836800000000 + r.randint(0, 3) * 500000)


def text_of_micros(v):
    return (EPOCH + datetime.timedelta(microseconds=v)).isoformat(" ")


TEXT = Kind("string", pa.string(), lambda r: r.choice(TEXTS), lambda v: v)
ATOMS = [
    integer("byte", pa.int8(), 8),
    integer("short", pa.int16(), 16),
    integer("integer", pa.int32(), 32),
    integer("long", pa.int64(), 64),
    floating("double", pa.float64(), float),
    floating("float", pa.float32(), binary32),
    decimals(5, 2),
    decimals(38, 10),
    Kind("boolean", pa.bool_(), lambda r: r.random() < 0.5, lambda v: "true" if v else "false"),
    TEXT,
    Kind("binary", pa.binary(), lambda r: r.choice([b"", b"\0", b"\xff\xfe", b"abc"])),
    Kind("date", pa.date32(), days, lambda v: str((EPOCH + datetime.timedelta(days=v)).date())),
    Kind("timestamp", pa.timestamp("us", "UTC"), micros, text_of_micros),
    Kind("timestamp_ntz", pa.timestamp("us"), micros, text_of_micros),
]


def maybe(rng, make, chance=0.15):
    return None if rng.random() < chance else make(rng)


def nested(rng, depth=0):
    """A list, struct or map over atoms or, less often, over another."""
    inner = nested(rng, depth + 1) if depth < 2 and rng.random() < 0.3 else rng.choice(ATOMS)
    shape = rng.choice(["list", "struct", "map"])
    if shape == "list":
        return Kind(f"array<{inner.name}>", pa.list_(inner.arrow), lambda r: [maybe(r, inner.make) for _ in range(r.randint(0, 3))], key=False)
    if shape == "struct":
        other = rng.choice(ATOMS)
        arrow = pa.struct([("p", inner.arrow), ("q", other.arrow)])
        return Kind("struct", arrow, lambda r: {"p": maybe(r, inner.make), "q": maybe(r, other.make)}, key=False)
    keys = rng.choice([k for k in ATOMS if k.name in ("integer", "string", "date")])
    arrow = pa.map_(keys.arrow, inner.arrow)
    return Kind("map", arrow, lambda r: list({keys.make(r): maybe(r, inner.make) for _ in range(r.randint(0, 3))}.items()), key=False)


# --- the independent answer -------------------------------------------------------------------------------------------


def canonical(value, arrow):
    """Equal for two values exactly when they are the same to a comparison."""
    if value is None:
        return None
    if pa.types.is_floating(arrow):
        if math.isnan(value):
            return "NaN"
        return str(value) if math.isinf(value) else fractions.Fraction(value)
    if pa.types.is_integer(arrow) or pa.types.is_decimal(arrow):
        return fractions.Fraction(value)
    if pa.types.is_map(arrow):
        return ("map", frozenset((canonical(k, arrow.key_type), canonical(v, arrow.item_type)) for k, v in value))
    if pa.types.is_list(arrow):
        return ("list", tuple(canonical(v, arrow.value_type) for v in value))
    if pa.types.is_struct(arrow):
        return ("struct", tuple((f.name, canonical(value[f.name], f.type)) for f in arrow))
    return value


class Rules:
    """What a comparison overlooks."""

    def __init__(self, rng=None, columns=(), keys=(), unique=False):
        self.ignored, self.tolerance, self.flags = set(), None, set()
        if rng is None:
            return
        free = [n for n, _ in columns if n not in keys]
        if len(columns) > 1 and free and rng.random() < 0.4:
            self.ignored = {rng.choice(free)}
        if keys and unique and rng.random() < 0.5 and any(is_number(k.arrow) for n, k in columns if n in free):
            self.tolerance = fractions.Fraction(1, 4)
        self.flags = {f for f in ("--ignore-case", "--trim", "--empty-is-null") if rng.random() < 0.3}

    def options(self):
        found = sorted(self.flags) + [w for n in sorted(self.ignored) for w in ("--ignore", n)]
        return found + (["--tolerance", "0.25"] if self.tolerance else [])

    def text(self, value):
        if "--ignore-case" in self.flags:
            value = value.lower()
        if "--trim" in self.flags:
            value = value.strip()
        return None if value == "" and "--empty-is-null" in self.flags else value

    def near(self, left, right, arrow):
        if left == right:
            return True
        numbers = isinstance(left, fractions.Fraction) and isinstance(right, fractions.Fraction)
        return bool(self.tolerance) and is_number(arrow) and numbers and abs(left - right) <= self.tolerance


def is_number(arrow):
    return pa.types.is_integer(arrow) or pa.types.is_floating(arrow) or pa.types.is_decimal(arrow)


def rows_of(table, rules=Rules()):
    """The rows of a side with canonical values, as tuples."""
    columns = [(i, k.arrow) for i, (n, k) in enumerate(table.columns) if n not in rules.ignored]

    def cell(value, arrow):
        value = canonical(value, arrow)
        return rules.text(value) if isinstance(value, str) and pa.types.is_string(arrow) else value

    return [tuple(cell(row[i], arrow) for i, arrow in columns) for row in table.rows]


def unique_keys(table, keys):
    at = [i for i, (n, _) in enumerate(table.columns) if n in keys]
    rows = [tuple(str(rules_free[i]).lower().strip() for i in at) for rules_free in rows_of(table)]
    return len(set(rows)) == len(rows)


def compare(left, right, keys, rules=Rules()):
    """Counts by pairing equal rows first and, under one key, any rows that stay."""
    l, r = collections.Counter(rows_of(left, rules)), collections.Counter(rows_of(right, rules))
    names = [n for n, _ in left.columns if n not in rules.ignored]
    if rules.tolerance:  # keys are unique: each near row of the right takes the exact form of its partner
        arrows = [k.arrow for n, k in left.columns if n not in rules.ignored]
        key_of = lambda row: tuple(row[names.index(k)] for k in keys)
        partners = {key_of(row): row for row in l}
        near = lambda row, other: all(a == b if n in keys else rules.near(a, b, t) for a, b, n, t in zip(row, other, names, arrows))
        r = collections.Counter(partners[key_of(row)] if key_of(row) in partners and near(row, partners[key_of(row)]) else row for row in r.elements())
    equal = sum((l & r).values())
    if not keys:
        return dict(equal=equal, changed=0, left_only=sum((l - r).values()), right_only=sum((r - l).values()))
    at = [names.index(k) for k in keys]
    by_key = collections.defaultdict(lambda: [0, 0])
    for side, rest in enumerate((l - r, r - l)):
        for row, count in rest.items():
            by_key[tuple(row[i] for i in at)][side] += count
    changed = sum(min(pair) for pair in by_key.values())
    out = dict(equal=equal, changed=changed)
    for side, name in enumerate(("left_only", "right_only")):
        out[name] = sum(pair[side] for pair in by_key.values()) - changed
    for name, rows in (("left", l), ("right", r)):
        occurs = collections.Counter()
        for row, count in rows.items():
            occurs[tuple(row[i] for i in at)] += count
        out[f"{name}_duplicate_keys"] = sum(c > 1 for c in occurs.values())
        out[f"{name}_duplicate_rows"] = sum(c for c in occurs.values() if c > 1)
    return out


# --- files ------------------------------------------------------------------------------------------------------------


class Table:
    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows

    def arrow(self):
        arrays = [pa.array([row[i] for row in self.rows], k.arrow) for i, (_, k) in enumerate(self.columns)]
        return pa.Table.from_arrays(arrays, schema=pa.schema([pa.field(n, k.arrow) for n, k in self.columns]))


def quoted(text, always):
    if always or text == "" or any(c in text for c in '",\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def write_csv(path, table, rng):
    with open(path, "w", encoding="utf-8", newline="") as out:
        end = rng.choice(["\n", "\r\n"])
        out.write(",".join(quoted(n, rng.random() < 0.2) for n, _ in table.columns) + end)
        for row in table.rows:
            cells = ["" if v is None else quoted(k.csv(v), rng.random() < 0.2) for v, (_, k) in zip(row, table.columns)]
            if len(cells) == 1 and not cells[0]:
                cells = ["@null@"]  # an empty line is no record
            out.write(",".join(cells) + end)


def write_parquet(path, table, rng):
    pq.write_table(
        table.arrow(),
        path,
        row_group_size=rng.choice([1, 3, 1000]),
        compression=rng.choice(["none", "snappy", "zstd"]),
        use_dictionary=rng.random() < 0.5,
    )


def json_value(value, arrow):
    if value is None:
        return None
    if pa.types.is_timestamp(arrow):
        return text_of_micros(value) + ("Z" if arrow.tz else "")
    if pa.types.is_date(arrow):
        return str((EPOCH + datetime.timedelta(days=value)).date())
    if pa.types.is_list(arrow) and not pa.types.is_map(arrow):
        return [json_value(v, arrow.value_type) for v in value]
    if pa.types.is_struct(arrow):
        return {f.name: json_value(value[f.name], f.type) for f in arrow}
    return value


def write_json(path, table, rng):
    with open(path, "w", encoding="utf-8") as out:
        for row in table.rows:
            members = [(n, json_value(v, k.arrow)) for v, (n, k) in zip(row, table.columns) if v is not None or rng.random() < 0.5]
            rng.shuffle(members)
            out.write(json.dumps(dict(members), ensure_ascii=rng.random() < 0.5) + "\n")


WRITERS = {"csv": write_csv, "parquet": write_parquet, "json": write_json}


def write(folder, name, fmt, table, rng, pieces):
    """One file, or a folder of several whose order is the table's."""
    if pieces == 1:
        path = os.path.join(folder, f"{name}.{fmt}")
        WRITERS[fmt](path, table, rng)
        return path
    path = os.path.join(folder, name)
    os.makedirs(path)
    cuts = sorted(rng.randint(0, len(table.rows)) for _ in range(pieces - 1))
    for i, (a, b) in enumerate(zip([0] + cuts, cuts + [len(table.rows)])):
        WRITERS[fmt](os.path.join(path, f"part-{i:03}.{fmt}"), Table(table.columns, table.rows[a:b]), rng)
    return path


def spark_schema(columns):
    return {"type": "struct", "fields": [{"name": n, "type": k.name, "nullable": True, "metadata": {}} for n, k in columns]}


def formats_for(columns):
    found = ["parquet"]
    kinds = [k for _, k in columns]
    if all(k.csv and k.name not in ("binary",) for k in kinds):
        found.append("csv")
    if all(k.name in ("integer", "long", "boolean", "string", "date", "timestamp", "short", "byte") for k in kinds):
        found.append("json")
    return found


# --- one round --------------------------------------------------------------------------------------------------------


class Failure(Exception):
    pass


def random_tables(rng):
    count = rng.randint(1, 5)
    names = rng.sample(NAMES, count)
    kinds = [rng.choice(ATOMS) if rng.random() < 0.8 else nested(rng) for _ in names]
    if rng.random() < 0.4:
        kinds = [rng.choice([k for k in ATOMS if k.csv]) for _ in names]
    columns = list(zip(names, kinds))
    size = rng.choice([0, 1, 2, 5, 30, 30, 200])
    new_row = lambda: tuple(maybe(rng, k.make) for _, k in columns)
    left = [new_row() for _ in range(size)]
    right = list(left)
    for _ in range(rng.choice([0, 1, 3, size // 4, size])):  # edits of every kind
        action = rng.random()
        if right and action < 0.25:
            right.pop(rng.randrange(len(right)))
        elif right and action < 0.4:
            right.append(rng.choice(right))
        elif right and action < 0.8:
            at, column = rng.randrange(len(right)), rng.randrange(count)
            row = list(right[at])
            row[column] = maybe(rng, columns[column][1].make)
            right[at] = tuple(row)
        else:
            right.append(new_row())
    if rng.random() < 0.6:
        rng.shuffle(right)
    return Table(columns, left), Table(columns, right)


class Program:
    def __init__(self, path, folder):
        self.path, self.folder, self.log = path, folder, []

    def run(self, *words, codes=(0, 1)):
        words = [str(w) for w in words]
        done = subprocess.run([self.path] + words, capture_output=True, timeout=120, cwd=self.folder)
        self.log.append(words)
        if done.returncode not in codes:
            raise Failure(f"exit {done.returncode}: {done.stderr.decode('utf-8', 'replace')[:2000]}")
        return done

    def diff(self, *words):
        done = self.run("diff", *words, "--json")
        document = json.loads(done.stdout)
        document["exit"] = done.returncode
        return document


def counts(document, keyed):
    out = {"equal": document["equal"], "changed": document["changed"]}
    for side in ("left", "right"):
        out[f"{side}_only"] = document[side]["only"]
        if keyed:
            out[f"{side}_duplicate_keys"] = document[side]["duplicate_keys"]
            out[f"{side}_duplicate_rows"] = document[side]["duplicate_rows"]
    return out


def expect(what, expected, actual):
    if expected != actual:
        raise Failure(f"{what}: expected {expected}, got {actual}")


def content(folder):
    return [open(p, "rb").read() for p in sorted(glob.glob(os.path.join(folder, "part-*")))]


def round_of(seed, path, folder):
    rng = random.Random(seed)
    program = Program(path, folder)
    left, right = random_tables(rng)
    usable = [n for n, k in left.columns if k.key]
    keys = rng.sample(usable, rng.randint(1, min(3, len(usable)))) if usable and rng.random() < 0.7 else []
    formats = formats_for(left.columns)
    fmt = [rng.choice(formats), rng.choice(formats)]
    paths = [write(folder, n, f, t, rng, rng.choice([1, 1, 1, 3])) for n, f, t in (("l", fmt[0], left), ("r", fmt[1], right))]
    options = []
    for key in keys:
        options += ["--key", key]
    with open(os.path.join(folder, "schema.json"), "w", encoding="utf-8") as out:
        json.dump(spark_schema(left.columns), out)
    for side, f in zip(("left", "right"), fmt):
        if f != "parquet":
            options += [f"--{side}-schema", "schema.json"]
        if f == "csv":  # with a text for NULL, an empty quoted field is an empty string: what the writer above means
            options += [f"--{side}-null-string", "@null@"]

    try:
        expected = compare(left, right, keys)
        plain = program.diff(*paths, *options)
        expect("counts", expected, counts(plain, bool(keys)))
        for side, table in (("left", left), ("right", right)):
            expect(f"rows of {side}", len(table.rows), plain[side]["rows"])
            expect(f"malformed rows of {side}", 0, plain[side]["malformed_rows"])
        differs = any(v for k, v in expected.items() if k in ("changed", "left_only", "right_only"))
        expect("exit code", int(differs), plain["exit"])

        rules = Rules(rng, left.columns, keys, unique_keys(left, keys) and unique_keys(right, keys))
        if rules.options():
            loose = compare(left, right, keys, rules)
            expect(f"counts with {rules.options()}", loose, counts(program.diff(*paths, *options, *rules.options()), bool(keys)))
            expect(f"counts with {rules.options()} without discarding", loose, counts(program.diff(*paths, *options, *rules.options(), "--no-discard"), bool(keys)))

        mirrored = program.diff(paths[1], paths[0], *[o.replace("--left-", "--x-").replace("--right-", "--left-").replace("--x-", "--right-") for o in options])
        swapped = {k.replace("left", "x").replace("right", "left").replace("x", "right"): v for k, v in expected.items()}
        expect("exchanged sides", swapped, counts(mirrored, bool(keys)))

        bare = [o for i, o in enumerate(options) if not o.startswith("--right-") and (i == 0 or not options[i - 1].startswith("--right-"))]
        same = [o.replace("--left-", "--") for o in bare]
        itself = program.diff(paths[0], paths[0], *same)
        expect("a table against itself", (0, len(left.rows)), (itself["exit"], itself["equal"]))

        expect("without discarding", expected, counts(program.diff(*paths, *options, "--no-discard"), bool(keys)))

        outputs = []
        layout = rng.choice(["changes", "diffit", "side-by-side", "patch"])
        out_format = rng.choice(["parquet", "csv", "json"]) if not any(not k.key for _, k in left.columns) else "parquet"
        if layout == "patch":
            out_format = "parquet"
        write_options = ["--layout", layout, "--output-format", out_format]
        for threads in (1, 2, 4):
            program.run("diff", *paths, *options, "--threads", threads, "--output", f"out{threads}", *write_options)
            outputs.append(content(os.path.join(folder, f"out{threads}")))
        split = [write(folder, f"{n}.split", f, t, rng, 3) for n, f, t in (("l", fmt[0], left), ("r", fmt[1], right))]
        if all(f != "csv" or len(t.rows) > 0 for f, t in zip(fmt, (left, right))):
            program.run("diff", *split, *options, "--output", "outs", *write_options)
            outputs.append(content(os.path.join(folder, "outs")))
        program.run("diff", *paths, *options, "--no-discard", "--output", "outn", *write_options)
        outputs.append(content(os.path.join(folder, "outn")))
        for i, other in enumerate(outputs):
            if other != outputs[0]:
                raise Failure(f"output {i} of {layout} as {out_format} is not byte-identical to the first (threads 1, 2, 4, split, no discarding)")

        program.run("diff", *paths, *options, "--output", "patch", "--layout", "patch")
        program.run("patch", paths[0], "patch", "--output", "patched", "--output-format", "parquet", *[o.replace("--left-", "--") for o in bare if not o == "--key" and o not in keys], codes=(0,))
        files = sorted(glob.glob(os.path.join(folder, "patched", "part-*.parquet")))
        rows = [tuple(canonical(v, k.arrow) for v, (_, k) in zip(row, right.columns)) for row in patched_rows(files, right.columns)]
        expect("rows that the patch gives back", collections.Counter(rows_of(right)), collections.Counter(rows))
    except (Failure, json.JSONDecodeError, subprocess.TimeoutExpired, KeyError) as failure:
        last = program.log[-1] if program.log else []
        raise Failure(f"{failure}\ncolumns {[(n, str(k.arrow)) for n, k in left.columns]}, key {keys}, formats {fmt}\nlast: tinderbox {' '.join(map(repr, last))}") from failure


def patched_rows(files, columns):
    for path in files:
        table = pq.read_table(path)
        for name, kind in columns:
            if pa.types.is_date(kind.arrow) or pa.types.is_timestamp(kind.arrow):
                at = table.schema.get_field_index(name)
                table = table.set_column(at, name, table.column(at).cast(pa.int32() if pa.types.is_date(kind.arrow) else pa.int64()))
        arrays = [plain_times(table.column(n), k) for n, k in columns]
        yield from zip(*arrays)


def plain_times(column, kind):
    """Python values in which times are numbers, at any depth, as the tables here have them."""
    if not kind.key:
        return [as_numbers(v, kind.arrow) for v in column.to_pylist()]
    return column.to_pylist()


def as_numbers(value, arrow):
    if value is None:
        return None
    if pa.types.is_date(arrow):
        return (value - EPOCH.date()).days
    if pa.types.is_timestamp(arrow):
        delta = value.replace(tzinfo=None) - EPOCH
        return (delta.days * 86400 + delta.seconds) * 10**6 + delta.microseconds
    if pa.types.is_map(arrow):
        return [(as_numbers(k, arrow.key_type), as_numbers(v, arrow.item_type)) for k, v in value]
    if pa.types.is_list(arrow):
        return [as_numbers(v, arrow.value_type) for v in value]
    if pa.types.is_struct(arrow):
        return {f.name: as_numbers(value[f.name], f.type) for f in arrow}
    return value


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program")
    arguments.add_argument("--seed", type=int, default=None)
    arguments.add_argument("--rounds", type=int, default=10**9)
    arguments.add_argument("--seconds", type=float, default=75)
    arguments.add_argument("--keep", help="leave the files of a failed round here")
    arguments.add_argument("--all", action="store_true", help="go on after a failure")
    options = arguments.parse_args()
    program = os.path.abspath(options.program)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**9)
    print(f"seed {seed}", flush=True)
    start, done, failed = time.monotonic(), 0, 0
    while done < options.rounds and time.monotonic() - start < options.seconds:
        folder = tempfile.mkdtemp(prefix="tinderbox-property-")
        try:
            round_of(seed + done, program, folder)
        except Failure as failure:
            failed += 1
            print(f"FAILED, repeat with --seed {seed + done} --rounds 1\n{failure}\n", flush=True)
            if options.keep:
                shutil.copytree(folder, options.keep, dirs_exist_ok=True)
            if not options.all:
                return 1
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        done += 1
    print(f"{done - failed} of {done} rounds hold")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
