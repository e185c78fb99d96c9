"""The services that `with` adds, on a running cluster: what they are for, what they keep secret, what they survive.

usage: services.py PROGRAM [--restarts N] [--yarn] [--store minio|seaweedfs]

By default HDFS, S3, PostgreSQL and Redis run, and one job uses them; another goes on while they are killed. The object store is
MinIO where it stands compiled in the cache or can be compiled, and SeaweedFS after that. --restarts adds what takes long with HDFS: N restarts,
DataNodes that come and go, folders that are not formatted over. --yarn adds YARN and jobs on it.
"""

import argparse
import http.client
import json
import os
import pathlib
import re
import secrets
import shutil
import socket
import stat
import subprocess
import tempfile
import threading

from common import clusters, get, kill_and_wait, timed, wait
from hdfs import (check_hadoop_commands, check_never_formatted_over, check_restarts, check_scaling, hdfs_url, in_hdfs)
from yarn import check_yarn

WITH = "hdfs,s3,postgres,redis"
SMALL = ("--set", "connect.enabled=false", "--set", "history.enabled=false")
VARIABLES = {"HDFS_SITE__DFS_BLOCKSIZE": "1048576", "YARN_SITE__YARN_LOG_AGGREGATION_ENABLE": "true",
             "CORE_SITE__IO_FILE_BUFFER_SIZE": "8192"}

JOB = """
import sys
from pyspark.sql import SparkSession
hdfs, jdbc, user, password_file = sys.argv[1:]
spark = SparkSession.builder.getOrCreate()
data = spark.range(100000).selectExpr("id", "id % 7 as k")
options = {"url": jdbc, "user": user, "password": open(password_file).read(), "dbtable": "numbers"}
data.write.mode("overwrite").parquet(hdfs + "/tmp/numbers")
data.write.mode("overwrite").parquet("s3a://spark-data/numbers")
spark.read.parquet("s3a://spark-data/numbers").write.mode("overwrite").parquet("s3a://spark-output/numbers")
data.limit(1000).write.format("jdbc").options(**options).mode("overwrite").save()
seen = [spark.read.parquet(hdfs + "/tmp/numbers"), spark.read.parquet("s3a://spark-output/numbers"),
        spark.read.format("jdbc").options(**options).load()]
print("ANSWER", [frame.selectExpr("count(*)", "sum(id)").first()[:] for frame in seen])
print("PLAIN", spark._jvm.org.apache.hadoop.fs.FileSystem.get(spark._jsc.hadoopConfiguration()).getUri())
"""
ANSWER = "ANSWER [(100000, 4999950000), (100000, 4999950000), (1000, "


# Writes and reads in rounds, one store after the other, until it is told to go on with the next.
FAULTS = """
import pathlib, sys, time
from pyspark.sql import SparkSession
hdfs, jdbc, user, password_file, signs = sys.argv[1:]
spark = SparkSession.builder.config("spark.sql.shuffle.partitions", "2").getOrCreate()
data = spark.range(0, 200000, 1, 2).selectExpr("id", "sha2(cast(id as string), 256) as text")
options = {"url": jdbc, "user": user, "password": open(password_file).read()}
def files(root):
    return (lambda name: data.write.mode("overwrite").parquet(root + name), lambda name: spark.read.parquet(root + name))
stores = {"datanode-1": files(hdfs + "/tmp/faults-"), "s3": files("s3a://spark-data/faults-"), "postgres": (
    lambda name: data.limit(20000).write.format("jdbc").options(**options, dbtable="faults_" + name).mode("overwrite").save(),
    lambda name: spark.read.format("jdbc").options(**options, dbtable="faults_" + name).load())}
def tell(*words):
    print(*words, flush=True)
for service, (write, read) in stores.items():
    def checksum(name):
        return "/".join(map(str, read(name).selectExpr("count(*)", "bit_xor(xxhash64(id, text))").first()))
    write("kept")
    before = checksum("kept")
    rounds = 0
    try:
        while not pathlib.Path(signs, service).exists():
            write("loop")
            assert checksum("loop") == before
            rounds += 1
            tell("ROUND", service, rounds)
        tell("WENT-ON", service, rounds)
    except Exception as error:
        tell("FAILED", service, " ".join(str(error).split()))
        while not pathlib.Path(signs, service).exists():
            time.sleep(0.1)
    tell("KEPT", service, before, checksum("kept"))
"""
# What an error of a store that was killed must speak of.
CAUSE = re.compile(r"refused|terminat|Connection|connection|datanode|DataNode|could only be written|I/O error|reset|Unable to execute")


