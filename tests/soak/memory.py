#!/usr/bin/env python3
"""The server's memory: memory.py PROGRAM [--rows 10000000]. At rest it is under 60 MB; while a large result streams it stays flat."""

import argparse
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "tools"))
from server import Server  # noqa: E402

REST_MB = 60
GROWTH_MB = 120  # half of what 10,000,000 rows take; a busy client lets more answers wait for it


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program")
    arguments.add_argument("--rows", type=int, default=10_000_000)
    options = arguments.parse_args()
    from pyspark.sql import SparkSession

    with Server(options.program) as server:
        time.sleep(0.5)
        rest = server.status("VmRSS") / 1024
        print(f"at rest: {rest:.1f} MB", flush=True)
        spark = SparkSession.builder.remote(server.remote).create()

        def rows(count):
            return spark.range(count).selectExpr("id", "id * 2 AS b", "CAST(id AS DOUBLE) AS c")

        rows(options.rows // 10).toArrow()
        before = server.status("VmHWM") / 1024
        table = rows(options.rows).toPandas()
        growth = server.status("VmHWM") / 1024 - before
        print(f"peak with {options.rows:,} rows over the peak with a tenth of them: {growth:.1f} MB")
        right = len(table) == options.rows and int(table["b"].iloc[-1]) == 2 * (options.rows - 1)
        spark.stop()
    if not right:
        sys.exit("toPandas() gave other rows")
    if rest > REST_MB or growth > GROWTH_MB:
        sys.exit(f"over the limits of {REST_MB} MB at rest and {GROWTH_MB} MB of growth")


if __name__ == "__main__":
    main()
