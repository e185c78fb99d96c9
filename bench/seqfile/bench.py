"""Reading many small files against one SequenceFile that holds them.

    ./dev bench seqfile [--files 10000] [--size 100000] [--rounds 3] [--hdfs]

Each is read as plain files, by the embedded engine, and by a real Spark (SPARK_HOME, or what `tinderbox up` installed; left out
without one), each with the files dropped from the system's cache before ("cold") and not ("warm"). --hdfs: the same from the HDFS of a
cluster of the benchmark's own, warm. Of the rounds the median is shown, and every answer is checked. Only ratios within one run say
something.
"""

import argparse
import glob
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TIMED = os.path.join(HERE, "..", "diff", "timed.py")
sys.path.append(os.path.join(HERE, "..", "cluster"))
from own_cluster import OwnCluster  # noqa: E402

# Seconds of reads in one session: the start of the JVM does not count.
SPARK = """
import json, sys, time
sys.path[:0] = json.loads(sys.argv[1])
from pyspark import SparkConf, SparkContext
sys.path.insert(0, sys.argv[2])
import bench
conf = SparkConf().setMaster("local[*]").set("spark.ui.enabled", "false").set("spark.driver.host", "127.0.0.1")
spark = SparkContext(conf=conf)
spark.setLogLevel("OFF")
spark.parallelize([1]).count()
folder, packed, rounds, expected = json.loads(sys.argv[3])
here = folder.startswith("file:")
out = []
for cold in (True, False) if here else (False,):
    for name, read in (("many", lambda: spark.binaryFiles(folder + "/*")), ("one", lambda: spark.sequenceFile(packed))):
        seconds = []
        for _ in range(rounds):
            bench.drop(folder.removeprefix("file://"), packed.removeprefix("file://")) if cold else None
            began = time.monotonic()
            total = read().map(lambda pair: len(pair[1])).sum()
            seconds.append(time.monotonic() - began)
            assert total == expected, total
        out.append((name, cold, seconds))
print("RESULT " + json.dumps(out))
"""


