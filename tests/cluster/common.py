"""What the tests of a real cluster share: the command line with folders of its own, and looking at what it does."""

import contextlib
import functools
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


class Cluster:
    """The command line with a state folder of its own; `name` is the cluster that its methods mean."""

    def __init__(self, program, folder, name="default", work=None):
        self.program, self.name = os.path.abspath(program), name
        self.folder = pathlib.Path(folder)
        self.work = pathlib.Path(work or folder)
        self.env = {**os.environ, "XDG_STATE_HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder),
                    "TINDERBOX_NAME": name,
                    "TINDERBOX_TIMEOUT_START": "10min"}  # on a machine with other work, too
        for variable in ("SPARK_CONF_DIR", "SPARK_TESTING"):
            self.env.pop(variable, None)
        self.env.setdefault("PYSPARK_PYTHON", python())

    def call(self, *words, text=None, timeout=900):
        """The finished process; `text` is its standard input."""
        return subprocess.run([self.program, *words], env=self.env, capture_output=True, text=True, timeout=timeout,
                              cwd=self.work, input=text)

    def run(self, *words, expect=0):
        """Standard output; of a refusal (`expect` another exit code) all it says in one line, for complaints are wrapped."""
        done = self.call(*words)
        assert done.returncode == expect, f"{words}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return " ".join((done.stdout + done.stderr).split()) if expect else done.stdout

    def home(self, name=None):
        return self.folder / "tinderbox" / "clusters" / (name or self.name)

    def status(self):
        return json.loads(self.run("status", "--json"))

    def service(self, name):
        return next(service for service in self.status()["services"] if service["name"] == name)

    def spark_home(self):
        return json.loads(self.run("up", "--dry-run"))[0]["environment"]["SPARK_HOME"]

    def address(self, name, port="ui"):
        return f"127.0.0.1:{self.service(name)['ports'][port]}"

    def alive_workers(self):
        """How many workers the master lists as alive."""
        try:
            workers = json.loads(get(self.address("master"), "/json/")[1])["workers"]
        except OSError:
            return 0
        return sum(worker["state"] == "ALIVE" for worker in workers)

    def marked(self):
        """Processes of any cluster of this test, by the state folder that is in their environment or command line."""
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                text = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
                if str(self.folder).encode() in text and int(process.name) != os.getpid():
                    found.append((int(process.name), (process / "comm").read_text().strip()))
            except OSError:
                continue
        return found

    def job_environment(self):
        """Of a spark-submit of this cluster."""
        return {**self.env, "SPARK_CONF_DIR": str(self.home() / "conf"), "SPARK_HOME": self.spark_home(),
                "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}

    def start_job(self, file, *arguments, options=()):
        """Spark's own submit of a Python file, running."""
        master = self.service("master")
        environment = self.job_environment()
        return subprocess.Popen(
            [f"{environment['SPARK_HOME']}/bin/spark-submit", "--master", f"spark://127.0.0.1:{master['ports']['rpc']}",
             *options, str(file), *arguments],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run_pi(self):
        job = self.start_job(f"{self.spark_home()}/examples/src/main/python/pi.py", "2")
        out, err = job.communicate(timeout=300)
        assert job.returncode == 0 and "Pi is roughly 3.1" in out, out + err[-3000:]


@functools.cache
def python():
    """A Python with PySpark's client and pandas, which executors need for functions in Python."""
    tool = pathlib.Path(__file__).resolve().parents[1] / "tools" / "pyspark.sh"
    return subprocess.run([tool], check=True, capture_output=True, text=True).stdout.strip()


def get(address, path):
    connection = http.client.HTTPConnection(address, timeout=90)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read().decode(errors="replace"), answer.getheader("Location")


def wait(what, condition, seconds=120):
    """Until `condition` holds; returns how long that was."""
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


def kill_and_wait(cluster, name):
    """Kills a service; returns how long it took until it was ready again."""
    before = cluster.service(name)
    os.kill(before["pid"], signal.SIGKILL)

    def back():
        now = cluster.service(name)
        return now["state"] == "ready" and now["pid"] not in (0, before["pid"])

    seconds = wait(f"{name} is back", back)
    print(f"  {name} killed and back: {seconds:.1f} s", flush=True)
    return seconds


@contextlib.contextmanager
def clusters(program):
    """A function that makes Clusters by name in one state folder. At the end all are taken down, and nothing may be left:
    no process, no port, no file outside the folder's own clusters. Without Java this fails."""
    assert shutil.which("java"), "there is no Java: ./dev setup installs it"
    folder = tempfile.mkdtemp(prefix="tinderbox-cluster-")
    work = tempfile.mkdtemp(prefix="tinderbox-work-")
    made = {}

    def make(name="default"):
        return made.setdefault(name, Cluster(program, folder, name, work))

    ports = []
    try:
        yield make
        for cluster in made.values():
            if cluster.home().exists():
                ports += [port for service in cluster.status()["services"] for port in service["ports"].values()]
    except BaseException:
        for cluster in made.values():
            for log in sorted(cluster.home().glob("logs/*.log")):
                last = log.read_text(errors="replace").splitlines(True)[-15:]
                print(f"--- {cluster.name}: {log.name}\n" + "".join(last))
        raise
    finally:
        for cluster in made.values():
            if cluster.home().exists():
                timed(f"down {cluster.name}", lambda: cluster.run("down"))
        left = Cluster(program, folder).marked()
        for pid, _ in left:
            os.kill(pid, signal.SIGKILL)
        assert not left, f"left behind: {left}"
    for port in ports:
        with socket.create_server(("127.0.0.1", port)):
            pass  # every port is free again
    for cluster in made.values():
        if cluster.home().exists():
            assert cluster.status()["state"] == "down"
            assert "Registering worker" in cluster.run("logs", "master"), "logs stay after the end"
    left = [str(file) for file in pathlib.Path(work).iterdir()]
    assert not left, f"files outside the state folder: {left}"
    shutil.rmtree(folder)
    shutil.rmtree(work)
