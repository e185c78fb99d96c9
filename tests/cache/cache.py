"""Results kept in Redis: what a hit answers, what is a hit and what must not be one, faults, and the verb `cache`.

usage: cache.py PROGRAM

A server without a cache says what each query has to answer.
"""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "tools"), os.path.join(HERE, "..", "docs"), HERE]
import run_docs
from redis import IN_URL, PASSWORD, Redis
from server import Server

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession, functions as F

PROGRAM = os.path.abspath(sys.argv[1])
TTL = "spark.tinderbox.cache.ttl"

# Every type that Arrow carries in a form of its own, rows that are NULL as a whole and in parts, and no rows.
QUERIES = [
    """SELECT * FROM VALUES
         (1Y, 2S, 3, 4L, 1.5F, 2.5D, 12.340BD, true, 'é', X'00FF', date'2024-02-29', timestamp'2024-02-29 12:34:56.789012',
          timestamp_ntz'1500-01-01 00:00:00', interval '3 04:05:06.7' day to second),
         (null, null, null, null, null, null, null, null, null, null, null, null, null, null)
       AS t(a, b, c, d, e, f, g, h, i, j, k, l, m, n)""",
    "SELECT array(1, null) a, map('k', array(named_struct('x', 1.10BD, 'y', null))) m, named_struct('a b', named_struct('c', date'0001-01-01')) s",
    "SELECT cast(null as array<map<string, struct<a: decimal(38,18)>>>) n, cast('NaN' as double) d, -0.0D z",
    "SELECT id, array(named_struct('t', timestamp'2024-01-01 00:00:00')) t FROM range(0)",
    "SELECT id, id % 3 AS k, repeat(chr(65 + id % 26), 5) AS s FROM range(20000)",
    "SELECT 1 AS a, 2 AS a",
    "SELECT parse_json('{\"a\": [1, null]}') v, to_time('12:34:56.789') t",
]


