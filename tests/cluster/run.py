"""A real Spark cluster from `tinderbox up` to `tinderbox down`: a job, Spark Connect, the pages, killed services, a
killed supervisor, scaling, a taken port, and nothing left at the end.

usage: run.py PROGRAM

Spark is that of SPARK_HOME, or the one that `tinderbox up` installs into the cache. Skipped (exit code 77) without Java.
"""

import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PROGRAM = os.path.abspath(sys.argv[1])
SKIPPED = 77


class Cluster:
    """The command line with a state folder of its own."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.env = {**os.environ, "XDG_STATE_HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder),
                    "TINDERBOX_TIMEOUT_START": "10min"}  # on a machine with other work, too
        for name in ("SPARK_CONF_DIR", "SPARK_TESTING", "TINDERBOX_NAME"):
            self.env.pop(name, None)

    def run(self, *words, expect=0):
        done = subprocess.run([PROGRAM, *words], env=self.env, capture_output=True, text=True, timeout=900, cwd=self.folder)
        assert done.returncode == expect, f"{words}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return " ".join((done.stdout + done.stderr).split()) if expect else done.stdout  # complaints are wrapped

    def home(self, name="default"):
        return self.folder / "tinderbox" / "clusters" / name

    def status(self):
        return json.loads(self.run("status", "--json"))

    def service(self, name):
        return next(service for service in self.status()["services"] if service["name"] == name)

    def marked(self):
        """Processes of any cluster of this test, by the state folder that is in their environment or command line."""
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                text = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
            except OSError:
                continue
            if str(self.folder).encode() in text and int(process.name) != os.getpid():
                found.append((int(process.name), (process / "comm").read_text().strip()))
        return found


def get(address, path):
    connection = http.client.HTTPConnection(address, timeout=90)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read().decode(errors="replace"), answer.getheader("Location")


def wait(what, condition, seconds=120):
    begin = time.monotonic()
    while time.monotonic() - begin < seconds:
        if condition():
            return time.monotonic() - begin
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


def timed(what, call):
    begin = time.monotonic()
    result = call()
    print(f"  {what}: {time.monotonic() - begin:.1f} s", flush=True)
    return result


def run_pi(cluster, spark_home):
    master = cluster.service("master")
    done = subprocess.run(
        [f"{spark_home}/bin/spark-submit", "--master", f"spark://127.0.0.1:{master['ports']['rpc']}",
         f"{spark_home}/examples/src/main/python/pi.py", "2"],
        env={**cluster.env, "SPARK_CONF_DIR": str(cluster.home() / "conf"), "SPARK_HOME": spark_home,
             "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable},
        capture_output=True, text=True, timeout=300)
    assert "Pi is roughly 3.1" in done.stdout, done.stdout + done.stderr[-3000:]


def check_pages(cluster):
    """Every page behind the one address of the gateway."""
    gateway = f"127.0.0.1:{cluster.service('gateway')['ports']['ui']}"
    status, page, _ = get(gateway, "/")
    assert status == 200 and "Spark Master at spark://" in page, page[:500]
    workers = json.loads(get(gateway, "/json/")[1])["workers"]
    for worker in workers:
        if worker["state"] == "ALIVE":
            status, page, _ = get(gateway, f"/proxy/{worker['id']}/")
            assert status == 200 and "Spark Worker at" in page, (worker, status, page[:500])
    status, page, _ = get(gateway, "/history-server/")
    assert status == 200 and "History Server" in page, (status, page[:500])
    applications = json.loads(get(gateway, "/history-server/api/v1/applications")[1])
    assert any(application["name"] == "PythonPi" for application in applications), applications
    application = next(a for a in applications if a["name"] == "PythonPi")["id"]
    path = f"/history-server/history/{application}/jobs/"
    for _ in range(3):  # the server may first load it and redirect
        status, page, location = get(gateway, path)
        if status != 302:
            break
        path = location if location.startswith("/") else "/" + location.split("/", 3)[3]
    assert status == 200 and "Spark Jobs" in page, (status, path, page[:500])


def alive_workers(cluster):
    port = cluster.service("master")["ports"]["ui"]
    try:
        workers = json.loads(get(f"127.0.0.1:{port}", "/json/")[1])["workers"]
    except OSError:
        return 0
    return sum(worker["state"] == "ALIVE" for worker in workers)


def killed_and_back(cluster, name):
    before = cluster.service(name)
    os.kill(before["pid"], signal.SIGKILL)

    def back():
        now = cluster.service(name)
        return now["state"] == "ready" and now["pid"] not in (0, before["pid"])

    print(f"  {name} killed and back: {wait(name, back):.1f} s", flush=True)


def life(cluster):
    addresses = json.loads(timed("up", lambda: cluster.run("up", "--workers", "2", "--json", "--timeout", "15min")))
    print(cluster.run("timeline"), end="")
    assert {service["state"] for service in cluster.status()["services"]} == {"ready"}
    assert alive_workers(cluster) == 2
    spark_home = json.loads(cluster.run("up", "--dry-run"))[0]["environment"]["SPARK_HOME"]
    timed("a job", lambda: run_pi(cluster, spark_home))
    timed("a Spark Connect query", lambda: cluster.run("probe-connect", addresses["connect"].removeprefix("sc://")))
    wait("the history server shows the job", lambda: "PythonPi" in get(
        f"127.0.0.1:{cluster.service('history')['ports']['ui']}", "/api/v1/applications")[1], 30)
    check_pages(cluster)

    pids = {service["name"]: service["pid"] for service in cluster.status()["services"]}
    timed("up again", lambda: cluster.run("up", "--workers", "2"))
    assert pids == {service["name"]: service["pid"] for service in cluster.status()["services"]}

    supervisor = int((cluster.home() / "supervisor.pid").read_text())
    os.kill(supervisor, signal.SIGKILL)
    wait("the supervisor is gone", lambda: cluster.status()["state"] == "not supervised", 10)
    assert alive_workers(cluster) == 2, "the cluster lives on"
    timed("taken over", lambda: cluster.run("up", "--workers", "2"))
    assert pids == {service["name"]: service["pid"] for service in cluster.status()["services"]}

    killed_and_back(cluster, "worker-1")
    killed_and_back(cluster, "gateway")
    killed_and_back(cluster, "master")
    wait("both workers are registered", lambda: alive_workers(cluster) == 2)
    assert cluster.run("events").count("backing off") == 3

    timed("scale to 3", lambda: cluster.run("scale", "worker=3"))
    assert alive_workers(cluster) == 3
    timed("scale to 1", lambda: cluster.run("scale", "1"))
    assert [s["name"] for s in cluster.status()["services"] if s["name"].startswith("worker")] == ["worker-1"]
    assert "exactly one master" in cluster.run("scale", "master=2", expect=2)
    assert "--force" in cluster.run("scale", "worker=0", expect=2)

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = cluster.run("up", "--name", "other", "--set", f"ports.master={port}", expect=5)
        assert f"pid {os.getpid()}" in text and "is free" in text, text
    other = json.loads(cluster.run("up", "--name", "other", "--dry-run"))
    mine = {port for service in cluster.status()["services"] for port in service["ports"].values()}
    assert not mine & {port for service in other for port in service["ports"].values()}, "two clusters share a port"
    assert "Did you mean worker-1?" in cluster.run("why", "worker-11", expect=6)
    assert "worker-1 is ready" in cluster.run("why", "worker-1")
    assert "Registering worker" in cluster.run("logs", "master", "--grep", "Registering worker")


def main():
    if not shutil.which("java"):
        print("SKIP: there is no Java")
        sys.exit(SKIPPED)
    folder = tempfile.mkdtemp(prefix="tinderbox-cluster-")
    cluster = Cluster(folder)
    try:
        life(cluster)
        mine = [port for service in cluster.status()["services"] for port in service["ports"].values()]
    except BaseException:
        for log in sorted(cluster.home().glob("logs/*.log")):
            print(f"--- {log.name}\n" + "".join(log.read_text(errors="replace").splitlines(True)[-15:]))
        raise
    finally:
        timed("down", lambda: cluster.run("down") if cluster.home().exists() else None)
        left = cluster.marked()
        for pid, _ in left:
            os.kill(pid, signal.SIGKILL)
        assert not left, f"left behind: {left}"
    for port in mine:
        with socket.create_server(("127.0.0.1", port)):
            pass  # every port is free again
    assert cluster.status()["state"] == "down"
    assert "Registering worker" in cluster.run("logs", "master"), "logs stay after the end"
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
