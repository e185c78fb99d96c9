"""A real Spark cluster from `tinderbox up` to `tinderbox down`, and nothing left at the end. The topics run in turn on
one cluster of two workers.

usage: run.py PROGRAM [TOPIC...]

A topic is a file TOPIC.py beside this one with a function run(cluster) (see common.Cluster). It finds master, two workers,
Connect, history and gateway ready, and leaves them so. Spark is that of SPARK_HOME, or the one that `tinderbox up` installs
into the cache.
"""

import importlib
import json
import sys

from common import clusters, timed

TOPICS = ("pages", "life", "verbs", "submit", "develop", "survival", "twins", "cached", "engines", "verify")


def main():
    topics = sys.argv[2:] or TOPICS
    with clusters(sys.argv[1]) as make:
        cluster = make()
        addresses = json.loads(timed("up", lambda: cluster.run("up", "--workers", "2", "--json", "--timeout", "15min")))
        print(cluster.run("timeline"), end="")
        assert {service["state"] for service in cluster.status()["services"]} == {"ready"}
        assert cluster.alive_workers() == 2
        timed("a Spark Connect query", lambda: cluster.run("probe-connect", addresses["connect"].removeprefix("sc://")))
        for topic in topics:
            timed(topic, lambda: importlib.import_module(topic).run(cluster))
            assert {service["state"] for service in cluster.status()["services"]} == {"ready"}, cluster.status()
            assert cluster.alive_workers() == 2, f"{topic} leaves another number of workers"


if __name__ == "__main__":
    main()
