"""The diff on a real cluster: Tinderbox against diffit's own plan in PySpark, both through one Spark Connect server.

    ./dev bench cluster [--rows 10000000] [--case mostly-equal|hot-key] [--workers 2] [--memory 2g] [--rounds 3]

The tables (ten columns, Parquet) are made by the embedded engine. "hot-key" gives every row of both sides one key and, but for a few, the same
values. Times are wall times of a running cluster, in turns, the median is shown; shuffle bytes are Spark's own count. The embedded engine
reads the same files afterwards. Every answer is checked. Only ratios within one run say something.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request

from own_cluster import OwnCluster

# LEFT has ids 0 to rows; of RIGHT every 10,000th is changed, every 100,000th missing and as many are new.
MAKE = """
import sys
from pyspark.sql import SparkSession, functions as F
rows, case, folder = int(sys.argv[1]), sys.argv[2], sys.argv[3]
spark = SparkSession.builder.appName("make").getOrCreate()
def columns(id):
    h = lambda n: F.xxhash64(id, F.lit(n))
    return [id.alias("id") if case != "hot-key" else F.lit(1).cast("long").alias("id"),
            *([(h(1) % 1000000).alias("c1"), (h(2) % 100000 / 100.0).alias("c2"),
               F.concat(F.lit("customer "), (h(3) % 10000000).cast("string")).alias("c3"),
               F.date_add(F.lit("2020-01-01").cast("date"), (h(4) % 1000).cast("int")).alias("c4"), h(5).alias("c5"),
               (h(6) / 1e9).alias("c6"), F.concat_ws("-", (h(7) % 97).cast("string"), (h(8) % 89).cast("string")).alias("c7"),
               (h(9) % 1000).cast("int").alias("c8")] if case != "hot-key" else
              [F.lit(n).cast("long").alias(f"c{n}") for n in range(1, 9)])]
id = F.col("id")
left = spark.range(0, rows, 1, 16)
left.select(*columns(id), F.lit(0).alias("c9")).write.mode("overwrite").parquet(folder + "/left")
right = left.filter(id % 100000 != 77777).union(spark.range(rows, rows + len(range(77777, rows, 100000))))
right.select(*columns(id), F.when((id % 10000 == 5) & (id < rows), 1).otherwise(0).alias("c9")).write.mode("overwrite").parquet(folder + "/right")
"""

# What diffit 0.1.5 does with two data frames; its answer is sets of rows.
DIFFIT = """
import json, sys, time
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.remote(sys.argv[2]).create()
left, right = (spark.read.parquet(sys.argv[1] + side) for side in ("/left", "/right"))
left.limit(1).collect()
begin = time.monotonic()
symmetric = left.union(right).subtract(left.intersect(right))
rows = left.intersect(symmetric).withColumn("diffit_ref", F.lit("left")).union(
    right.intersect(symmetric).withColumn("diffit_ref", F.lit("right")))
found = {row["diffit_ref"]: row["count"] for row in rows.groupBy("diffit_ref").count().collect()}
print(json.dumps({"seconds": time.monotonic() - begin, "left": found.get("left", 0), "right": found.get("right", 0)}))
"""


def shuffled(ui):
    """Bytes written to shuffles so far."""
    ask = lambda path: json.load(urllib.request.urlopen(f"{ui}/api/v1/applications{path}", timeout=60))
    return sum(stage["shuffleWriteBytes"] for stage in ask(f"/{ask('')[0]['id']}/stages"))


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write(text)
    return path


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("cache")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--case", choices=["mostly-equal", "hot-key"], default="mostly-equal")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--memory", default="2g")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    folder = os.path.join(options.cache, "cluster")
    data = os.path.join(folder, f"{options.case}-{options.rows}")
    os.makedirs(folder, exist_ok=True)
    changed, moved = len(range(5, options.rows, 10_000)), len(range(77_777, options.rows, 100_000))
    # Rows of one key pair by their values, so that none of them is on one side only; as sets the sides differ in one row.
    expected, as_sets = ([changed, moved, moved], [changed + moved] * 2) if options.case == "mostly-equal" else ([changed, 0, 0], [0, 1])

    with OwnCluster(options.program, folder) as cluster:
        cluster.up("--workers", str(options.workers), "--worker-memory", options.memory, "--set", f"executor.memory={options.memory}")
        ui, url = f"http://127.0.0.1:{cluster.port('connect', 'ui')}", f"sc://127.0.0.1:{cluster.port('connect', 'rpc')}"
        if not os.path.exists(os.path.join(data, "made")):
            print(f"    making {data} …", flush=True)
            shutil.rmtree(data, ignore_errors=True)
            os.makedirs(data)
            cluster.run("submit", "--on", "embedded", write(folder, "make.py", MAKE), str(options.rows), options.case, data)
            open(os.path.join(data, "made"), "w").close()

        def tinderbox(*where):
            begin = time.monotonic()
            done = subprocess.run([options.program, "diff", f"{data}/left", f"{data}/right", "--key", "id", "--json", "--limit", "0", *where],
                                  capture_output=True, text=True, env=cluster.env)
            seconds = time.monotonic() - begin
            if done.returncode != 1:
                sys.exit(f"diff: exit code {done.returncode}\n{done.stderr}")
            found = json.loads(done.stdout)
            return seconds, [found["changed"], found["left_only"], found["right_only"]], expected

        def diffit():
            done = subprocess.run([cluster.env["PYSPARK_PYTHON"], write(folder, "diffit.py", DIFFIT), data, url], capture_output=True, text=True)
            if done.returncode != 0:
                sys.exit(done.stderr)
            found = json.loads(done.stdout.splitlines()[-1])
            return found["seconds"], [found["left"], found["right"]], as_sets

        tools = {"Tinderbox on the cluster": lambda: tinderbox("--on", url), "diffit's plan on the cluster": diffit,
                 "Tinderbox embedded": tinderbox}
        figures = {name: [] for name in tools}
        tinderbox("--on", url)  # executors start with the first job
        for turn in range(options.rounds):
            for name, tool in tools.items():
                before = shuffled(ui)
                seconds, found, right = tool()
                if found != right:
                    sys.exit(f"{name} found {found}, but {right} is right")
                figures[name].append((seconds, shuffled(ui) - before))
                print(f"    round {turn + 1}: {name}: {seconds:.1f} s", flush=True)
        base = [statistics.median(values) for values in zip(*figures["Tinderbox on the cluster"])]
        print(f"\n{options.case}, {options.rows:,} rows a side, {options.workers} workers\n{'':<30} {'time':>10} {'ratio':>8} {'shuffled':>12} {'ratio':>8}")
        for name, values in figures.items():
            seconds, shuffled = (statistics.median(value) for value in zip(*values))
            print(f"{name:<30} {seconds:>8.1f} s {seconds / base[0]:>8.2f} {shuffled / 1e6:>9.1f} MB {shuffled / base[1]:>8.2f}")


if __name__ == "__main__":
    main()
