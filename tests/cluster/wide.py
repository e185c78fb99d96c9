"""Many light workers from one `up`, and a job that shuffles between executors on all of them.

usage: wide.py PROGRAM WORKERS
"""

import json
import sys

import common

JOB = """
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.appName("wide").getOrCreate()
parts = int(spark.conf.get("spark.test.workers")) * 2
rows = spark.range(0, 1000000, 1, parts).repartition(parts, "id").groupBy((F.col("id") % 5).alias("k")).agg(
    F.sum("id").alias("s"), F.count("id").alias("n")).orderBy("k").collect()
print("ANSWER", [tuple(row) for row in rows])
hosts = {e["id"] for e in __import__("json").load(__import__("urllib.request").request.urlopen(
    spark.sparkContext.uiWebUrl + "/api/v1/applications/" + spark.sparkContext.applicationId + "/executors"))
    if e["totalShuffleWrite"] > 0}
print("EXECUTORS", len(hosts))
spark.stop()
"""
ANSWER = "ANSWER " + str([(k, sum(range(k, 1000000, 5)), 200000) for k in range(5)])


def main():
    workers = sys.argv[2]
    with common.clusters(sys.argv[1]) as make:
        cluster = make()
        common.timed("up", lambda: cluster.run("up", "--workers", workers, "--worker-memory", "512m", "--set",
                                               "daemon.memory=256m", "--set", "connect.enabled=false", "--timeout", "20min"))
        print(cluster.run("timeline"), end="")
        assert cluster.alive_workers() == int(workers)
        script = cluster.folder / "job.py"
        script.write_text(JOB)
        job = cluster.start_job(script, options=(
            "--conf", f"spark.test.workers={workers}", "--conf", "spark.scheduler.minRegisteredResourcesRatio=1",
            "--conf", "spark.scheduler.maxRegisteredResourcesWaitingTime=300s", "--conf", "spark.ui.reverseProxy=false"))
        out, err = common.timed("a job that shuffles", lambda: job.communicate(timeout=900))
        assert job.returncode == 0 and ANSWER in out, f"{out}\n{err[-5000:]}"
        print(" ", out.splitlines()[-1])
        applications = json.loads(common.get(cluster.address("master"), "/json/")[1])["completedapps"]
        assert [a["name"] for a in applications] == ["wide"], applications


if __name__ == "__main__":
    main()