def make(folder, files, size):
    """Files of words, no line end in them, so that each is one row of text as well."""
    mark = os.path.join(folder, f"made-{files}-{size}")
    data = os.path.join(folder, "files")
    if os.path.exists(mark):
        return data
    shutil.rmtree(folder, ignore_errors=True)
    words = ("the quick brown fox jumps over a lazy dog " * (size // 40 + 2)).encode()
    for i in range(files):
        part = os.path.join(data, f"{i // 1000:03}")
        os.makedirs(part, exist_ok=True)
        with open(os.path.join(part, f"{i:06}.txt"), "wb") as file:
            file.write((b"%d " % (i * 7919) + words)[:size])
    open(mark, "w").close()
    return data


def drop(*paths):
    """Puts files out of the system's cache."""
    for path in paths:
        names = [os.path.join(parent, name) for parent, _, names in os.walk(path) for name in names] if os.path.isdir(path) else [path]
        for name in names:
            file = os.open(name, os.O_RDONLY)
            os.fsync(file)
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(file)


def run(words, folder, environment=None):
    """Seconds, peak MB and output of a command."""
    result = os.path.join(folder, "timed.json")
    done = subprocess.run([sys.executable, TIMED, result, *words], capture_output=True, text=True, env={**os.environ, **(environment or {})})
    if done.returncode != 0:
        sys.exit(f"{words}: {done.stdout}{done.stderr}")
    took = json.load(open(result))
    return took["wall"], took["peak"], done.stdout


def plain(files):
    total = 0
    for path in files:
        with open(path, "rb", buffering=0) as file:
            while piece := file.read(1 << 20):
                total += len(piece)
    return total


def find_spark():
    cache = os.environ.get("TINDERBOX_CACHE") or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "tinderbox")
    home = os.environ.get("SPARK_HOME") or max(glob.glob(os.path.join(cache, "dist", "pyspark-*", "python")), default="").removesuffix("/python")
    return home if home and shutil.which("java") else None


def row(name, many, one):
    many, one = statistics.median(many), statistics.median(one)
    print(f"{name:<32} {many:9.2f} s {one:9.2f} s {many / one:8.1f} x", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("cache")
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--hdfs", action="store_true")
    options = parser.parse_args()
    folder = os.path.join(options.cache, "seqfile")
    data = make(folder, options.files, options.size)
    expected = options.files * options.size
    packed = os.path.join(folder, "packed.seq")

    print(f"{options.files:,} files of {options.size:,} bytes, packed:")
    for codec in ("deflate", "snappy", "zstd", "none"):  # the last one stays
        seconds, peak, _ = run([options.program, "pack", data, packed, "--codec", codec, "--force", "-q"], folder)
        verify, verify_peak, _ = run([options.program, "ls", "--verify", packed], folder)
        print(f"  {codec:<8} {seconds:7.2f} s, {peak:4.0f} MB of memory, {os.path.getsize(packed) / 1e6:8.1f} MB; "
              f"ls --verify {verify:6.2f} s, {verify_peak:4.0f} MB", flush=True)

    print(f"\n{'reading everything':<32} {'many files':>11} {'one file':>11} {'ratio':>10}")
    files = sorted(os.path.join(parent, name) for parent, _, names in os.walk(data) for name in names)
    for cold in (True, False):
        many, one, sql_many, sql_one = [], [], [], []
        for _ in range(options.rounds):
            for into, paths in ((many, files), (one, [packed])):
                drop(data, packed) if cold else None
                began = time.monotonic()
                if plain(paths) < expected:
                    sys.exit("not everything was read")
                into.append(time.monotonic() - began)
            for into, table in ((sql_many, f"text.`{data}`"), (sql_one, f"sequencefile.`{packed}`")):
                drop(data, packed) if cold else None
                into.append(sql(options.program, folder, table, expected))
        name = "cold" if cold else "warm"
        row(f"bytes, one after another, {name}", many, one)
        row(f"tinderbox sql, {name}", sql_many, sql_one)
    spark(f"file://{data}", f"file://{packed}", options.rounds, expected)
    if options.hdfs:
        from_hdfs(options, folder, data, packed)


def sql(program, folder, table, expected, environment=None):
    """Seconds of the embedded engine for a sum over all that a table of texts holds."""
    seconds, _, text = run([program, "sql", f"SELECT sum(length(value)) FROM {table}"], folder, environment)
    if str(expected) not in text:
        sys.exit(f"another answer from {table}: {text}")
    return seconds


def spark(data, packed, rounds, expected):
    home = find_spark()
    if home is None:
        print("a real Spark: left out, there is none (tinderbox up installs it) or no Java")
        return
    paths = [os.path.join(home, "python"), *glob.glob(os.path.join(home, "python", "lib", "py4j-*.zip"))]
    work = json.dumps([data, packed, rounds, expected])
    done = subprocess.run([sys.executable, "-c", SPARK, json.dumps(paths), HERE, work], capture_output=True, text=True,
                          env={**os.environ, "SPARK_HOME": home, "PYSPARK_PYTHON": sys.executable})
    result = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not result:
        sys.exit(done.stdout + done.stderr)
    taken = {}
    for name, cold, seconds in json.loads(result[0].removeprefix("RESULT ")):
        taken.setdefault(cold, {})[name] = seconds
    for cold, seconds in taken.items():
        row(f"Spark RDD, {'cold' if cold else 'warm'}", seconds["many"], seconds["one"])


def from_hdfs(options, folder, data, packed):
    with OwnCluster(options.program, folder) as cluster:
        cluster.up("--workers", "1", "--with", "hdfs")
        hdfs = f"hdfs://127.0.0.1:{cluster.port('namenode', 'rpc')}"
        began = time.monotonic()
        cluster.run("hdfs", "dfs", "-put", "-f", data, packed, "/")
        print(f"\nfrom HDFS (copied there in {time.monotonic() - began:.0f} s)")
        many, one = f"{hdfs}/{os.path.basename(data)}", f"{hdfs}/{os.path.basename(packed)}"
        environment = {"HADOOP_CONF_DIR": os.path.join(folder, "tinderbox", "clusters", cluster.name, "conf")}
        expected = options.files * options.size
        seconds = {table: [sql(options.program, folder, table, expected, environment) for _ in range(options.rounds)]
                   for table in (f"text.`{many}`", f"sequencefile.`{one}`")}
        row("tinderbox sql, HDFS", *seconds.values())
        spark(many, one, options.rounds, expected)


if __name__ == "__main__":
    main()