def secret(cluster, name):
    return (cluster.home() / "secrets" / name).read_text()


def psql(cluster, statement, password=None):
    service = cluster.service("postgres")
    return subprocess.run(["psql", "-h", "127.0.0.1", "-p", str(service["ports"]["api"]), "-U", "spark", "-d", "spark", "-Atc",
                           statement], capture_output=True, text=True,
                          env={**os.environ, "PGPASSWORD": password or secret(cluster, "postgres-password")})


def redis(cluster, *commands, password=True):
    words = [("AUTH", secret(cluster, "redis-password"))] if password else []
    with socket.create_connection(("127.0.0.1", cluster.service("redis")["ports"]["api"]), 10) as connection:
        answers = connection.makefile("rb")
        said = []
        for command in (*words, *commands):
            connection.sendall(f"*{len(command)}\r\n".encode() + b"".join(f"${len(w)}\r\n{w}\r\n".encode() for w in command))
            line = answers.readline().decode().strip()
            said.append(answers.readline().decode().strip() if line.startswith("$") and line != "$-1" else line)
    return said[-1]


def run_job(cluster, *options):
    job = cluster.work / "job.py"
    job.write_text(JOB)
    try:
        postgres = cluster.service("postgres")["ports"]["api"]
        process = cluster.start_job(job, hdfs_url(cluster), f"jdbc:postgresql://127.0.0.1:{postgres}/spark", "spark",
                                    str(cluster.home() / "secrets" / "postgres-password"), options=options)
        out, err = process.communicate(timeout=600)
    finally:
        job.unlink()
    assert process.returncode == 0 and ANSWER in out and "PLAIN file:///" in out, out + err[-5000:]
    return out + err


def check_faults(cluster):
    """Each store is killed while a job writes to it: the job goes on or says why not, and what was written before is whole."""
    postgres = cluster.service("postgres")["ports"]["api"]
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "job.py"
        script.write_text(FAULTS)
        job = cluster.start_job(script, hdfs_url(cluster), f"jdbc:postgresql://127.0.0.1:{postgres}/spark", "spark",
                                str(cluster.home() / "secrets" / "postgres-password"), folder)
        noise = []
        reader = threading.Thread(target=lambda: noise.extend(job.stderr))
        reader.start()
        killed, kept = set(), set()
        try:
            for line in job.stdout:
                word, service, *rest = line.split()
                if word == "ROUND" and service not in killed:
                    killed.add(service)
                    kill_and_wait(cluster, service)
                    (pathlib.Path(folder) / service).touch()
                elif word == "FAILED":
                    assert CAUSE.search(line), line
                    print(f"  the job over {service} failed: {' '.join(rest)[:150]}", flush=True)
                elif word == "WENT-ON":
                    print(f"  the job over {service} went on for {rest[0]} rounds", flush=True)
                elif word == "KEPT":
                    assert rest[0] == rest[1] and not rest[0].startswith("0/"), line
                    kept.add(service)
        finally:
            if job.poll() is None and len(kept) < 3:
                job.terminate()
            code = job.wait(120)
            reader.join(60)
        assert code == 0 and killed == kept == {"datanode-1", "s3", "postgres"}, (killed, kept, "".join(noise)[-3000:])


PACKAGES = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
def seen(_=None):
    import six, sys
    return six.__version__ + " " + [path for path in sys.path if "/packages/" in path][0]
