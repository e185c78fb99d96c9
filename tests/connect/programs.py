"""The verbs server, run and sql as a shell sees them."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import common


class ProgramsTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="tinderbox-test-")

    def program(self, *words, **options):
        return subprocess.run([common.PROGRAM, *words], cwd=self.folder, capture_output=True, text=True, timeout=120, **options)

    def script(self, text):
        path = os.path.join(self.folder, "script.py")
        with open(path, "w") as file:
            file.write(text)
        return path

    def test_run_passes_arguments_output_and_exit_code(self):
        path = self.script(
            "import sys\nfrom pyspark.sql import SparkSession\nspark = SparkSession.builder.appName('x').getOrCreate()\n"
            "print(sys.argv[1:], spark.range(int(sys.stdin.read())).count())\nprint('err', file=sys.stderr)\nsys.exit(3)\n")
        done = self.program("run", "--python", sys.executable, path, "--threads", "-x", input="7")
        self.assertEqual(done.stdout, "['--threads', '-x'] 7\n")
        self.assertIn("err\n", done.stderr)
        self.assertEqual(done.returncode, 3)

    def test_run_passes_signals(self):
        # Short sleeps: a signal just before Python begins to sleep is handled only when it wakes.
        path = self.script("import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(9))\nprint('ready', flush=True)\n"
                           "for _ in range(600):\n    time.sleep(0.1)\n")
        child = subprocess.Popen([common.PROGRAM, "run", f"--python={sys.executable}", path], stdout=subprocess.PIPE)
        self.assertEqual(child.stdout.readline(), b"ready\n")
        child.send_signal(signal.SIGTERM)
        self.assertEqual(child.wait(30), 9)
        child.stdout.close()
        path = self.script("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
        self.assertEqual(self.program("run", "--python", sys.executable, path).returncode, 137)

    def test_run_takes_the_place_of_a_master(self):
        with open(os.path.join(self.folder, "sitecustomize.py"), "w") as file:
            file.write("print('customised')\n")
        path = self.script(
            "import sys\nfrom pyspark import SparkConf\nfrom pyspark.sql import SparkSession\n"
            "spark = SparkSession.builder.master(sys.argv[1]).config('spark.sql.shuffle.partitions', 3).getOrCreate()\n"
            "print(spark.range(4).count(), spark.conf.get('spark.sql.shuffle.partitions'))\n"
            "print(SparkSession.builder.config(conf=SparkConf().setMaster('local[2]')).create().range(5).count())\n"
            "try:\n    SparkSession.builder.remote('sc://localhost:1').master('local')\n"
            "except Exception as error:\n    print(error.getCondition())\n")
        for master, said in ("local[*]", ""), ("yarn", 'tinderbox run: the script names the master "yarn"; it runs on the embedded engine.\n'):
            done = self.program("run", "--python", sys.executable, path, master, env={**os.environ, "PYTHONPATH": self.folder, "MASTER": "local"})
            self.assertEqual(done.stdout, "customised\n4 3\n5\nCANNOT_CONFIGURE_SPARK_CONNECT_MASTER\n", done.stderr)
            self.assertEqual(done.stderr, said)

    def test_run_says_what_is_missing(self):
        self.assertEqual(self.program("run").returncode, 2)
        self.assertEqual(self.program("run", "no.py").returncode, 2)
        path = self.script("print('never')\n")
        done = self.program("run", "--python", "no-such-python", path)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("--python", done.stderr)
        bare = os.path.join(self.folder, "bare")
        with open(bare, "w") as file:
            file.write(f"#!/bin/sh\nexec {sys.executable} -I -S \"$@\"\n")
        os.chmod(bare, 0o755)
        done = self.program("run", "--python", bare, path)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("pip install pyspark-client", " ".join(done.stderr.split()))

    def test_sql_formats(self):
        query = "SELECT * FROM VALUES (1, 'a,b', NULL), (2, 'say \"x\"', 1.5) AS t(id, text, number) ORDER BY id"
        self.assertEqual(
            self.program("sql", query).stdout,
            '+---+-------+------+\n|id |text   |number|\n+---+-------+------+\n|1  |a,b    |NULL  |\n|2  |say "x"|1.5   |\n'
            "+---+-------+------+\n")
        self.assertEqual(self.program("sql", "--format", "csv", query).stdout, 'id,text,number\n1,"a,b",\n2,"say ""x""",1.5\n')
        lines = self.program("sql", "--format=json", query).stdout.splitlines()
        self.assertEqual([json.loads(line) for line in lines], [{"id": 1, "text": "a,b", "number": None}, {"id": 2, "text": 'say "x"', "number": 1.5}])

    def test_sql_statements_share_a_session(self):
        text = "SET spark.sql.ansi.enabled=false; CREATE TEMP VIEW v AS SELECT 1/0 AS x; -- nothing\nSELECT x FROM v;"
        for done in (self.program("sql", "--format", "csv", text), self.program("sql", "--format", "csv", input=text)):
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(done.stdout.endswith("x\n\n"), done.stdout)
        path = os.path.join(self.folder, "file.sql")
        with open(path, "w") as file:
            file.write(text)
        self.assertEqual(self.program("sql", "--format", "csv", "-f", path).returncode, 0)

    def test_sql_errors(self):
        done = self.program("sql", "SELECT 1; SELECT 1 +; SELECT 2")
        self.assertEqual(done.returncode, 2)
        self.assertIn("|1  |", done.stdout)
        self.assertNotIn("|2  |", done.stdout)
        self.assertIn("^^^", done.stderr)
        self.assertIn("PARSE_SYNTAX_ERROR", done.stderr)

    def test_sql_nests_deep(self):
        query = "SELECT a + 1 AS a FROM (" * 120 + "SELECT 1 AS a" + ")" * 120
        self.assertEqual(self.program("sql", "--format", "csv", query).stdout, "a\n121\n")
        tables = ", ".join(["c0 AS (SELECT 1 AS a)"] + [f"c{i} AS (SELECT * FROM c{i - 1})" for i in range(1, 900)])
        self.assertEqual(self.program("sql", "--format", "csv", f"WITH {tables} SELECT * FROM c899").stdout, "a\n1\n")

    def test_server_says_where_it_listens(self):
        child = subprocess.Popen([common.PROGRAM, "server", "--port", "0", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder)
        said = json.loads(child.stdout.readline())
        self.assertEqual(said["url"], f"sc://127.0.0.1:{said['port']}")
        self.assertEqual(child.stderr.readline().decode(), f"Listening on {said['url']}\n")
        child.send_signal(signal.SIGTERM)
        self.assertEqual(child.wait(30), 0)
        child.stdout.close()
        child.stderr.close()
        done = self.program("server", "--host", "0.0.0.0", "--port", "0")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--token-file", done.stderr)

    def test_server_with_a_token_and_tls(self):
        key, certificate, token = (os.path.join(self.folder, name) for name in ("key.pem", "cert.pem", "token"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
        with open(token, "w") as file:
            file.write("s3cret\n")
        server = common.servers.Server(common.PROGRAM, "--token-file", token, "--tls-cert", certificate, "--tls-key", key)
        port = server.remote.rsplit(":", 1)[1]
        path = self.script(
            "import logging, sys\nlogging.disable(logging.CRITICAL)\nfrom pyspark.sql import SparkSession\n"
            "try:\n    print(SparkSession.builder.remote(sys.argv[1]).getOrCreate().range(4).count())\n"
            "except Exception as error:\n    print(type(error).__name__, 'UNAUTHENTICATED' in str(error) or 'token' in str(error))\n")
        def ask(url):
            return subprocess.run([sys.executable, path, url], capture_output=True, text=True, timeout=100,
                                  env={**os.environ, "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": certificate}).stdout
        self.assertEqual(ask(f"sc://localhost:{port}/;use_ssl=true;token=s3cret"), "4\n")
        self.assertIn("True", ask(f"sc://localhost:{port}/;use_ssl=true;token=wrong"))
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    common.main()
