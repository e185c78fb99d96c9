"""Random kills, round after round, on a cluster of three workers: services, executors, the supervisor, several at once,
some of them while a job runs. After each round everything is as it was, jobs give the right answer, and at the end
nothing is left.

usage: chaos.py PROGRAM ROUNDS SEED [FLAG...]

The flags are those of `tinderbox up`.
"""

import os
import pathlib
import random
import signal
import statistics
import sys
import time

import common

WORKERS = 3
JOB_EVERY = 4  # rounds
LIMIT = 240  # seconds in which a round must be over

JOB = """
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.appName("chaos").getOrCreate()
slow = F.udf(lambda n: __import__("time").sleep(0.002) or n, "long")
rows = spark.range(0, 4000, 1, 12).select((slow("id") % 7).alias("k")).groupBy("k").count().orderBy("k").collect()
print("ANSWER", [tuple(row) for row in rows])
spark.stop()
"""
ANSWER = "ANSWER " + str([(k, len(range(k, 4000, 7))) for k in range(7)])


def executors(cluster):
    """Processes of running executors."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if b"CoarseGrainedExecutorBackend" in (process / "cmdline").read_bytes() and \
                    str(cluster.folder).encode() in (process / "environ").read_bytes():
                found.append(int(process.name))
        except OSError:
            continue
    return found


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def strike(cluster, choice):
    """Kills one to three things; returns their names."""
    targets = {service["name"]: service["pid"] for service in cluster.status()["services"] if service["pid"]}
    pid_file = cluster.home() / "supervisor.pid"
    if pid_file.exists():
        targets["supervisor"] = int(pid_file.read_text())
    for number, pid in enumerate(executors(cluster)):
        targets[f"executor {number + 1}"] = pid
    names = choice.sample(sorted(targets), min(len(targets), choice.choice([1, 1, 1, 2, 3])))
    for name in names:
        kill(targets[name])
    return names


def is_whole(cluster):
    status = cluster.status()
    return (status["state"] == "ready" and all(service["state"] == "ready" for service in status["services"]) and
            cluster.alive_workers() == WORKERS)


def recover(cluster, up):
    """Lets the supervisor mend it; a killed supervisor and a service that gave up need a person's `up`."""
    begin = time.monotonic()
    while not is_whole(cluster):
        assert time.monotonic() - begin < LIMIT, cluster.status()
        states = {service["state"] for service in cluster.status()["services"]}
        if cluster.status()["state"] == "not supervised" or "crash loop" in states:
            cluster.run("up", *up, "--quiet")
        time.sleep(0.2)
    return time.monotonic() - begin


def main():
    program, rounds, seed, up = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), ["--workers", str(WORKERS), *sys.argv[4:]]
    choice = random.Random(seed)
    jobs = 0
    times = []
    with common.clusters(program) as make:
        cluster = make()
        common.timed("up", lambda: cluster.run("up", *up))
        script = cluster.folder / "job.py"
        script.write_text(JOB)
        names = {service["name"] for service in cluster.status()["services"]}
        for number in range(1, rounds + 1):
            job = None
            if number % JOB_EVERY == 0:
                job = cluster.start_job(script, options=("--conf", "spark.task.maxFailures=50"))
                common.wait("the job has executors", lambda: job.poll() is not None or executors(cluster))
                time.sleep(choice.uniform(0, 5))
            killed = strike(cluster, choice)
            if choice.random() < 0.3:  # again, while it recovers
                time.sleep(choice.uniform(0, 3))
                killed += strike(cluster, choice)
            seconds = recover(cluster, up)
            times.append(seconds)
            if job is not None:
                out, err = job.communicate(timeout=LIMIT)
                assert job.returncode == 0 and ANSWER in out, f"round {number}, killed {killed}:\n{out}\n{err[-5000:]}"
                jobs += 1
            assert {service["name"] for service in cluster.status()["services"]} == names
            print(f"  round {number}: {', '.join(killed)}{' during a job' if job else ''}: {seconds:.1f} s", flush=True)
        common.wait(f"the history shows {jobs} jobs that have ended", lambda: jobs == common.get(
            cluster.address("history"), "/api/v1/applications?status=completed")[1].count('"chaos"'), 60)
        kill(int((cluster.home() / "supervisor.pid").read_text()))
    times.sort()
    print(f"{rounds} rounds, {jobs} jobs with the right answer; whole again after {statistics.median(times):.1f} s (median), "
          f"{times[int(len(times) * 0.95)]:.1f} s (95 %), {times[-1]:.1f} s (most)")


if __name__ == "__main__":
    main()