print("DRIVER", seen())
print("WORKER", spark.sparkContext.parallelize([1], 1).map(seen).first())
"""


def run_with_packages(cluster, *options):
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "job.py"
        script.write_text(PACKAGES)
        done = cluster.call("submit", *options, str(script))
    if done.returncode:
        return "ModuleNotFoundError" if "No module named 'six'" in done.stdout + done.stderr else done.stdout + done.stderr
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if line.startswith(("DRIVER", "WORKER")))


def check_packages(cluster, *options):
    """The Python of the test has six itself: another version shows whose it is."""
    said = timed("pkg add", lambda: json.loads(cluster.run("pkg", "add", "six==1.15.0", "--json")))
    assert [(each["name"], each["version"]) for each in said["packages"]] == [("six", "1.15.0")], said
    seen = run_with_packages(cluster, *options)
    assert isinstance(seen, dict), seen
    first = (cluster.home() / "packages" / "current").resolve()
    assert seen["DRIVER"] == seen["WORKER"] == f"1.15.0 {first}/site", seen
    assert "No matching distribution found" in cluster.run("pkg", "add", "six==0.0.0.1", expect=4)
    cluster.run("restart", "worker")
    cluster.run("pkg", "add", "six==1.16.0", "--json")
    seen = run_with_packages(cluster, *options)
    second = (cluster.home() / "packages" / "current").resolve()
    assert seen["DRIVER"] == seen["WORKER"] == f"1.16.0 {second}/site" and second != first, seen
    assert not first.exists(), "nobody used it any more"
    cluster.run("pkg", "remove", "six")
    assert json.loads(cluster.run("pkg", "list", "--json"))["packages"] == []


def check_secrets(cluster, said):
    """No password is in a command line, an environment, a log, an answer, or a file that others may read."""
    folder = cluster.home() / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    words = set()
    for file in folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
        if "." not in file.name:
            words.add(file.read_text())
    assert len(words) == 4 and all(len(word) >= 32 for word in words)
    texts = {"output of the job": said}
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            texts[f"process {process.name}"] = ((process / "cmdline").read_bytes() + (process / "environ").read_bytes()).decode(
                errors="replace")
        except OSError:
            continue
    for command in (("config", "show"), ("up", "--dry-run"), ("status", "--json"), ("events",), ("info", "--json")):
        texts[" ".join(command)] = cluster.run(*command)
    for file in cluster.home().rglob("*"):
        if file.is_file() and not file.is_relative_to(folder) and not file.is_relative_to(cluster.home() / "data"):
            texts[str(file)] = file.read_text(errors="replace")
    for what, text in texts.items():
        assert not any(word in text for word in words), f"a password is in {what}"


def check_doors(cluster):
    assert "NOAUTH" in redis(cluster, ("GET", "x"), password=False)
    assert "password authentication failed" in psql(cluster, "select 1", password="wrong").stderr
    for bucket in ("spark-data", "spark-output"):
        assert get(cluster.address("s3", "api"), "/" + bucket)[0] == 403
    listening = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout.splitlines()
    mine = [line for line in listening if any(f"pid={pid}," in line for pid, _ in cluster.marked())]
    assert len(mine) > 10 and all(re.search(r"127\.0\.0\.1|\[::1\]", line.split()[3]) for line in mine), mine


def check_cache(cluster):
    """Results are kept in the cluster's Redis, found by the cluster's name alone."""
    before = json.loads(cluster.run("cache", "--json"))
    for _ in range(2):
        assert cluster.run("sql", "--cache", "10min", "--format", "csv", f"SELECT count(*) AS n FROM range({before['misses'] + 5})") == f"n\n{before['misses'] + 5}\n"
    after = json.loads(cluster.run("cache", "--json"))
    assert (after["hits"] - before["hits"], after["misses"] - before["misses"]) == (1, 1), (before, after)


def check_pages(cluster):
    for address in (cluster.address("namenode"), cluster.address("gateway") + "/hdfs"):
        host, _, path = address.partition("/")
        path = f"/{path}" if path else ""
        assert "<title>HDFS</title>" in get(host, path + "/index.html")[1]
        assert "numbers" in get(host, path + "/webhdfs/v1/tmp?op=LISTSTATUS")[1]
    info = json.loads(cluster.run("info", "--json"))
    assert info["endpoints"]["namenode"] == hdfs_url(cluster), info
    assert info["pages"]["namenode"] == f"http://{cluster.address('namenode')}/", info


def log_in(cluster, user, password):
    """The status with which MinIO's console, behind the gateway, answers."""
    connection = http.client.HTTPConnection(cluster.address("gateway"), timeout=60)
    connection.request("POST", "/minio/api/v1/login", json.dumps({"accessKey": user, "secretKey": password}),
                       {"Content-Type": "application/json"})
    return connection.getresponse().status