def verb(redis, *words, expect=0):
    done = subprocess.run([PROGRAM, *words], env={**os.environ, "TINDERBOX_REDIS_URL": redis.url}, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == expect, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
    assert PASSWORD not in done.stdout + done.stderr and IN_URL not in done.stdout + done.stderr
    return done.stdout if expect == 0 else " ".join(done.stderr.split())


def status(redis):
    return json.loads(verb(redis, "cache", "--json"))


def kept(redis):
    return json.loads(verb(redis, "cache", "list", "--json"))["results"]


@contextlib.contextmanager
def server(redis, *words):
    os.environ["TINDERBOX_REDIS_URL"] = redis.url
    try:
        started = Server(PROGRAM, *words)
    finally:
        del os.environ["TINDERBOX_REDIS_URL"]
    try:
        yield started
    finally:
        code = started.stop()
    assert code == 0, code


@contextlib.contextmanager
def session(started):
    spark = SparkSession.builder.remote(started.remote).create()
    try:
        yield spark
    finally:
        spark.stop()


class Counted:
    """How often the cache was asked, with what luck, and how many results it took, inside the block."""

    def __init__(self, redis):
        self.redis = redis

    def __enter__(self):
        self.before = status(self.redis)
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            now = status(self.redis)
            self.hits, self.misses, self.kept = (now[key] - self.before[key] for key in ("hits", "misses", "kept"))
            self.all = (self.hits, self.misses, self.kept)


def check(redis, what, expected, *counts):
    """`what` answers what is expected; `counts`: hits, misses and kept results meanwhile."""
    with Counted(redis) as counted:
        got = what()
    assert got == expected, (got, expected)
    assert counted.all == counts, (counted.all, counts, expected)


def table(frame):
    arrow = frame.toArrow()
    return frame.schema.json(), str(arrow.schema), [repr(row) for row in frame.collect()], arrow.to_pylist().__repr__()


def check_rows(redis):
    with Server(PROGRAM) as plain, session(plain) as spark:
        wanted = [table(spark.sql(query)) for query in QUERIES]
    for first in (True, False):  # two programs: the second one has the first one's results
        with server(redis, "--cache", "10min") as cached, session(cached) as spark, Counted(redis) as counted:
            for query, rows in zip(QUERIES, wanted):
                got = table(spark.sql(query))
                assert got == rows, f"{query}\n{got}\n{rows}"
        # Each is asked for twice: as Arrow and as rows.
        count = len(QUERIES)
        assert counted.all == ((count, count, count) if first else (2 * count, 0, 0)), counted.all


def check_inputs(redis, folder):
    """Nothing stale is ever answered: files, views, tables, settings, functions, variables."""
    data = folder / "data"
    data.mkdir()
    (data / "a.csv").write_text("k,v\na,1\nb,2\n")
    read = "SELECT sum(_c1) FROM csv.`{}` WHERE _c1 <> 'v'"
    with server(redis, "--cache", "10min", "--warehouse", str(folder / "tables")) as cached, session(cached) as spark:
        def total(text=None):
            return spark.sql(text or read.format(data)).collect()[0][0]

        frame = spark.read.option("header", True).schema("k string, v int").csv(str(data))
        check(redis, total, 3.0, 0, 1, 1)
        check(redis, total, 3.0, 1, 0, 0)
        check(redis, lambda: frame.count(), 2, 0, 1, 1)
        (data / "a.csv").write_text("k,v\na,1\nb,3\n")  # as long as before
        check(redis, total, 4.0, 0, 1, 1)
        (data / "b.csv").write_text("k,v\nc,5\n")
        check(redis, total, 9.0, 0, 1, 1)
        check(redis, lambda: frame.count(), 3, 0, 1, 1)
        check(redis, lambda: total(read.format(str(data) + "/{a,x}*.csv")), 4.0, 0, 1, 1)
        (data / "b.csv").unlink()
        check(redis, lambda: frame.count(), 2, 0, 1, 1)
        check(redis, lambda: frame.count(), 2, 1, 0, 0)

        # A temporary view is what it stands for, by whichever way it was made.
        frame.createOrReplaceTempView("v")
        check(redis, lambda: total("SELECT sum(v) FROM v"), 4, 0, 1, 1)
        frame.where("v > 1").createOrReplaceTempView("v")
        check(redis, lambda: total("SELECT sum(v) FROM v"), 3, 0, 1, 1)
        spark.sql("CREATE OR REPLACE TEMP VIEW v AS SELECT 7 AS v")
        check(redis, lambda: total("SELECT sum(v) FROM v"), 7, 0, 1, 1)
        spark.sql("CREATE TEMP VIEW over AS SELECT v + 1 AS v FROM v")
        spark.sql("CREATE OR REPLACE TEMP VIEW v AS SELECT 8 AS v")
        check(redis, lambda: total("SELECT sum(v) FROM over"), 9, 0, 1, 1)
        check(redis, lambda: total("WITH v AS (SELECT v + 10 AS v FROM v) SELECT sum(v) FROM v"), 18, 0, 1, 1)
        spark.sql("CREATE OR REPLACE TEMP VIEW v AS SELECT 9 AS v")
        check(redis, lambda: total("WITH v AS (SELECT v + 10 AS v FROM v) SELECT sum(v) FROM v"), 19, 0, 1, 1)
        check(redis, lambda: total("SELECT sum(v) FROM over"), 10, 0, 1, 1)
        spark.table("v").createOrReplaceTempView("frozen")
        check(redis, lambda: total("SELECT sum(v) FROM frozen"), 9, 0, 1, 1)
        check(redis, lambda: total("SELECT sum(x) FROM (SELECT (SELECT max(v) FROM v) AS x)"), 9, 0, 1, 1)
        spark.sql("CREATE OR REPLACE TEMP VIEW v AS SELECT 10 AS v")
        check(redis, lambda: total("SELECT sum(x) FROM (SELECT (SELECT max(v) FROM v) AS x)"), 10, 0, 1, 1)
        check(redis, lambda: total("SELECT sum(v) FROM frozen"), 9, 0, 1, 1)  # nobody knows which v it means
        spark.sql(f"CREATE OR REPLACE TEMP VIEW v USING csv OPTIONS (path '{data}', header 'true', inferSchema 'true')")
        check(redis, lambda: total("SELECT sum(v) FROM v"), 4, 0, 1, 1)
        check(redis, lambda: total("SELECT sum(v) FROM v"), 4, 1, 0, 0)
        frame.createOrReplaceGlobalTempView("g")
        check(redis, lambda: total("SELECT sum(v) FROM global_temp.g"), 4, 0, 0, 0)

        # Tables, and views of the catalogue.
        spark.sql("CREATE TABLE t USING parquet AS SELECT 1 AS v")
        check(redis, lambda: total("SELECT sum(v) FROM t"), 1, 0, 1, 1)
        check(redis, lambda: total("SELECT sum(v) FROM t"), 1, 1, 0, 0)
        check(redis, lambda: spark.table("t").count(), 1, 0, 1, 1)
        spark.sql("INSERT INTO t VALUES (2)")
        check(redis, lambda: total("SELECT sum(v) FROM t"), 3, 0, 1, 1)
        spark.sql("CREATE VIEW w AS SELECT v FROM t")
        check(redis, lambda: total("SELECT sum(v) FROM w"), 3, 0, 1, 1)
        spark.sql("ALTER VIEW w AS SELECT v * 2 AS v FROM t")
        check(redis, lambda: total("SELECT sum(v) FROM w"), 6, 0, 1, 1)
        spark.sql("CREATE OR REPLACE TEMP VIEW t AS SELECT 100 AS v")
        check(redis, lambda: total("SELECT sum(v) FROM t"), 100, 0, 1, 1)
        spark.catalog.dropTempView("t")
        assert total("SELECT sum(v) FROM t") == 3

        # Settings.
        instant = "SELECT date_format(timestamp_seconds(0), 'HH') AS h"
        check(redis, lambda: total(instant), "00", 0, 1, 1)
        spark.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
        check(redis, lambda: total(instant), "09", 0, 1, 1)
        spark.conf.set("spark.sql.session.timeZone", "UTC")
        check(redis, lambda: total(instant), "00", 1, 0, 0)
        spark.conf.set("spark.sql.ansi.enabled", "false")
        check(redis, lambda: total("SELECT cast('x' AS int) AS c"), None, 0, 1, 1)
        spark.conf.set("spark.sql.ansi.enabled", "true")
        with Counted(redis) as counted:
            try:
                total("SELECT cast('x' AS int) AS c")
                raise AssertionError("no error under ANSI")
            except PySparkException as error:
                assert "CAST_INVALID_INPUT" in str(error), error
        assert counted.all == (0, 1, 0), counted.all  # a query that fails leaves nothing
        spark.conf.set("spark.sql.shuffle.partitions", "3")  # one about speed
        check(redis, lambda: total(instant), "00", 1, 0, 0)

        # The switch.
        spark.conf.set(TTL, "off")
        check(redis, lambda: total(instant), "00", 0, 0, 0)
        try:
            spark.conf.set(TTL, "soon")
            raise AssertionError("the setting took what is no time")
        except PySparkException as error:
            assert "INVALID_CONF_VALUE" in str(error) and "10min" in str(error), error
        spark.conf.set(TTL, "1s")
        check(redis, lambda: total("SELECT 'short' AS s"), "short", 0, 1, 1)
        end = time.monotonic() + 10
        while any("short" in each["what"] for each in kept(redis)):
            assert time.monotonic() < end, "a result outlived its time"
            time.sleep(0.1)
        check(redis, lambda: total("SELECT 'short' AS s"), "short", 0, 1, 1)
        spark.conf.unset(TTL)
        check(redis, lambda: total(instant), "00", 1, 0, 0)

        # What may answer differently each time.
        for text in ("SELECT rand() AS x", "SELECT uuid() AS x", "SELECT current_timestamp() AS x", "SELECT current_date AS x", "SELECT now() AS x",
                     "SELECT shuffle(array(1, 2, 3)) AS x", "SELECT monotonically_increasing_id() AS x", "SELECT date'today' AS x",
                     "SELECT * FROM (SELECT id FROM range(10)) TABLESAMPLE (50 PERCENT)", "SELECT unix_timestamp() AS x",
                     "SELECT max(x) FROM (SELECT id, (SELECT rand()) AS x FROM range(3))"):
            check(redis, lambda text=text: bool(spark.sql(text).collect() or True), True, 0, 0, 0)
        check(redis, lambda: spark.range(10).sample(0.5).count() <= 10, True, 0, 0, 0)
        check(redis, lambda: spark.range(3).select(F.expr("rand()")).count(), 3, 0, 0, 0)
        check(redis, lambda: spark.range(3).select(F.udf(lambda x: x + 1, "long")("id")).collect()[2][0], 3, 0, 0, 0)
        spark.udf.register("upper", lambda s: "mine", "string")
        check(redis, lambda: total("SELECT upper('a') AS x") in ("mine", "A"), True, 0, 0, 0)

        # Rows that were persisted may be older than their files: from then on nothing is kept, and hits are still hits.
        check(redis, lambda: total(), 4.0, 1, 0, 0)
        frame.cache()
        assert frame.count() == 2
        (data / "a.csv").write_text("k,v\na,1\n")
        check(redis, lambda: total(), 1.0, 0, 1, 0)

    # A state of the session that nobody else knows.
    with server(redis, "--cache", "10min") as cached, session(cached) as spark:
        spark.sql("DECLARE VARIABLE x = 1")
        check(redis, lambda: spark.sql("SELECT x").collect()[0][0], 1, 0, 0, 0)


def check_parts(redis):
    """What was not read to its end, or is too large, is not kept."""
    with server(redis, "--cache", "10min", "--cache-limit", "100kB") as cached, session(cached) as spark:
        big = "SELECT id, sha2(cast(id AS string), 256) AS s FROM range(5000)"
        check(redis, lambda: len(spark.sql(big).collect()), 5000, 0, 1, 0)
        # The same as a whole: the rows are few when they are counted.
        check(redis, lambda: spark.sql(big).count(), 5000, 0, 1, 1)
    with server(redis, "--cache", "10min") as cached, session(cached) as spark:
        with Counted(redis) as counted:
            rows = spark.sql("SELECT id, id * 2 AS d FROM range(3000000)").toLocalIterator()
            assert next(rows).id == 0
            spark.interruptAll()
            with contextlib.suppress(PySparkException):
                for _ in rows:
                    pass
        assert counted.all == (0, 1, 0), counted.all


def check_remote(redis, folder):
    """A result of the embedded engine is found in front of another server, for the same files and plan."""
    file = folder / "shared.csv"
    file.write_text("a,1\nb,2\n")
    text = f"SELECT _c0, _c1 FROM csv.`{file}` ORDER BY 1"
    verb(redis, "sql", "--cache", "10min", text)
    with Server(PROGRAM) as upstream, server(redis, "--on", upstream.remote, "--cache", "10min") as front, session(front) as spark:
        shown = [("a", "1"), ("b", "2")]
        rows = lambda: [tuple(row) for row in spark.sql(text).collect()]
        check(redis, rows, shown, 0, 1, 1)  # `sql` prints, which is another plan
        frame = spark.read.csv(str(file))
        frame.createOrReplaceTempView("v")
        check(redis, lambda: spark.table("v").count(), 2, 0, 1, 1)
        check(redis, lambda: spark.table("v").count(), 2, 1, 0, 0)
        file.write_text("a,1\nb,2\nc,3\n")
        assert spark.read.csv(str(file)).count() == 3
        # Spark may have listed the files of a view when it was made.
        check(redis, lambda: spark.table("v").count(), 3, 0, 0, 0)
        # Errors come through with their conditions.
        try:
            spark.sql("SELECT no_such_column FROM range(1)").collect()
            raise AssertionError("no error")
        except PySparkException as error:
            assert error.getCondition() == "UNRESOLVED_COLUMN.WITH_SUGGESTION", error
        check(redis, rows, shown + [("c", "3")], 0, 1, 1)
    with server(redis, "--cache", "10min") as embedded, session(embedded) as spark:
        check(redis, rows, shown + [("c", "3")], 1, 0, 0)


def check_faults(redis):
    with server(redis, "--cache", "10min") as cached, session(cached) as spark:
        assert spark.sql("SELECT 1").count() == 1
        rows = spark.sql("SELECT id FROM range(3000000)").toLocalIterator()
        assert next(rows).id == 0
        redis.kill()
        assert sum(1 for _ in rows) == 2999999
        for _ in range(3):
            assert spark.sql("SELECT 1").count() == 1
        assert cached.output().count("does not answer") == 1, cached.output()
        assert IN_URL not in cached.output() and PASSWORD not in cached.output()
    # One that was never there is a warning, too.
    done = subprocess.run([PROGRAM, "sql", "--cache", "1h", "--format", "csv", "SELECT 1 AS a; SELECT 2 AS b"],
                          env={**os.environ, "TINDERBOX_REDIS_URL": redis.url}, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout == "a\n1\nb\n2\n", done
    assert done.stderr.count("does not answer") == 1, done.stderr
    assert "TINDERBOX_CACHE_UNAVAILABLE" in verb(redis, "cache", expect=1)
    redis.start()
    for url, why in ((f"redis://:wrong@127.0.0.1:{redis.port}", "does not take the password"), (f"redis://127.0.0.1:{redis.port}", "none was given"),
                     ("http://127.0.0.1", "does not begin with redis://"), ("rediss://127.0.0.1", "TLS"), ("redis://127.0.0.1:port", "port")):
        done = subprocess.run([PROGRAM, "sql", "--cache", "1h", "SELECT 1"], env={**os.environ, "TINDERBOX_REDIS_URL": url}, capture_output=True, text=True)
        said = " ".join(done.stderr.split())
        assert done.returncode == 2 and why in said and "[TINDERBOX_CACHE]" in said and "wrong" not in said, (url, said)
    with tempfile.TemporaryDirectory(prefix="tinderbox-test-") as state:
        env = {**os.environ, "XDG_STATE_HOME": state}
        done = subprocess.run([PROGRAM, "sql", "--cache", "1h", "SELECT 1"], env=env, capture_output=True, text=True)
        assert done.returncode == 2 and "up --with redis" in " ".join(done.stderr.split()), done
    assert "INVALID_CONF_VALUE" in verb(redis, "sql", "--cache", "never", "SELECT 1", expect=2)
    assert "--cache" in verb(redis, "sql", "--cache-limit", "1MB", "SELECT 1", expect=2)


def check_verb(redis):
    assert redis.run("SET", "tinderbox:mine", "1") == "+OK"
    verb(redis, "cache", "clear", "--yes")
    assert status(redis) == {"version": 1, "redis": f"redis://127.0.0.1:{redis.port}", "results": 0, "bytes": 0, "hits": 0, "misses": 0, "kept": 0}
    for text in ("SELECT   1 AS first", "SELECT 2 AS second"):
        for _ in range(2):
            verb(redis, "sql", "--cache", "1h", text)
    listed = kept(redis)
    assert [(each["what"], each["hits"]) for each in listed] == [("SELECT 2 AS second", 1), ("SELECT 1 AS first", 1)], listed
    assert all(3500_000 < each["left_ms"] <= 3600_000 and each["bytes"] > 100 and len(each["key"]) == 64 for each in listed)
    assert "SELECT 1 AS first" in verb(redis, "cache", "list")
    assert "no terminal" in verb(redis, "cache", "clear", expect=2)
    assert "No result has the key" in verb(redis, "cache", "clear", "xyz", "--yes", expect=6)
    assert verb(redis, "cache", "clear", listed[0]["key"][:12], "--yes") == "1 result cleared.\n"
    assert [each["what"] for each in kept(redis)] == ["SELECT 1 AS first"]
    assert json.loads(verb(redis, "cache", "clear", "--yes", "--json")) == {"version": 1, "cleared": 1}
    assert redis.run("EXISTS", "tinderbox:mine") == ":1"


def check_page(redis):
    """The commands of docs/cache.md."""
    page = pathlib.Path(HERE, "..", "..", "docs", "cache.md")
    _, steps = run_docs.parse(page.read_text().splitlines())
    assert steps
    verb(redis, "cache", "clear", "--yes")
    os.environ["TINDERBOX_REDIS_URL"] = redis.url
    with tempfile.TemporaryDirectory(prefix="tinderbox-test-") as folder:
        for step, printed in zip(steps, run_docs.run(PROGRAM, [], steps, folder)):
            wanted, got = run_docs.strip_blank(step.expected), run_docs.strip_blank(printed)
            assert run_docs.matches(wanted, got), f"docs/cache.md:{step.number + 1}: {step.command}\n" + "\n".join(got)
    del os.environ["TINDERBOX_REDIS_URL"]


def main():
    if shutil.which("redis-server") is None:
        sys.exit("There is no redis-server: apt install redis-server")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tinderbox-test-"))
    try:
        with Redis() as redis:
            topics = {"rows": lambda: check_rows(redis), "inputs": lambda: check_inputs(redis, folder), "parts": lambda: check_parts(redis),
                      "remote": lambda: check_remote(redis, folder), "verb": lambda: check_verb(redis), "page": lambda: check_page(redis),
                      "faults": lambda: check_faults(redis)}
            for name in sys.argv[2:] or topics:
                begin = time.monotonic()
                topics[name]()
                print(f"{name}: ok, {time.monotonic() - begin:.1f} s", flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
