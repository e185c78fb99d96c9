"""The embedded engine on HDFS, through WebHDFS: reads, writes, faults; and a diff between HDFS and S3.

usage: hdfs.py PROGRAM
"""

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


def session(server, http):
    spark = SparkSession.builder.remote(server.remote).create()
    spark.conf.set("spark.hadoop.dfs.namenode.http-address", http)
    return spark


def data_files(hdfs, folder):
    return [name for name in hdfs.names(folder) if not name.endswith("_SUCCESS")]


def reads(spark, hdfs):
    hdfs.put("/data/a.csv", b"id,name\n1,Ann\n2,Bo\n")
    hdfs.put("/data/x y+%.csv", b"id,name\n3,Cy\n")
    hdfs.put("/data/_hidden.csv", b"id,name\n9,No\n")
    hdfs.put("/parts/day=2024-01-01/p.json", b'{"id":1}\n')
    hdfs.put("/parts/day=2024-01-02/p.json", b'{"id":2}\n')
    csv = spark.read.option("header", True).option("inferSchema", True)
    assert sorted(map(tuple, csv.csv(hdfs.url + "/data").collect())) == [(1, "Ann"), (2, "Bo"), (3, "Cy")]
    assert csv.csv(hdfs.url + "/da*/[a-b].{csv,txt}").count() == 2
    assert csv.csv(f"webhdfs://127.0.0.1:{hdfs.http}/data/a.csv").count() == 2
    assert sorted((r.id, str(r.day)) for r in spark.read.json(hdfs.url + "/parts").collect()) == [(1, "2024-01-01"), (2, "2024-01-02")]
    assert csv.csv(hdfs.url + "/data/a.csv").select("_metadata.file_path").first()[0] == hdfs.url + "/data/a.csv"
    hdfs.put("/data/a.csv", b"id,name\n1,Eve\n2,Bo\n")
    assert csv.csv(hdfs.url + "/data/a.csv").first().name == "Eve"
    services.fails(lambda: spark.read.text(hdfs.url + "/none").collect(), "PATH_NOT_FOUND", hdfs.url + "/none")
    services.fails(lambda: spark.read.text("hdfs:///data").collect(), "fs.defaultFS")


def writes(spark, hdfs):
    out = hdfs.url + "/out/numbers"
    frame = spark.range(1000).selectExpr("id", "id % 3 AS k")
    frame.write.parquet(out)
    first = data_files(hdfs, "/out/numbers")
    assert len(first) == 1 and hdfs.get(first[0])[:4] == b"PAR1" and "/out/numbers/_SUCCESS" in hdfs.names("/out")
    services.fails(lambda: frame.write.parquet(out), "PATH_ALREADY_EXISTS", out)
    frame.write.mode("ignore").parquet(out)
    frame.write.mode("append").parquet(out)
    assert spark.read.parquet(out).count() == 2000
    frame.limit(10).write.mode("overwrite").parquet(out)
    assert spark.read.parquet(out).count() == 10 and len(hdfs.names("/out")) == 2
    frame.write.partitionBy("k").json(hdfs.url + "/out/k")
    spark.conf.set("spark.sql.sources.partitionOverwriteMode", "dynamic")
    frame.where("k = 1").limit(5).write.mode("overwrite").partitionBy("k").json(hdfs.url + "/out/k")
    assert {r.k: r["count"] for r in spark.read.json(hdfs.url + "/out/k").groupBy("k").count().collect()} == {0: 334, 1: 5, 2: 333}
    before = hdfs.names("/out")
    services.fails(lambda: spark.range(10).selectExpr("raise_error('no')").write.mode("overwrite").parquet(out), "no")
    assert hdfs.names("/out") == before
    # A NameNode that refuses the last rename of a dynamic overwrite: everything is put back.
    renames = []

    def refuse(head, sent):
        line = head.split(b"\r\n")[0]
        # Of the files; the folders that were put aside go back.
        if b"op=RENAME" not in line or b"destination=/out/k/" not in line or b".json" not in line.split(b"destination=")[1]:
            return None
        if sent >= 0:
            return 0 if lost else None
        renames.append(line)
        return 0 if line != renames[0] and not lost else None

    lost = []

    proxy = services.Cutting(f"127.0.0.1:{hdfs.http}", refuse)
    spark.conf.set("spark.hadoop.dfs.namenode.http-address", proxy.address)
    services.fails(lambda: frame.write.mode("overwrite").partitionBy("k").json(hdfs.url + "/out/k"), "cannot be written")
    spark.conf.set("spark.hadoop.dfs.namenode.http-address", f"127.0.0.1:{hdfs.http}")
    assert len(renames) >= 6 and hdfs.names("/out") == before, (len(renames), set(hdfs.names("/out")) ^ set(before))
    # One whose answers are lost, although it does what it is told: that is found out.
    lost.append(True)
    spark.conf.set("spark.hadoop.dfs.namenode.http-address", proxy.address)
    frame.where("k = 1").limit(6).write.mode("overwrite").partitionBy("k").json(hdfs.url + "/out/k")
    spark.conf.set("spark.hadoop.dfs.namenode.http-address", f"127.0.0.1:{hdfs.http}")
    proxy.close()
    assert {r.k: r["count"] for r in spark.read.json(hdfs.url + "/out/k").groupBy("k").count().collect()} == {0: 334, 1: 6, 2: 333}
    spark.conf.unset("spark.sql.sources.partitionOverwriteMode")