def check_console(cluster):
    gateway, api = cluster.address("gateway"), cluster.address("s3", "api")
    for path in ("live", "ready", "cluster"):
        assert get(api, f"/minio/health/{path}")[0] == 200, path
    page = get(gateway, "/minio/")[1]
    assert '<base href="/minio/"/>' in page and "MinIO Console" in page, page
    parts = re.findall(r'(?:src|href)="\./([^"]+)"', page)
    assert len(parts) > 4 and all(get(gateway, "/minio/" + part)[0] == 200 for part in parts), parts
    assert log_in(cluster, secret(cluster, "s3-access-key"), secret(cluster, "s3-secret-key")) == 204
    assert log_in(cluster, "minioadmin", "minioadmin") in (401, 403)
    assert json.loads(cluster.run("info", "--json"))["pages"]["s3"] == f"http://{cluster.address('s3', 'console')}/"


def has_minio():
    cache = pathlib.Path(os.environ.get("TINDERBOX_CACHE") or pathlib.Path.home() / ".cache" / "tinderbox")
    return bool(shutil.which("go") or list(cache.glob("dist/minio-*/minio")))


def check_rotation(cluster, store):
    """New passwords hold, for the jobs that come, too, and the old ones nowhere."""
    old = {name: secret(cluster, name) for name in ("s3-secret-key", "postgres-password", "redis-password")}
    listed = json.loads(cluster.run("secret", "list", "--json"))["secrets"]
    assert [each["service"] for each in listed] == ["s3", "postgres", "redis"], listed
    assert "no service \"hdfs\" with a password" in cluster.run("secret", "rotate", "hdfs", expect=6)
    cluster.env["REDIS_PASSWORD"] = "chosen" + secrets.token_hex(16)
    timed("secret rotate", lambda: cluster.run("secret", "rotate"))
    assert secret(cluster, "redis-password") == cluster.env.pop("REDIS_PASSWORD")
    assert not any(secret(cluster, name) == word for name, word in old.items())
    assert "password authentication failed" in psql(cluster, "select 1", password=old["postgres-password"]).stderr
    assert "WRONGPASS" in redis(cluster, ("AUTH", old["redis-password"]))
    if store == "minio":
        user = secret(cluster, "s3-access-key")
        assert log_in(cluster, user, old["s3-secret-key"]) in (401, 403)
        assert log_in(cluster, user, secret(cluster, "s3-secret-key")) == 204
    assert redis(cluster, ("GET", "kept")) == "yes"
    # What is changed while the services are down holds when they start.
    before = secret(cluster, "postgres-password")
    cluster.run("stop", "postgres")
    cluster.run("secret", "rotate", "postgres")
    assert json.loads(cluster.run("secret", "list", "postgres", "--json"))["secrets"][0]["waits_for_start"]
    cluster.run("up", "postgres")
    assert secret(cluster, "postgres-password") != before and psql(cluster, "select 1").stdout == "1\n"


def check_data(cluster):
    assert in_hdfs(cluster, "/tmp/numbers") > 100000
    assert psql(cluster, "select count(*) from numbers").stdout.strip() == "1000"
    assert redis(cluster, ("GET", "kept")) == "yes"


