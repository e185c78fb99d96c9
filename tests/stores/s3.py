"""The embedded engine on an S3 server: reads, writes, faults.

usage: s3.py PROGRAM
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
import services
from server import Server

from pyspark.sql import SparkSession

PROGRAM = os.path.abspath(sys.argv[1])


def settings(address):
    return {"spark.hadoop.fs.s3a.endpoint": f"http://{address}", "spark.hadoop.fs.s3a.access.key": services.KEY,
            "spark.hadoop.fs.s3a.secret.key": services.SECRET, "spark.hadoop.fs.s3a.path.style.access": "true"}


def reads(spark, bucket):
    for name, text in {"people/a.csv": "id,name\n1,Ann\n2,Bo\n", "people/b.csv": "id,name\n3,Cy\n", "people/_hidden.csv": "id,name\n9,No\n",
                       "people/x y+ü%.csv": "id,name\n4,Dö\n"}.items():
        bucket.put("data/" + name, text.encode())
    for day, ids in {"2024-01-01": (1, 2), "2024-01-02": (3,)}.items():
        bucket.put(f"data/parts/day={day}/part-0.json", "".join(f'{{"id":{i}}}\n' for i in ids).encode())
    bucket.put("data/lines.txt", b"one\ntwo\n")
    csv = spark.read.option("header", True).option("inferSchema", True)
    assert sorted(map(tuple, csv.csv("s3a://data/people").collect())) == [(1, "Ann"), (2, "Bo"), (3, "Cy"), (4, "Dö")]
    assert sorted(map(tuple, csv.csv("s3a://data/people/{a,b}.csv").collect())) == [(1, "Ann"), (2, "Bo"), (3, "Cy")]
    assert csv.csv("s3://data/peo*/[a]*.csv").count() == 2
    assert csv.csv(["s3a://data/people/a.csv", "s3a://data/people/b.csv"]).count() == 3
    assert csv.option("pathGlobFilter", "b*").csv("s3a://data/people/").count() == 1
    files = csv.csv("s3a://data/people/b.csv").select("name", "_metadata.file_path", "_metadata.file_size").collect()
    assert files == [("Cy", "s3a://data/people/b.csv", 13)], files
    assert csv.csv("s3a://data/people/b.csv").inputFiles() == ["s3a://data/people/b.csv"]
    days = spark.read.json("s3a://data/parts")
    assert sorted((r.id, str(r.day)) for r in days.collect()) == [(1, "2024-01-01"), (2, "2024-01-01"), (3, "2024-01-02")]
    assert [r.id for r in spark.read.option("basePath", "s3a://data/parts").json("s3a://data/parts/day=2024-01-02").select("id", "day").collect()] == [3]
    assert [r.value for r in spark.sql("SELECT * FROM text.`s3a://data/lines.txt`").collect()] == ["one", "two"]
    # What is written meanwhile is seen by the next read, also when its size is the same.
    bucket.put("data/lines.txt", b"eins\nzw")
    assert [r.value for r in spark.read.text("s3a://data/lines.txt").collect()] == ["eins", "zw"]
    bucket.put("data/lines.txt", b"ein5\nzw")
    assert [r.value for r in spark.read.text("s3a://data/lines.txt").collect()] == ["ein5", "zw"]
    services.fails(lambda: spark.read.text("s3a://data/nothing").collect(), "PATH_NOT_FOUND", "s3a://data/nothing")
    services.fails(lambda: spark.read.text("s3a://nobucket/x").collect(), "nobucket")
    # Options of one reader stand before the session's settings.
    services.fails(lambda: spark.read.option("fs.s3a.secret.key", "wrong").text("s3a://data/lines.txt").collect(), "403")
    services.fails(lambda: spark.read.option("fs.s3a.aws.credentials.provider", "com.example.Vault").text("s3a://data/lines.txt").collect(),
          "com.example.Vault")


def data_files(bucket, prefix):
    return [key for key in bucket.keys("out", prefix) if not key.endswith("_SUCCESS")]


def writes(spark, bucket):
    frame = spark.range(1000).selectExpr("id", "id % 3 AS k", "concat('n', id) AS name")
    frame.write.parquet("s3a://out/numbers")
    first = data_files(bucket, "numbers/")
    assert len(first) == 1 and "numbers/_SUCCESS" in bucket.keys("out", "numbers/"), bucket.keys("out")
    assert bucket.get("out/" + first[0])[:4] == b"PAR1"
    assert spark.read.parquet("s3a://out/numbers").selectExpr("count(*)", "sum(id)").first()[:] == (1000, 499500)
    services.fails(lambda: frame.write.parquet("s3a://out/numbers"), "PATH_ALREADY_EXISTS", "s3a://out/numbers")
    frame.write.mode("ignore").parquet("s3a://out/numbers")
    assert data_files(bucket, "numbers/") == first
    frame.write.mode("append").parquet("s3a://out/numbers")
    assert spark.read.parquet("s3a://out/numbers").count() == 2000
    services.fails(lambda: spark.read.parquet("s3a://out/numbers").write.mode("overwrite").parquet("s3a://out/numbers"), "UNSUPPORTED_OVERWRITE")
    frame.limit(10).write.mode("overwrite").parquet("s3a://out/numbers")
    assert spark.read.parquet("s3a://out/numbers").count() == 10
    assert len(data_files(bucket, "numbers/")) == 1 and first[0] not in bucket.keys("out")
    frame.write.partitionBy("k").option("header", True).csv("s3a://out/by k")
    assert {key.split("/")[1] for key in data_files(bucket, "by k/")} == {"k=0", "k=1", "k=2"}, bucket.keys("out")
    back = spark.read.option("header", True).csv("s3a://out/by k")
    assert {r.k: r["count"] for r in back.groupBy("k").count().collect()} == {0: 334, 1: 333, 2: 333}
    spark.conf.set("spark.sql.sources.partitionOverwriteMode", "dynamic")
    frame.where("k = 1").limit(5).write.mode("overwrite").partitionBy("k").option("header", True).csv("s3a://out/by k")
    spark.conf.unset("spark.sql.sources.partitionOverwriteMode")
    back = spark.read.option("header", True).csv("s3a://out/by k")
    assert {r.k: r["count"] for r in back.groupBy("k").count().collect()} == {0: 334, 1: 5, 2: 333}
    spark.sql("INSERT OVERWRITE DIRECTORY 's3a://out/said' USING json SELECT 1 AS one")
    assert b"".join(bucket.get("out/" + key) for key in data_files(bucket, "said/")) == b'{"one":1}\n'
    # Nothing is left when the rows cannot be computed, and what was there stays.
    services.fails(lambda: spark.range(10).selectExpr("raise_error('no')").write.mode("overwrite").parquet("s3a://out/numbers"), "no")
    services.fails(lambda: spark.range(10).selectExpr("raise_error('no')").write.parquet("s3a://out/never"), "no")
    assert spark.read.parquet("s3a://out/numbers").count() == 10 and not bucket.keys("out", "never")


def faults(server, bucket):
    """Answers that end too early, and uploads that cannot be completed."""
    big = b"".join(b"%d,%s\n" % (i, b"x" * 90) for i in range(200_000))
    for name in ("big", "cut", "new"):  # an engine fetches the same file once
        bucket.put(f"data/{name}.csv", big)
    cuts = []

    def cut(head, sent):
        if head.startswith(b"GET /data/big.csv") and len(cuts) < 5 and sent > 1_000_000:
            cuts.append(sent)
            return 100
        return None

    proxy = services.Cutting(bucket.address, cut)
    spark = session(server, proxy.address)
    rows = spark.read.csv("s3a://data/big.csv").selectExpr("count(*)", "sum(length(_c1))", "sum(_c0)").first()
    assert rows[:2] == (200_000, 18_000_000) and float(rows[2]) == 19999900000.0, rows
    assert len(cuts) == 5, cuts
    proxy.close()
    # One that is always cut at once ends with a clear error.
    proxy = services.Cutting(bucket.address, lambda head, sent: 20 if head.startswith(b"GET /data/cut.csv") else None)
    spark = session(server, proxy.address)
    services.fails(lambda: spark.read.csv("s3a://data/cut.csv").count(), "s3a://data/cut.csv", "tried 5 times")
    proxy.close()
    # An object that is replaced while it is read.
    state = []

    def replace(head, sent):
        if head.startswith(b"GET /data/new.csv") and not state:
            state.append(1)
            bucket.put("data/new.csv", big[:-10] + b"9" * 9 + b"\n")
            return 0
        return None

    proxy = services.Cutting(bucket.address, replace)
    spark = session(server, proxy.address)
    services.fails(lambda: spark.read.csv("s3a://data/new.csv").count(), "replaced while it was read")
    proxy.close()
    # The second file cannot be completed: the first goes again, the old ones stay.
    frame = session(server, bucket.address).range(100).selectExpr("id", "id % 3 AS k")
    frame.write.partitionBy("k").json("s3a://out/half")
    before = bucket.keys("out", "half/")
    completed = []

    def refuse(head, sent):
        if head.startswith(b"POST ") and b"uploadId=" in head.split(b"\r\n")[0]:
            completed.append(1)
            return 0 if len(completed) > 1 else None
        return None

    proxy = services.Cutting(bucket.address, refuse)
    spark = session(server, proxy.address)
    frame = spark.range(100).selectExpr("id", "id % 3 AS k")
    services.fails(lambda: frame.write.mode("overwrite").partitionBy("k").json("s3a://out/half"), "cannot be written")
    assert len(completed) > 1
    proxy.close()
    left = bucket.uploads("out")
    assert bucket.keys("out", "half/") == before and not left, (bucket.keys("out", "half/"), left)


def session(server, address):
    spark = SparkSession.builder.remote(server.remote).create()
    for name, value in settings(address).items():
        spark.conf.set(name, value)
    return spark


def diffs(bucket, folder):
    """tinderbox diff, with the keys in the environment."""
    bucket.put("data/l/a.csv", b"id,v\n1,a\n2,b\n3,c\n")
    bucket.put("data/r/part=1/a.csv", b"id,v\n1,a\n2,B\n")
    bucket.put("data/r/part=1/b.csv", b"id,v\n4,d\n")
    env = {**os.environ, "AWS_ACCESS_KEY_ID": services.KEY, "AWS_SECRET_ACCESS_KEY": services.SECRET,
           "AWS_ENDPOINT_URL": f"http://{bucket.address}", "TMPDIR": str(folder)}

    def diff(*words, code):
        done = subprocess.run([PROGRAM, "diff", *words], env=env, capture_output=True, text=True, cwd=folder)
        assert done.returncode == code, (words, done)
        return done.stdout if code < 2 else done.stderr

    counts = services.answer(diff("s3a://data/l", "s3a://data/r/part=1", "--key", "id", "--json", code=1))
    local = folder / "local.csv"
    local.write_bytes(b"id,v\n1,a\n2,B\n4,d\n")
    same = services.answer(diff("s3a://data/l/a.csv", str(local), "--key", "id", "--json", code=1))
    local.unlink()
    assert counts == same, (counts, same)
    diff("s3a://data/l", "s3a://data/r/part=1", "--key", "id", "--quiet", "--output", "s3a://out/changes", "--output-format", "csv", code=1)
    assert "changes/_SUCCESS" in bucket.keys("out", "changes/")
    assert "s3a://data/none" in diff("s3a://data/none", "s3a://data/l", code=2)
    bad = json.loads(diff("s3a://data/l", "s3a://data/r/part=1/a.csv", "--schema", "id INT, v INT", "--json", code=1))
    assert "s3a://data/l/a.csv" in json.dumps(bad), bad
    assert services.SECRET not in json.dumps(bad)
    assert not list(folder.iterdir()), list(folder.iterdir())


def main():
    with services.s3() as bucket, tempfile.TemporaryDirectory(prefix="tinderbox-test-") as folder:
        bucket.make("data")
        bucket.make("out")
        work = pathlib.Path(folder) / "work"
        work.mkdir()
        with Server(PROGRAM, "--temp", str(work)) as server:
            spark = session(server, bucket.address)
            try:
                for topic in (reads, writes):
                    topic(spark, bucket)
                    print("ok", topic.__name__)
                faults(server, bucket)
                print("ok faults")
            finally:
                spark.stop()
            assert services.SECRET not in server.output()
        assert not list(work.iterdir()), list(work.iterdir())
        diffs(bucket, work)
        print("ok diffs")


if __name__ == "__main__":
    main()
