#!/usr/bin/env python3
"""Many sessions at once with kills and interrupts: run.py PROGRAM [--seconds 300] [--sessions 50] [--seed N]

Client processes run mixed queries whose answers they can check by arithmetic alone; some are killed with -9, some interrupt
themselves or each other's tags. In the end the server must live and answer, its threads and descriptors be as before, its memory
no more than it was after the first part of the run plus a margin, and no answer have been wrong.
"""

import argparse
import json
import os
import random
import select
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "tools"))
THREADS_A_CLIENT = 5
MARGIN_MB = 192  # the allocators' freedom


class Wrong(Exception):
    pass


def expect(found, expected, what):
    if found != expected:
        raise Wrong(f"{what}: {found!r} instead of {expected!r}")


# --- what a session does: each checks its own answer --------------------------------------------------------------------


def count_range(spark, rng, name):
    n = rng.randrange(1, 200_000)
    expect(spark.range(n).count(), n, "count")


def group(spark, rng, name):
    n, k = rng.randrange(1000, 50_000), rng.randrange(2, 50)
    rows = spark.sql(f"SELECT id % {k} AS k, count(*) AS c, sum(id) AS s FROM range({n}) GROUP BY 1 ORDER BY 1").collect()
    expect([(r.k, r.c, r.s) for r in rows], [(i, len(range(i, n, k)), sum(range(i, n, k))) for i in range(min(k, n))], "groups")


def join(spark, rng, name):
    n, m = rng.randrange(100, 5000), rng.randrange(2, 9)
    left, right = spark.range(n), spark.range(0, n, m)
    expect(left.join(right, "id").agg({"id": "sum"}).collect()[0][0], sum(range(0, n, m)), "join")


def views(spark, rng, name):
    spark.range(rng.randrange(10)).createOrReplaceTempView("mine")
    n = rng.randrange(1, 100)
    spark.range(n).createOrReplaceTempView("mine")
    expect(spark.sql("SELECT count(*) FROM mine").collect()[0][0], n, "a session's own view")


def windows(spark, rng, name):
    n = rng.randrange(5, 400)
    rows = spark.sql(f"SELECT id, sum(id) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS s FROM range({n}) ORDER BY id").collect()
    expect([r.s for r in rows], [sum(range(max(0, i - 2), i + 1)) for i in range(n)], "window")


def local_data(spark, rng, name):
    data = [(i, f"né{i}", [i, None]) for i in range(rng.randrange(1, 500))]
    rows = spark.createDataFrame(data, "a INT, b STRING, c ARRAY<INT>").orderBy("a").collect()
    expect([(r.a, r.b, r.c) for r in rows], data, "local data")


def settings(spark, rng, name):
    value = str(rng.randrange(1, 999))
    spark.conf.set("soak.mine", value)
    expect(spark.conf.get("soak.mine"), value, "a session's own setting")


def errors(spark, rng, name):
    from pyspark.errors import PySparkException

    text, condition = rng.choice([("SELECT 1 / 0", "DIVIDE_BY_ZERO"), ("SELECT nope", "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION"), ("SELECT (", "PARSE_SYNTAX_ERROR"),
                                  ("SELECT * FROM nowhere", "TABLE_OR_VIEW_NOT_FOUND")])
    try:
        spark.sql(text).collect()
    except PySparkException as error:
        return expect(error.getCondition(), condition, text)
    raise Wrong(f"{text} gave rows")


def cached(spark, rng, name):
    n = rng.randrange(10, 5000)
    frame = spark.range(n).selectExpr("id * 2 AS d").cache()
    try:
        expect((frame.count(), frame.selectExpr("sum(d)").collect()[0][0]), (n, n * (n - 1)), "cached")
    finally:
        frame.unpersist()


def tables(spark, rng, name):
    n = rng.randrange(1, 300)
    spark.sql(f"CREATE OR REPLACE TEMP VIEW src AS SELECT id FROM range({n})")
    spark.table("src").write.mode("overwrite").saveAsTable(name)
    try:
        expect(spark.table(name).count(), n, "table")
    finally:
        spark.sql(f"DROP TABLE IF EXISTS {name}")


def large_result(spark, rng, name):
    table = spark.range(300_000).selectExpr("id", "id * 3 AS t").toArrow()
    expect((table.num_rows, table.column(1)[299_999].as_py()), (300_000, 899_997), "large result")


def interrupted(spark, rng, name):
    from pyspark.errors import PySparkException

    tag = f"tag-{rng.randrange(10**9)}"
    failure = []

    def run():
        spark.addTag(tag)
        try:
            spark.sql("SELECT sum(a.id * b.id % 7) FROM range(2000000) a JOIN range(200000) b ON a.id % 5 = b.id % 5").collect()
        except PySparkException as error:
            failure.append(str(error))
        finally:
            spark.removeTag(tag)

    thread = threading.Thread(target=run)
    thread.start()
    deadline = time.monotonic() + 60
    while thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.05)
        spark.interruptTag(tag) if rng.random() < 0.5 else spark.interruptAll()
    thread.join(1)
    if thread.is_alive():
        raise Wrong("an interrupt did not end the query within 60 s")
    if not failure:
        raise Wrong("the interrupted query came to its end")


