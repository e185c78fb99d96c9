"""Results kept in Redis, shared by the embedded engine and the cluster. A topic of run.py."""

import json
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cache"))
from common import python
from redis import Redis

SCRIPT = """
import sys
from pyspark.sql import SparkSession, functions as F

spark = SparkSession.builder.getOrCreate()
frame = spark.read.option("header", True).schema("k string, v int, d decimal(10,2), t timestamp").csv(sys.argv[1])
by_key = frame.groupBy("k").agg(F.sum("v").alias("v"), F.max("d").alias("d"), F.max("t").alias("t"), F.collect_set("v").alias("s")).orderBy("k")
by_key.show(truncate=False)
print(by_key.collect())
frame.createOrReplaceTempView("rows")
print(spark.sql("SELECT count(*) AS n, min(t) AS t FROM rows WHERE k <> 'b'").collect())
"""
# What only an engine can answer, through the same server: the program's own functions, errors, statements.
LIVE = """
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession, functions as F

spark = SparkSession.builder.getOrCreate()
print(spark.range(3).select(F.udf(lambda x: x + 1, "long")("id").alias("x")).collect())
print("CAST_INVALID_INPUT" if "CAST_INVALID_INPUT" in str(fails(lambda: spark.sql("SELECT cast('x' AS int) AS c").collect())) else "no error")
print(spark.version, spark.sql("SHOW TABLES").count())
""".replace("spark = ", """def fails(what):
    try:
        return what()
    except PySparkException as error:
        return error


spark = """, 1)


def run(cluster):
    data = cluster.folder / "kept.csv"
    data.write_text("k,v,d,t\na,1,1.50,2024-01-01 00:00:00\nb,2,,2024-02-29 12:34:56.789\na,3,-2.25,\n")
    (cluster.folder / "kept.py").write_text(SCRIPT)
    (cluster.folder / "live.py").write_text(LIVE)
    with Redis() as redis:
        cluster.env["TINDERBOX_REDIS_URL"] = redis.url
        zone = {"TZ": "UTC"}
        cluster.env.update(zone)
        try:
            def script(name, *words):
                return cluster.run("run", "--python", python(), *words, str(cluster.folder / name), str(data))

            def counts():
                status = json.loads(cluster.run("cache", "--json"))
                return status["hits"], status["misses"]

            plain = script("kept.py", "--on", "cluster")
            assert plain == script("kept.py"), "the engines differ without a cache"
            assert script("kept.py", "--cache", "10min") == plain
            assert counts() == (0, 3), counts()
            assert script("kept.py", "--on", "cluster", "--cache", "10min") == plain
            assert counts() == (3, 3), f"the cluster does not find what the embedded engine kept: {counts()}"
            with data.open("a") as file:
                file.write("c,4,0.01,2024-03-01 00:00:00\n")
            changed = script("kept.py", "--on", "cluster", "--cache", "10min")
            assert changed != plain and "|c" in changed, changed
            assert counts() == (3, 6), counts()
            assert script("kept.py", "--cache", "10min") == changed
            assert counts() == (6, 6), f"the embedded engine does not find what the cluster kept: {counts()}"
            live = script("live.py", "--on", "cluster", "--cache", "10min")
            assert live == script("live.py", "--on", "cluster") and "CAST_INVALID_INPUT" in live and "x=3" in live, live
        finally:
            del cluster.env["TINDERBOX_REDIS_URL"], cluster.env["TZ"]
