"""Measures the server's own times and memory, as its clients meet them.

    ./dev bench server [--rounds 5] [--queries 200] [--rows 10000000]

A busy machine makes all times longer: of the rounds, the best is shown."""

import argparse
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOOLS = os.path.join(HERE, "..", "..", "tests", "tools")
sys.path.insert(0, TOOLS)


def one_round(program, queries):
    """Seconds: to listening, to the first answer in a new session, and of each small query; and MB at rest."""
    from pyspark.sql import SparkSession

    from server import Server

    with Server(program) as server:
        time.sleep(0.5)
        rest = server.status("VmRSS") / 1024
        began = time.monotonic()
        spark = SparkSession.builder.remote(server.remote).create()
        spark.sql("SELECT 1").collect()
        first = time.monotonic() - began
        seconds = []
        for i in range(queries):
            began = time.monotonic()
            spark.sql(f"SELECT id, id * {i} AS x FROM range(10) WHERE id > 3").collect()
            seconds.append(time.monotonic() - began)
        spark.stop()
        return server.start_seconds, first, seconds, rest


def chained(program, columns):
    """Seconds to the rows of a plan with that many withColumn calls after each other."""
    from pyspark.sql import SparkSession
    from pyspark.sql import functions as F

    from server import Server

    sys.setrecursionlimit(50 * columns)  # the client builds its plan by recursion
    with Server(program) as server:
        spark = SparkSession.builder.remote(server.remote).create()
        frame = spark.range(3)
        for i in range(columns):
            frame = frame.withColumn(f"c{i}", F.col("id") + i)
        began = time.monotonic()
        rows = frame.collect()
        seconds = time.monotonic() - began
        if rows[2][f"c{columns - 1}"] != 2 + columns - 1:
            sys.exit("the chain of withColumn gave another value")
        spark.stop()
        return seconds


def stream(program, rows):
    """Seconds and the server's peak memory in MB of toPandas()."""
    from pyspark.sql import SparkSession

    from server import Server

    with Server(program) as server:
        spark = SparkSession.builder.remote(server.remote).create()
        began = time.monotonic()
        table = spark.range(rows).selectExpr("id", "id * 2 AS b", "CAST(id AS DOUBLE) AS c").toPandas()
        seconds = time.monotonic() - began
        if len(table) != rows or int(table["b"].iloc[-1]) != 2 * (rows - 1):
            sys.exit("toPandas() gave other rows")
        spark.stop()
        return seconds, server.status("VmHWM") / 1024


def main():
    arguments = argparse.ArgumentParser(prog="./dev bench server", description="Measures the server's times and memory.")
    arguments.add_argument("program")
    arguments.add_argument("cache")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--queries", type=int, default=200)
    arguments.add_argument("--columns", type=int, default=990)
    arguments.add_argument("--rows", type=int, default=10_000_000)
    options = arguments.parse_args()
    try:
        import pyspark.sql.connect.client.core  # noqa: F401  (its import takes longer than all else)
    except ImportError:
        python = subprocess.run([os.path.join(TOOLS, "pyspark.sh")], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        os.execve(python, [python, "-B", *sys.argv], dict(os.environ, PYTHONWARNINGS="ignore"))
    rounds = [one_round(options.program, options.queries) for _ in range(options.rounds)]

    def show(name, value, unit, wanted):
        print(f"{name:44} {value:10.1f} {unit:3} (wanted: {wanted})", flush=True)

    show("start to listening", min(r[0] for r in rounds) * 1000, "ms", "100")
    show("new session and its first answer", min(r[1] for r in rounds) * 1000, "ms", "200")
    show(f"a small query, median of {options.queries}", min(statistics.median(r[2]) for r in rounds) * 1000, "ms", "10")
    show("a small query, 95th of 100", min(sorted(r[2])[len(r[2]) * 95 // 100] for r in rounds) * 1000, "ms", "none")
    show("memory at rest", max(r[3] for r in rounds), "MB", "60")
    show(f"{options.columns} withColumn in a chain, collected", chained(options.program, options.columns) * 1000, "ms", "none")
    seconds, peak = stream(options.program, options.rows)
    show(f"toPandas() of {options.rows:,} rows", seconds, "s", "none")
    show("the server's peak memory meanwhile", peak, "MB", "flat")


if __name__ == "__main__":
    main()