def diffs(bucket, hdfs, folder):
    """One side in S3, the other in HDFS, with Hadoop's own configuration files."""
    rows = [f"{i},n{i},{i}.5\n" for i in range(20000)]
    left = "id,name,price\n" + "".join(rows)
    rows[17] = "17,other,17.5\n"
    right = "id,name,price\n" + "".join(rows[:-3])
    bucket.put("data/left/a.csv", left.encode())
    hdfs.put("/right/a.csv", right.encode())
    (folder / "conf").mkdir()
    (folder / "tmp").mkdir()
    keys = {"fs.defaultFS": hdfs.url, "fs.s3a.endpoint": f"http://{bucket.address}", "fs.s3a.path.style.access": "true",
            "fs.s3a.access.key": services.KEY}
    text = "".join(f"<property><name>{name}</name><value>{value}</value></property>" for name, value in keys.items())
    (folder / "conf" / "secret.xml").write_text(
        f"<configuration><property><name>fs.s3a.secret.key</name><value>{services.SECRET}</value></property></configuration>")
    (folder / "conf" / "core-site.xml").write_text(
        f'<configuration xmlns:xi="http://www.w3.org/2001/XInclude">{text}<xi:include href="secret.xml"/></configuration>')
    (folder / "conf" / "hdfs-site.xml").write_text(
        f"<configuration><property><name>dfs.namenode.http-address</name><value>127.0.0.1:{hdfs.http}</value></property></configuration>")
    (folder / "left.csv").write_text(left)
    (folder / "right.csv").write_text(right)
    env = {**os.environ, "HADOOP_CONF_DIR": str(folder / "conf"), "TMPDIR": str(folder / "tmp")}

    def diff(*words):
        done = subprocess.run([PROGRAM, "diff", *words, "--key", "id", "--json"], env=env, capture_output=True, text=True, cwd=folder)
        assert done.returncode == 1, done
        return services.answer(done.stdout)

    local = diff("left.csv", "right.csv")
    assert diff("s3a://data/left", "hdfs:///right") == local
    assert diff("s3a://data/left", f"{hdfs.url}/right/*.csv") == local
    assert diff("left.csv", "hdfs:///right", "--output", f"{hdfs.url}/out/changes") == local
    assert "/out/changes/_SUCCESS" in hdfs.names("/out/changes")
    assert not list((folder / "tmp").iterdir())


def main():
    with services.hdfs() as hdfs, services.s3() as bucket, tempfile.TemporaryDirectory(prefix="tinderbox-test-") as folder:
        bucket.make("data")
        with Server(PROGRAM) as server:
            spark = session(server, f"127.0.0.1:{hdfs.http}")
            try:
                for topic in (reads, writes):
                    topic(spark, hdfs)
                    print("ok", topic.__name__)
            finally:
                spark.stop()
        diffs(bucket, hdfs, pathlib.Path(folder))
        print("ok diffs")


if __name__ == "__main__":
    main()