def site(cluster, file):
    return (cluster.home() / "conf" / "hadoop" / file).read_text()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--restarts", type=int, default=0)
    parser.add_argument("--yarn", action="store_true")
    parser.add_argument("--store", choices=("minio", "seaweedfs"), default="minio" if has_minio() else "seaweedfs")
    flags = parser.parse_args()
    for program in ("psql", "redis-server", "mvn", "curl", "ss"):
        assert shutil.which(program), f"there is no {program}: ./dev setup installs it"
    with clusters(flags.program) as make:
        cluster = make()
        assert "there is no service kafka" in cluster.run("up", "--with", "hdfs,kafka", expect=3)
        cluster.env.update(VARIABLES)
        up = ("up", "--workers", "1", "--with", WITH + (",yarn" if flags.yarn else ""), *SMALL, "--json", "--timeout", "15min",
              "--set", "s3.store=" + flags.store)
        cluster.env["MINIO_ROOT_PASSWORD"] = "short"
        said = cluster.run(*up, expect=3)
        assert "MINIO_ROOT_PASSWORD cannot be a password" in said and "short" not in said, said
        minio_at_home = pathlib.Path.home() / ".minio"
        had_minio = minio_at_home.exists()
        given = {name: "given" + secrets.token_hex(16) for name in ("MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD")}
        cluster.env.update(given)
        addresses = json.loads(timed("up", lambda: cluster.run(*up)))
        for name in given:
            del cluster.env[name]
        assert secret(cluster, "s3-secret-key") == given["MINIO_ROOT_PASSWORD"]
        print(cluster.run("timeline"), end="")
        assert addresses["hdfs"] == hdfs_url(cluster) and addresses["s3"].startswith("http://127.0.0.1:"), addresses
        assert not flags.yarn or addresses["yarn"] == f"http://{cluster.address('gateway')}/yarn/cluster", addresses
        assert "<name>dfs.blocksize</name><value>1048576<" in site(cluster, "hdfs-site.xml")
        assert redis(cluster, ("SET", "kept", "yes")) == "+OK"
        check_rotation(cluster, flags.store)
        said = timed("a job over HDFS, S3 and PostgreSQL", lambda: run_job(cluster))
        check_secrets(cluster, said)
        check_doors(cluster)
        if flags.store == "minio":
            check_console(cluster)
        assert minio_at_home.exists() == had_minio, "MinIO keeps its files in the cluster's folder"
        check_pages(cluster)
        check_cache(cluster)
        check_data(cluster)
        timed("Hadoop's own commands", lambda: check_hadoop_commands(cluster))
        versions = json.loads(cluster.run("info", "--json"))["versions"]
        assert {"traefik", "postgresql", "redis", flags.store} <= set(versions), versions
        if flags.yarn:
            check_yarn(cluster)
            check_packages(cluster, "--master", "yarn", "--num-executors", "1")
        check_packages(cluster)
        timed("faults", lambda: check_faults(cluster))
        for name in ("namenode", "redis"):
            kill_and_wait(cluster, name)
        wait("all is ready again", lambda: cluster.status()["state"] == "ready")
        check_data(cluster)
        if flags.restarts:
            check_scaling(cluster, up)
            check_restarts(cluster, flags.restarts)
            check_never_formatted_over(cluster)
        timed("down", lambda: cluster.run("down"))
        up = (*up, "--set", "s3.store=seaweedfs")
        timed("up again, with SeaweedFS", lambda: cluster.run(*up))
        check_data(cluster)
        timed("the job over SeaweedFS", lambda: run_job(cluster))
        ports = cluster.service("s3")["ports"].values()
        sockets = [file for port in ports for file in pathlib.Path("/tmp").glob(f"seaweedfs-*-{port}.sock")]
        assert sockets
        timed("down", lambda: cluster.run("down"))
        assert not any(file.exists() for file in sockets), sockets


if __name__ == "__main__":
    main()
