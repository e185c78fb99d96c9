"""Runs the queries on one system, in a process of its own: system.py NAME DATA QUERIES RUNS [ADDRESS]. Prints one JSON document.

A query counts from its text to its last row in Python. The tables are Parquet files, registered as views before.
"""

import glob
import json
import os
import re
import sys
import time

TABLES = "customer lineitem nation orders part partsupp region supplier".split()


def queries(path, wanted):
    with open(path) as file:
        parts = re.split(r"^-- (\d+)\n", file.read(), flags=re.M)
    found = {int(n): text.strip() for n, text in zip(parts[1::2], parts[2::2])}
    return {n: found[n] for n in (wanted or found)}


def plain(value):
    """A cell that all systems write alike: they differ in the types of sums and averages, not in the values."""
    if value is None or isinstance(value, str):
        return value
    if hasattr(value, "isoformat"):
        return value.isoformat()[:10]
    return f"{float(value):.10g}"


def duckdb(data, _):
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"SET threads = {len(os.sched_getaffinity(0))}")
    for table in TABLES:
        connection.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{data}/{table}.parquet')")
    return lambda sql: connection.execute(sql).fetchall()


def connect(data, address):
    from pyspark.sql import SparkSession

    return register(SparkSession.builder.remote(address).getOrCreate(), data)


def spark(data, _):
    from pyspark.sql import SparkSession

    cores = len(os.sched_getaffinity(0))
    builder = SparkSession.builder.master(f"local[{cores}]").config("spark.ui.enabled", "false").config("spark.driver.memory", "6g")
    return register(builder.config("spark.sql.shuffle.partitions", str(2 * cores)).config("spark.log.level", "ERROR").getOrCreate(), data)


def sail(data, _):
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    run = connect(data, "sc://%s:%s" % server.listening_address)
    run.server = server
    return run


def register(session, data):
    for table in TABLES:
        session.read.parquet(f"{data}/{table}.parquet").createOrReplaceTempView(table)

    def run(sql):
        return session.sql(sql).collect()

    return run


def main():
    name, data, path, runs, wanted, *rest = sys.argv[1:]
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    start = time.monotonic()
    run = {"duckdb": duckdb, "spark": spark, "sail": sail, "tinderbox": connect}[name](data, rest[0] if rest else None)
    result = {"start_s": time.monotonic() - start, "queries": {}}
    for number, sql in queries(path, [int(n) for n in wanted.split(",") if n]).items():
        seconds = []
        try:
            for _ in range(int(runs)):
                began = time.monotonic()
                rows = run(sql)
                seconds.append(time.monotonic() - began)
            result["queries"][number] = {"seconds": seconds, "rows": [[plain(c) for c in row] for row in rows]}
        except Exception as error:
            result["queries"][number] = {"failed": (str(error).strip() or type(error).__name__).splitlines()[0][:200]}
    json.dump(result, out)
    out.flush()
    os._exit(0)  # some of these keep threads that do not end


if __name__ == "__main__":
    main()
