#!/usr/bin/env python3
"""The server's figures: figures.py PROGRAM [--rows 10000000] [--times]

Start, first answer, small queries, memory at rest and while a large result streams. Memory is always held to its limits; the times
only with --times, because a busy machine has no say in them.
"""

import argparse
import os
import statistics
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "tools"))
from server import Server  # noqa: E402


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program")
    arguments.add_argument("--rows", type=int, default=10_000_000)
    arguments.add_argument("--times", action="store_true")
    options = arguments.parse_args()
    from pyspark.sql import SparkSession  # its import takes longer than all else

    wrong = []

    def figure(name, value, unit, limit, held):
        good = value <= limit
        print(f"{name:44} {value:10.1f} {unit:3} (limit {limit:g}{'' if good else ', MISSED'})", flush=True)
        if held and not good:
            wrong.append(name)

    with Server(options.program) as server:
        figure("start to listening", server.start_seconds * 1000, "ms", 100, options.times)
        time.sleep(0.5)
        figure("memory at rest", server.status("VmRSS") / 1024, "MB", 60, True)
        began = time.monotonic()
        spark = SparkSession.builder.remote(server.remote).create()
        spark.sql("SELECT 1").collect()
        figure("new session and its first answer", (time.monotonic() - began) * 1000, "ms", 200, options.times)
        times = []
        for i in range(100):
            began = time.monotonic()
            spark.sql(f"SELECT id, id * {i} AS x FROM range(10) WHERE id > 3").collect()
            times.append((time.monotonic() - began) * 1000)
        figure("a small query, median of 100", statistics.median(times), "ms", 10, options.times)
        figure("a small query, 95th of 100", sorted(times)[94], "ms", 50, options.times)
        few = spark.range(options.rows // 10).selectExpr("id", "id * 2 AS b", "CAST(id AS DOUBLE) AS c")
        few.toArrow()
        before = server.status("VmHWM") / 1024
        began = time.monotonic()
        table = spark.range(options.rows).selectExpr("id", "id * 2 AS b", "CAST(id AS DOUBLE) AS c").toPandas()
        seconds = time.monotonic() - began
        if len(table) != options.rows or int(table["b"].iloc[-1]) != 2 * (options.rows - 1):
            wrong.append("the rows of toPandas()")
        print(f"toPandas() of {options.rows:,} rows: {seconds:.1f} s, {table.memory_usage(index=False).sum() / 1e6:.0f} MB of data")
        figure("server's peak growth over a tenth of the rows", server.status("VmHWM") / 1024 - before, "MB", 64, True)
        spark.stop()
    if wrong:
        sys.exit("missed: " + ", ".join(wrong))


if __name__ == "__main__":
    main()