JOBS = [count_range, group, join, views, windows, local_data, settings, errors, cached, tables, large_result]


def client(remote, seed):
    """Threads with a session each, for ever; one line of JSON a second: how many answers were right, and what was wrong."""
    from pyspark.sql import SparkSession

    right, wrong = [0], []

    def session(number):
        rng = random.Random(seed * 1000 + number)
        while True:
            try:
                spark = SparkSession.builder.remote(remote).create()
                for _ in range(rng.randrange(5, 40)):
                    job = interrupted if rng.random() < 0.03 else rng.choice(JOBS)
                    try:
                        job(spark, rng, f"soak_{seed}_{number}")
                    except Wrong as error:
                        wrong.append(f"{job.__name__}: {error}")
                    except Exception as error:
                        wrong.append(f"{job.__name__}: {type(error).__name__} {str(error)[:300]}")
                    else:
                        right[0] += 1
                if rng.random() < 0.8:
                    spark.stop()
            except Exception as error:
                wrong.append(f"session: {type(error).__name__} {str(error)[:300]}")
                time.sleep(0.2)

    for number in range(THREADS_A_CLIENT):
        threading.Thread(target=session, args=(number,), daemon=True).start()
    while True:
        time.sleep(1)
        bad, wrong[:] = list(wrong), []
        count, right[0] = right[0], 0
        print(json.dumps({"right": count, "wrong": bad}), flush=True)


# --- the parent ---------------------------------------------------------------------------------------------------------


def measure(server):
    return {"rss_mb": server.status("VmRSS") / 1024, "threads": server.status("Threads"), "descriptors": server.descriptors()}


def settle(server, seconds, good):
    """The measures once `good` holds, or those at the end of the time."""
    deadline = time.monotonic() + seconds
    while True:
        now = measure(server)
        if good(now) or time.monotonic() > deadline:
            return now
        time.sleep(0.5)


def warm(remote):
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.remote(remote).create()
    rng = random.Random(1)
    for job in JOBS:
        job(spark, rng, "soak_warm")
    spark.stop()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program", nargs="?")
    arguments.add_argument("--seconds", type=float, default=300)
    arguments.add_argument("--sessions", type=int, default=50)
    arguments.add_argument("--seed", type=int, default=int(time.time()))
    arguments.add_argument("--client", nargs=2, help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.client:
        return client(options.client[0], int(options.client[1]))
    from server import Server

    rng = random.Random(options.seed)
    print(f"seed {options.seed}", flush=True)
    server = Server(options.program)
    clients, lines, wrong, right, kills, started = [], {}, [], 0, 0, 0
    problems = []

    def start():
        nonlocal started
        started += 1
        process = subprocess.Popen([sys.executable, "-B", os.path.abspath(__file__), "--client", server.remote, str(started)], stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True, bufsize=1)
        clients.append(process)

    try:
        warm(server.remote)
        before = measure(server)
        for _ in range(max(1, options.sessions // THREADS_A_CLIENT)):
            start()
        began, next_kill, middle = time.monotonic(), time.monotonic() + 5, None
        while time.monotonic() - began < options.seconds and server.alive():
            ready, _, _ = select.select([c.stdout for c in clients], [], [], 0.5)
            for stream in ready:
                line = stream.readline()
                if line:
                    report = json.loads(line)
                    right += report["right"]
                    wrong += report["wrong"]
            if time.monotonic() > next_kill:
                victim = clients.pop(rng.randrange(len(clients)))
                victim.send_signal(signal.SIGKILL)
                victim.wait()
                kills += 1
                start()
                next_kill = time.monotonic() + rng.uniform(1, 6)
            if middle is None and time.monotonic() - began > options.seconds / 3:
                middle = measure(server)
        for process in clients:
            process.kill()
            process.wait()
        if server.alive():
            peak = server.status("VmHWM") / 1024
            # Sessions of killed clients stay until they are idle for long, but hold no thread and no connection.
            after = settle(server, 60, lambda m: m["threads"] <= before["threads"] + 8 and m["descriptors"] <= before["descriptors"] + 8)
            warm(server.remote)
            print(f"before {before}\nmiddle {middle}\nafter  {after}, peak {peak:.0f} MB")
            for key, margin in (("threads", 8), ("descriptors", 8)):
                if after[key] > before[key] + margin:
                    problems.append(f"{key}: {before[key]} before, {after[key]} after")
            if middle and after["rss_mb"] > middle["rss_mb"] + MARGIN_MB:
                problems.append(f"memory: {middle['rss_mb']:.0f} MB after a third of the time, {after['rss_mb']:.0f} MB in the end")
        else:
            problems.append(f"the server died: {server.output()}")
    finally:
        for process in clients:
            if process.poll() is None:
                process.kill()
                process.wait()
        code = server.stop()
    if code != 0:
        problems.append(f"the server ended with {code}")
    if right == 0:
        problems.append("no answer at all")
    for text in sorted(set(wrong))[:20]:
        problems.append(f"{wrong.count(text)} x {text}")
    print(f"{right} right answers, {len(wrong)} wrong, {kills} clients killed, {started} started")
    print("\n".join(problems))
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
