"""The benchmark's tables: made once, kept in the cache, with what a comparison has to find."""

import json
import os
import sys
import time

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet as pq

from bench import CASES

VARIANTS = {  # name: share of rows changed, of rows deleted and of rows inserted; are the rows in another order?
    "mostly-equal": (0.0001, 0.00001, False),
    "1-percent": (0.01, 0.001, False),
    "all-changed": (1.0, 0.0, False),
    "shuffled": (0.0001, 0.00001, True),
}
WORDS = np.array(["amber", "basalt", "cedar", "delta", "ember", "flint", "garnet", "harbor", "indigo", "juniper", "kestrel", "larch"])
VERSION = 1  # of what is written here; another one is made anew


def whole(rng, n):
    return pa.array(rng.integers(0, 2_000_000, n, dtype=np.int64))


def number(rng, n):
    return pa.array(np.round(rng.normal(5000, 2000, n), 4))


def word(rng, n):
    pick = lambda: WORDS[rng.integers(0, len(WORDS), n)]
    return pa.array(np.char.add(np.char.add(pick(), "-"), pick()))


def day(rng, n):
    return pa.array(rng.integers(10_000, 20_000, n).astype("datetime64[D]"))


def label(rng, n):
    return pa.array(np.char.add("customer number ", rng.integers(0, 10_000_000, n).astype(str)))


def big(rng, n):
    return pa.array(rng.integers(0, 2**60, n, dtype=np.int64))


def real(rng, n):
    return pa.array(rng.normal(0, 1, n))


def make(rows, columns, fmt, rng):
    if fmt == "parquet":  # about 50 bytes a row that do not compress
        kinds = [big, big, real, real, real, word, day, number, whole]
    elif columns == 10:
        kinds = [whole, number, word, day, label, big, number, word, whole]
    else:
        kinds = [whole, number, word, day, label]
    table = {"id": pa.array(np.arange(rows, dtype=np.int64) * 3 + 1)}
    for i in range(columns - 1):
        table[f"c{i + 1:02}"] = kinds[i % len(kinds)](rng, rows)
    return pa.table(table)


def edit(left, changed_share, moved_share, shuffled, rng):
    """RIGHT, and what a comparison by id has to find."""
    rows = left.num_rows
    order = rng.permutation(rows)
    changed = np.sort(order[: round(rows * changed_share)])
    moved = round(rows * moved_share)
    deleted = np.sort(order[rows - moved :]) if moved else np.array([], dtype=np.int64)
    table = left
    numeric = [c for c in left.column_names[1:] if pa.types.is_integer(left.schema.field(c).type) or pa.types.is_floating(left.schema.field(c).type)]
    which = rng.integers(0, len(numeric), len(changed))
    for i, name in enumerate(numeric):  # each changed row differs in one column
        values = table[name].to_numpy().copy()
        values[changed[which == i]] += 1
        table = table.set_column(table.column_names.index(name), name, pa.array(values, left.schema.field(name).type))
    keep = np.ones(rows, dtype=bool)
    keep[deleted] = False
    fresh = left.slice(0, moved).set_column(0, "id", pa.array(np.arange(moved, dtype=np.int64) * 3 + 2))
    table = pa.concat_tables([fresh, table.filter(pa.array(keep))]).combine_chunks()
    if shuffled:
        table = table.take(pa.array(rng.permutation(table.num_rows)))
    else:
        table = table.take(pa.compute.sort_indices(table, [("id", "ascending")]))
    return table, {"left_rows": rows, "right_rows": table.num_rows, "changed": len(changed), "left_only": moved, "right_only": moved}


def write(table, path):
    part = path + ".part"
    if path.endswith(".csv"):
        pyarrow.csv.write_csv(table, part, pyarrow.csv.WriteOptions(quoting_style="needed"))
    else:
        pq.write_table(table, part, compression="snappy", row_group_size=1_000_000)
    os.rename(part, path)


def prepare(cache, case, variant):
    """Paths of LEFT and RIGHT, and the truth."""
    rows, columns, fmt = CASES[case]
    folder = os.path.join(cache, "data", f"v{VERSION}", case)
    left, right, truth = (os.path.join(folder, name) for name in (f"left.{fmt}", f"{variant}.{fmt}", f"{variant}.json"))
    if not os.path.exists(truth):
        os.makedirs(folder, exist_ok=True)
        start = time.monotonic()
        print(f"    making {case} {variant} …", end="", flush=True, file=sys.stderr)
        table = make(rows, columns, fmt, np.random.default_rng(7))
        if not os.path.exists(left):
            write(table, left)
        changed, moved, shuffled = VARIANTS[variant]
        if rows < 1000:
            changed, moved = max(changed, 2 / rows), 1 / rows if changed < 1 else 0
        other, found = edit(table, changed, moved, shuffled, np.random.default_rng(11))
        write(other, right)
        with open(truth, "w") as out:
            json.dump(found, out)
        print(f" {time.monotonic() - start:.0f} s, {os.path.getsize(left) / 1e6:.0f} MB a side", file=sys.stderr)
    with open(truth) as source:
        return left, right, json.load(source)


if __name__ == "__main__":
    print(json.dumps(prepare(*sys.argv[1:4])))
