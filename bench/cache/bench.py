"""Measures what kept results save: aggregates over a Parquet table, by `tinderbox sql` without a cache, with an empty one, and again.

    ./dev bench cache [--rows 10000000] [--runs 3] [--on sc://HOST:PORT]

The Redis is one of the benchmark's own. Times are those of whole programs, start included; with --on the query runs on that server.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "..", "tests", "cache")]
from redis import Redis

QUERIES = {
    "by 7 keys": "SELECT k % 7 AS k, count(*) AS n, sum(v) AS s, avg(v) AS a, max(t) AS t FROM parquet.`{}` GROUP BY 1 ORDER BY 1",
    "by 100,000 keys": "SELECT k, count(*) AS n, sum(v) AS s, count(DISTINCT t) AS d FROM parquet.`{}` GROUP BY 1 ORDER BY 1",
    "distinct texts": "SELECT count(DISTINCT t) AS n, count(DISTINCT k) AS k FROM parquet.`{}`",
}


def run(words, env):
    begin = time.monotonic()
    done = subprocess.run(words, env=env, capture_output=True, check=True)
    return time.monotonic() - begin, done.stdout


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("folder")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--on")
    options = parser.parse_args()
    data = os.path.join(options.folder, "data", f"cache-{options.rows}")
    if not os.path.exists(os.path.join(data, "_SUCCESS")):
        print("    making the table …", flush=True)
        subprocess.run([options.program, "sql", f"INSERT OVERWRITE DIRECTORY '{data}' USING parquet SELECT id, id * 48271 % 100003 AS k, "
                        f"id % 10007 AS v, sha1(cast(id % 500000 AS string)) AS t FROM range({options.rows})"], check=True)
    print(f"{options.rows:,} rows{' on ' + options.on if options.on else ''}, median of {options.runs}\n\n{'':18} {'no cache':>10} {'first':>10} {'again':>10} {'no cache / again':>17}")
    with Redis() as redis:
        env = {**os.environ, "TINDERBOX_REDIS_URL": redis.url}
        words = [options.program, "sql", "--format", "csv", *(["--on", options.on] if options.on else [])]
        for name, query in QUERIES.items():
            times = {"none": [], "first": [], "again": []}
            answers = set()
            for _ in range(options.runs):
                subprocess.run([options.program, "cache", "clear", "--yes"], env=env, check=True, capture_output=True)
                for kind, flags in (("none", []), ("first", ["--cache", "1h"]), ("again", ["--cache", "1h"])):
                    seconds, answer = run([*words, *flags, query.format(data)], env)
                    times[kind].append(seconds)
                    answers.add(answer)
            assert len(answers) == 1, f"{name}: the cache changes the answer"
            none, first, again = (statistics.median(times[kind]) for kind in ("none", "first", "again"))
            print(f"{name:18} {none:8.2f} s {first:8.2f} s {again:8.2f} s {none / again:16.1f}x", flush=True)


if __name__ == "__main__":
    main()
