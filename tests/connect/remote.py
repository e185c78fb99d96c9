"""The program as a client of a Spark Connect server: sql and diff with --on, cut connections, servers that die.

usage: remote.py PROGRAM [--on sc://HOST:PORT]

Without an address the server is the program's own; with one, which may be Apache Spark's, the answers must be the same.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import common
import pyarrow
import pyarrow.parquet as pq
from common import CuttingProxy, servers

ON = None
STATEMENTS = (
    "SELECT 1 AS a, 'x' AS b, CAST(NULL AS INT) AS c",
    "SELECT id, id * 2.5 AS half, cast(id AS decimal(20, 3)) AS d FROM range(5)",
    "SELECT date'2024-02-29' AS d, timestamp'2024-07-01 12:00:00.123456' AS t, timestamp_ntz'1999-12-31 23:59:59' AS n",
    "SELECT interval '1-2' year to month AS y, interval '3 04:05:06.789' day to second AS s",
    "SELECT array(1, NULL, 3) AS a, map('k', 1.5) AS m, named_struct('x', 1, 'y', array('z')) AS s, X'00FF' AS b",
    "SELECT cast('NaN' AS double) AS n, cast('-Infinity' AS float) AS i, -0.0D AS z, 1e300 AS l, true AS t",
    "SELECT * FROM range(10) WHERE id < 0",
    "SELECT * FROM VALUES ('ä', '\\n\"q\"'), ('', NULL) AS t(a, b)",
    "CREATE OR REPLACE TEMPORARY VIEW v AS SELECT id % 3 AS k, id FROM range(100); SELECT k, count(*), sum(id) FROM v GROUP BY k ORDER BY k",
    "SET spark.sql.session.timeZone=America/New_York; SELECT timestamp'2024-07-01 12:00:00' AS t, current_timezone() AS z",
)


class RemoteTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = None if ON else servers.Server(common.PROGRAM)
        cls.on = ON or cls.server.remote
        cls.folder = tempfile.mkdtemp(prefix="tinderbox-remote-")
        os.chmod(cls.folder, 0o777)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder, ignore_errors=True)
        if cls.server:
            assert cls.server.stop() == 0

    def run_program(self, *words, expect=0, env=None):
        done = subprocess.run([common.PROGRAM, *words], capture_output=True, text=True, timeout=300, cwd=self.folder,
                              env={**os.environ, **(env or {})})
        self.assertEqual(done.returncode, expect, f"{words}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        return done

    def sql(self, text, *words, on=None, **more):
        return self.run_program("sql", *(("--on", on or self.on) if on != "" else ()), *words, text, **more)

    def complaint(self, *words, expect=2, **more):
        return " ".join(self.run_program(*words, expect=expect, **more).stderr.split())

    def test_sql_answers_as_here(self):
        for text in STATEMENTS:
            for form in ("table", "csv", "json"):
                here = self.sql(text, "--format", form, on="", env={"TZ": "UTC"}).stdout
                self.assertEqual(self.sql(text, "--format", form).stdout, here, text)

    def test_errors_keep_their_condition_and_place(self):
        for text, condition, place in (("SELECT 1/0", "DIVIDE_BY_ZERO", "1/0"), ("SELEC 1", "PARSE_SYNTAX_ERROR", "SELEC 1"),
                                       ("SELECT nothing FROM range(3)", "UNRESOLVED_COLUMN.WITH_SUGGESTION", ""),
                                       ("SELECT * FROM no_such_table", "TABLE_OR_VIEW_NOT_FOUND", "")):
            complaint = self.complaint("sql", "--on", self.on, text)
            self.assertIn(f"[{condition}]", complaint)
            self.assertIn(place, complaint)
            self.assertNotIn("SQLSTATE", complaint)

    def test_cut_connections(self):
        proxy = CuttingProxy(int(self.on.rsplit(":", 1)[1]), 400_000, 8)
        rows = self.sql("SELECT id, repeat('x', 10) AS t FROM range(1000000)", "--format", "csv", on=proxy.remote).stdout.splitlines()[1:]
        proxy.close()
        self.assertEqual(proxy.cut, 8)
        self.assertEqual(len(rows), 1_000_000)
        self.assertEqual(sum(int(row.split(",")[0]) for row in rows), 1_000_000 * 999_999 // 2)

    def test_a_cut_insert_runs_once(self):
        for limit in (200, 500, 800, 1_600):
            # Bytes of answers before the cut: of the first one, of the table's creation, of the insertion …
            proxy = CuttingProxy(int(self.on.rsplit(":", 1)[1]), limit, 3)
            table = f"once_{limit}"
            self.sql(f"DROP TABLE IF EXISTS {table}; CREATE TABLE {table} (id BIGINT) USING parquet; INSERT INTO {table} VALUES (7)", on=proxy.remote)
            proxy.close()
            self.assertEqual(self.sql(f"SELECT count(*) AS n FROM {table}", "--format", "csv").stdout, "n\n1\n", limit)
            self.assertGreater(proxy.cut, 0, limit)
            self.sql(f"DROP TABLE {table}")

    def test_a_restarted_server_is_told_of(self):
        server = servers.Server(common.PROGRAM)
        port = server.remote.rsplit(":", 1)[1]
        program = subprocess.Popen([common.PROGRAM, "sql", "--on", server.remote, "--format", "csv"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder)
        program.stdin.write("SELECT 41 + 1 AS n;\n")
        program.stdin.flush()
        self.assertEqual([program.stdout.readline(), program.stdout.readline()], ["n\n", "42\n"])
        server.process.kill()
        server.process.wait()
        server.stop()
        again = servers.Server(common.PROGRAM, port=port)
        try:
            _, complaint = program.communicate("CREATE TABLE twice (id INT);\n", timeout=60)
            self.assertEqual(program.returncode, 2)
            self.assertIn("[INVALID_HANDLE.SESSION_CHANGED]", " ".join(complaint.split()))
            self.assertEqual(self.sql("SHOW TABLES", "--format", "csv", on=again.remote).stdout.count("twice"), 0)
        finally:
            again.stop()

    def test_refusals(self):
        self.assertIn("SPARK_CONNECT_AUTHENTICATE_TOKEN", self.complaint("sql", "--on", self.on + "/;token=secret", "SELECT 1"))
        self.assertIn("--memory", self.complaint("sql", "--on", self.on, "--memory", "1GB", "SELECT 1"))
        self.assertIn("--threads", self.complaint("diff", "--on", self.on, "--threads", "2", "a.parquet", "b.parquet"))
        self.assertIn("no place to run on", self.complaint("sql", "--on", "mars", "SELECT 1"))
        self.assertIn("INVALID_CONNECT_URL", self.complaint("sql", "--on", "sc://host:port", "SELECT 1"))
        begin = time.monotonic()
        self.assertIn("TINDERBOX_CONNECT_UNAVAILABLE", self.complaint("sql", "--on", "sc://127.0.0.1:1", "SELECT 1"))
        self.assertLess(time.monotonic() - begin, 60)

    def test_token(self):
        token = os.path.join(self.folder, "token")
        with open(token, "w") as file:
            file.write("open-sesame\n")
        with servers.Server(common.PROGRAM, "--token-file", token) as server:
            self.assertIn("TINDERBOX_CONNECT_UNAUTHENTICATED", self.complaint("sql", "--on", server.remote, "SELECT 1"))
            secret = {"SPARK_CONNECT_AUTHENTICATE_TOKEN": "open-sesame"}
            self.assertEqual(self.sql("SELECT 1 AS n", "--format", "csv", on=server.remote, env=secret).stdout, "n\n1\n")

    # The diff.

    def write(self, name, columns):
        path = os.path.join(self.folder, name)
        pq.write_table(pyarrow.table(columns), path)
        return path

    def sides(self, rows=3000):
        keys = list(range(rows))
        left = {"id": keys, "name": [None if k % 97 == 0 else f"Name {k % 50}" for k in keys], "price": [k / 8 for k in keys],
                "tags": [[str(k % 3), "x"] for k in keys], "seen": pyarrow.array([k * 1_000_000 for k in keys], pyarrow.timestamp("us", "UTC"))}
        kept = [k for k in keys if k % 100 != 7]
        right = {"id": kept + [rows + 1, rows + 2], "name": [None if k % 97 == 0 else f"Name {k % 50}" + ("!" if k % 41 == 0 else "") for k in kept] + ["new", None],
                 "price": [k / 8 + (0.5 if k % 29 == 0 else 0) for k in kept] + [1.0, float("nan")],
                 "tags": [[str(k % 3), "x"] for k in kept] + [[], None],
                 "seen": pyarrow.array([k * 1_000_000 for k in kept] + [0, None], pyarrow.timestamp("us", "UTC"))}
        return self.write("left.parquet", left), self.write("right.parquet", right)

    def same_diff(self, *words, expect=1):
        def document(*more):
            out = json.loads(self.run_program("diff", *words, "--json", "--limit", "500", *more, expect=expect).stdout)
            return out

        self.assertEqual(document("--on", self.on), document())

    def test_diff_says_the_same_as_here(self):
        left, right = self.sides()
        self.same_diff(left, right, "--key", "id")
        self.same_diff(left, right)
        self.same_diff(left, right, "--set")
        self.same_diff(left, right, "--key", "id", "--tolerance", "price=1", "--ignore-case", "--trim")
        self.same_diff(left, right, "--key", "id", "--unordered", "tags", "--where", "id > 100", "--ignore", "seen")
        self.same_diff(left, right, "--key", "name")  # every key many times
        self.same_diff(left, left, "--key", "id", expect=0)
        self.same_diff(left, right, "--key", "id", "--rename", "name=label", "--right-map", "label=upper(name)", "--where", "id < 500")

    def test_diff_of_a_hot_key(self):
        left = self.write("hot_left.parquet", {"k": [1] * 20_000 + list(range(2, 100)), "v": [n % 7 for n in range(20_000)] + [0] * 98})
        right = self.write("hot_right.parquet", {"k": [1] * 20_000 + list(range(2, 100)), "v": [n % 7 for n in range(20_000)] + [0] * 97 + [5]})
        self.same_diff(left, right, "--key", "k")

    def test_diff_of_texts(self):
        folder = self.folder
        with open(os.path.join(folder, "l.csv"), "w") as file:
            file.write('id,text,n\n1,"a\nb",1.5\n2,,2\n3,c,3\n')
        with open(os.path.join(folder, "r.csv"), "w") as file:
            file.write('id,text,n\n1,"a\nb",1.5\n2,x,2\n4,c,3\n')
        self.same_diff("l.csv", "r.csv", "--key", "id", "--schema", "id INT, text STRING, n DOUBLE")
        self.assertIn("--schema", self.complaint("diff", "l.csv", "r.csv", "--key", "id", "--on", self.on))
        with open(os.path.join(folder, "l.json"), "w") as file:
            file.write('{"id": 1, "v": {"a": [1, 2]}}\n{"id": 2, "v": null}\n')
        with open(os.path.join(folder, "r.json"), "w") as file:
            file.write('{"id": 1, "v": {"a": [1, 3]}}\n{"id": 3, "v": null}\n')
        self.same_diff("l.json", "r.json", "--key", "id")
        # What cannot be read never counts as empty.
        with open(os.path.join(folder, "bad.csv"), "w") as file:
            file.write("id,text,n\n1,a,much\n")
        self.assertIn("much", self.complaint("diff", "l.csv", "bad.csv", "--key", "id", "--schema", "id INT, text STRING, n DOUBLE", "--on", self.on))

    def test_diff_refuses_by_name(self):
        left, right = self.sides(50)
        for words, said in ((("--unicode-normalize", "nfc"), "--unicode-normalize"), (("--output", "patch", "--layout", "patch"), "patch"),
                            (("--option", "mode=PERMISSIVE", "--format", "csv", "--schema", "id INT"), "mode")):
            complaint = self.complaint("diff", left, right, "--key", "id", "--on", self.on, *words)
            self.assertIn("UNSUPPORTED_FEATURE.DIFF_ON_SPARK", complaint)
            self.assertIn(said, complaint)
        decimal = self.write("decimal.parquet", {"id": [1], "price": pyarrow.array([1.5]).cast(pyarrow.decimal128(10, 2))})
        self.assertIn("CAST(price AS DOUBLE)", self.complaint("diff", left, decimal, "--key", "id", "--on", self.on))
        self.assertIn("PATH_NOT_FOUND", self.complaint("diff", "nowhere.parquet", right, "--on", self.on))

    def test_diff_writes_what_it_found(self):
        left, right = self.sides()
        for layout in ("changes", "side-by-side", "diffit"):
            tables = []
            for name, more in (("here", ()), ("there", ("--on", self.on))):
                out = os.path.join(self.folder, f"{layout}-{name}")
                self.run_program("diff", left, right, "--key", "id", "--quiet", "--output", out, "--layout", layout, *more, expect=1)
                files = sorted(file for file in os.listdir(out) if file.endswith(".parquet"))
                table = pyarrow.concat_tables([pq.read_table(os.path.join(out, file), coerce_int96_timestamp_unit="us") for file in files])
                # Spark writes instants as INT96, which does not say that they are in UTC.
                instants = [pyarrow.timestamp("us") if pyarrow.types.is_timestamp(field.type) else field.type for field in table.schema]
                tables.append(table.cast(pyarrow.schema(zip(table.column_names, instants))).to_pylist())
            self.assertEqual(repr(tables[1]), repr(tables[0]))


if __name__ == "__main__":
    if "--on" in sys.argv:
        at = sys.argv.index("--on")
        ON = sys.argv[at + 1]
        del sys.argv[at:at + 2]
    common.main()
