"""Jobs: submit in both deploy modes, exit codes, what is refused before it starts, Ctrl-C, jobs left to themselves, logs
that stay, the embedded engine, Spark's shells and examples."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile

from common import python, wait

SCRIPT = """
import sys, time
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
print("sum", spark.range(1000).repartition(4).selectExpr("sum(id)").collect()[0][0], sys.argv[1:], flush=True)
what = sys.argv[1] if len(sys.argv) > 1 else ""
if what == "raise":
    raise ValueError("no such luck")
if what == "sleep":
    time.sleep(600)
sys.exit(int(what or 0))
"""
SUM = "sum 499500 "


def submit(cluster, *words, variables=None, text=None):
    return subprocess.run([cluster.program, *words], env={**cluster.env, "PYSPARK_PYTHON": sys.executable, **(variables or {})},
                          capture_output=True, text=True, timeout=600, cwd=cluster.work, input=text)


def show(done):
    return f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"


def refused(cluster, code, what, *words, variables=None):
    done = submit(cluster, "submit", *words, variables=variables)
    said = " ".join(done.stderr.split())
    assert done.returncode == code and what in said, show(done)
    assert not done.stdout, show(done)


def check_refusals(cluster, script):
    refused(cluster, 3, "Ask for --executor-memory 1024m or less", "--executor-memory", "4g", script)
    refused(cluster, 3, "Ask for --executor-memory 1024m or less", script, variables={"EXECUTOR_MEMORY": "4g"})
    refused(cluster, 3, "Ask for --executor-cores 1 or fewer", "-c", "spark.executor.cores=2", script)
    refused(cluster, 3, "Ask for 450m or more", "--executor-memory", "256m", script)
    refused(cluster, 3, "The driver asks for 2048 MiB", "--deploy-mode", "cluster", "--driver-memory", "2g", "--class", "X",
            "spark-internal")
    refused(cluster, 3, "no Python program in cluster mode", "--deploy-mode=cluster", script)
    refused(cluster, 4, "cannot reach the driver at 127.0.0.2", "--conf", "spark.driver.host=127.0.0.2", script)
    refused(cluster, 4, "cannot be run there", script, variables={"PYSPARK_DRIVER_PYTHON": "/no/such/python"})
    refused(cluster, 2, "there is no such file", script + ".not")
    refused(cluster, 2, "spark.jars names no.jar", "--jars", "no.jar", script)
    refused(cluster, 3, "made for Scala 2.12, and this Spark has Scala 2.13", "--packages", "org.example:lib_2.12:1.0", script)
    refused(cluster, 2, "Did you mean --class?", "--clas", "X", script)
    refused(cluster, 6, "There is no cluster \"other\"", "--cluster", "other", script)


def check_advice(cluster, script):
    done = submit(cluster, "submit", "--dry-run", "-c", "spark.sql.adaptive.optimizeSkewedJoin.enabled=true", "-c",
                  "spark.default.parallelism=1", script)
    said = " ".join(done.stderr.split())
    assert done.returncode == 0 and "Did you mean spark.sql.adaptive.skewJoin.enabled?" in said, show(done)
    assert "spark.default.parallelism is 1, and the executors have 2 cores" in said, show(done)
    done = submit(cluster, "submit", "--dry-run", script)
    assert done.returncode == 0 and done.stderr == "", show(done)


def check_client(cluster, script):
    done = submit(cluster, "submit", "--json", script, "3", "a b")
    result = json.loads(done.stdout)
    assert done.returncode == 3 and SUM + "['3', 'a b']" in done.stderr, show(done)
    assert (result["state"], result["exit_code"], result["mode"]) == ("failed", 3, "client"), result
    assert result["application"].startswith("app-") and result["duration"] > 0, result
    assert SUM in pathlib.Path(result["logs"]["driver"]).read_text() and result["logs"]["executors"], result
    assert SUM in cluster.run("logs", "--app", result["application"]), "the driver's log is found by the application"

    done = submit(cluster, "submit", script, variables={"CMD": "raise 'x y'"})
    assert done.returncode == 1 and "ValueError: no such luck" in " ".join(done.stderr.split()), show(done)
    assert done.stdout.startswith(SUM + "['raise', 'x y']") and "starting" in done.stderr, show(done)


def check_cluster_mode(cluster, script):
    jar = next((pathlib.Path(cluster.spark_home()) / "jars").glob("spark-core_*.jar"))
    # Spark's own class that runs a Python program: a JVM application that every Spark carries.
    done = submit(cluster, "submit", "--json", "--deploy-mode", "cluster", "--driver-memory", "512m", "--class",
                  "org.apache.spark.deploy.PythonRunner", str(jar), script, "", "3")
    result = json.loads(done.stdout)
    assert done.returncode == 10 and SUM + "['3']" in done.stderr, show(done)
    assert result["state"] == "failed" and result["driver"].startswith("driver-"), result
    status = submit(cluster, "submit", "--status", result["driver"])
    assert status.stdout == f"{result['driver']} FAILED\n", show(status)


def job_of(cluster, script, *words):
    """A job that sleeps, once its application runs: the process of `submit` and the job's record."""
    before = len(json.loads(cluster.run("job", "list", "--json"))["jobs"])
    process = subprocess.Popen([cluster.program, "submit", *words, script, "sleep"],
                               env={**cluster.env, "PYSPARK_PYTHON": sys.executable}, cwd=cluster.work,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    record = {}

    def runs():
        jobs = json.loads(cluster.run("job", "list", "--json"))["jobs"]
        record.update(jobs[-1])
        return len(jobs) > before and record["application"] and SUM in pathlib.Path(record["logs"]["driver"]).read_text()

    wait("the job runs", runs, 300)
    return process, record


def check_stops(cluster, script):
    process, record = job_of(cluster, script)
    ports = json.loads((cluster.home() / "jobs" / record["id"] / "job.json").read_text())["ports"]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130 and SUM in out, (process.returncode, out, err)
    assert json.loads(cluster.run("job", "show", record["id"], "--json"))["state"] == "killed"
    for port in ports.values():
        socket.create_server(("127.0.0.1", port)).close()

    process, record = job_of(cluster, script, "--no-wait")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0 and out == record["id"] + "\n", (out, err)
    assert record["state"] == "running", record
    cluster.run("job", "kill", record["id"])
    ended = json.loads(cluster.run("job", "show", record["application"], "--json"))
    assert (ended["state"], ended["exit_code"]) == ("killed", 128 + signal.SIGTERM), ended


def check_embedded(cluster, script):
    done = submit(cluster, "submit", "--on", "embedded", "--executor-memory", "9g", script, "3", variables={"PYSPARK_PYTHON": python()})
    assert done.returncode == 3 and done.stdout == SUM + "['3']\n", show(done)
    assert "--executor-memory" in done.stderr, show(done)


def check_shells(cluster):
    done = submit(cluster, "repl", "sql", "-e", "SELECT sum(id) FROM range(1000)")
    assert done.returncode == 0 and "499500" in done.stdout, show(done)
    done = submit(cluster, "repl", "pyspark", text="print('sum', spark.range(1000).selectExpr('sum(id)').collect()[0][0])\n")
    assert done.returncode == 0 and "sum 499500" in done.stdout, show(done)
    done = submit(cluster, "repl", "skala")
    assert done.returncode == 2 and "Did you mean scala?" in done.stderr, show(done)


def check_examples(cluster):
    assert "ml/kmeans_example\n" in cluster.run("run-example")
    done = submit(cluster, "pi", "2")
    assert done.returncode == 0 and "Pi is roughly 3.1" in done.stdout, show(done)
    done = submit(cluster, "run-example", "SparkPi", "2")
    assert done.returncode == 0 and "Pi is roughly 3.1" in done.stdout and "twin in Python" in " ".join(done.stderr.split()), show(done)
    assert "for the JVM" in cluster.run("run-example", "ml.LinearRegressionExample", expect=4)


def run(cluster):
    with tempfile.TemporaryDirectory(prefix="tinderbox-job-") as folder:
        script = str(pathlib.Path(folder) / "job.py")
        pathlib.Path(script).write_text(SCRIPT)
        check_refusals(cluster, script)
        check_advice(cluster, script)
        check_client(cluster, script)
        check_cluster_mode(cluster, script)
        check_stops(cluster, script)
        check_embedded(cluster, script)
        check_shells(cluster)
        check_examples(cluster)
    assert not list((cluster.home() / "scratch").glob("job-*")), "scratch files stay"
