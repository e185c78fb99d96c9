"""The program as a client over a bad network: narrow, losing packets, and down for seconds. The network is that of a namespace of its
own, which this file makes around itself (unshare and tc, of util-linux and iproute2) and which goes with it.

usage: slow_network.py PROGRAM
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
import server as servers  # noqa: E402

INSIDE = "TINDERBOX_TEST_NAMESPACE"
# 16 megabits a second, and what waits longer than 20 ms is dropped.
NARROW = ("rate", "16mbit", "burst", "32k", "latency", "20ms")
ROWS = 60_000


def ip(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


class SlowNetworkTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="tinderbox-slow-")
        self.server = servers.Server(PROGRAM)
        ip("tc", "qdisc", "replace", "dev", "lo", "root", "tbf", *NARROW)

    def tearDown(self):
        ip("ip", "link", "set", "lo", "up")
        ip("tc", "qdisc", "del", "dev", "lo", "root")
        shutil.rmtree(self.folder)
        self.assertEqual(self.server.stop(), 0)

    def sql(self, text):
        done = subprocess.run([PROGRAM, "sql", "--on", self.server.remote, "--format", "csv", text], capture_output=True, text=True, timeout=200, cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        return done.stdout.splitlines()[1:]

    def sent(self):
        """Bytes that went over the network, and packets that it dropped."""
        told = re.search(r"Sent (\d+) bytes .*dropped (\d+),", ip("tc", "-s", "qdisc", "show", "dev", "lo"))
        return int(told[1]), int(told[2])

    def check_rows(self, rows):
        self.assertEqual(len(rows), ROWS)
        self.assertEqual([row.split(",")[0] for row in rows], [str(n) for n in range(ROWS)])

    def test_results_and_uploads(self):
        self.check_rows(self.sql(f"SELECT id, uuid() AS t FROM range({ROWS})"))
        with open(os.path.join(self.folder, "upload.sql"), "w") as file:
            file.write("SELECT length('" + "long " * 400_000 + "') AS n")
        done = subprocess.run([PROGRAM, "sql", "--on", self.server.remote, "--format", "csv", "--file", "upload.sql"], capture_output=True, text=True, timeout=200, cwd=self.folder)
        self.assertEqual((done.returncode, done.stdout), (0, "n\n2000000\n"), done.stderr[-2000:])
        sent, dropped = self.sent()
        self.assertGreater(sent, 4_000_000)
        self.assertGreater(dropped, 0, "the network lost nothing, so that this test shows nothing")

    def test_it_is_down_for_seconds(self):
        self.sql("CREATE TABLE once (id BIGINT) USING parquet")
        answers = {}

        def ask(name, text):
            answers[name] = self.sql(text)

        asked = [threading.Thread(target=ask, args=(name, text)) for name, text in (
            ("rows", f"SELECT id, uuid() AS t FROM range({ROWS})"), ("insert", "INSERT INTO once SELECT id FROM range(3000000)"))]
        before = self.sent()[0]
        for thread in asked:
            thread.start()
        while self.sent()[0] < before + 500_000 and any(thread.is_alive() for thread in asked):
            time.sleep(0.01)
        ip("ip", "link", "set", "lo", "down")
        time.sleep(4)  # the outage itself
        ip("ip", "link", "set", "lo", "up")
        for thread in asked:
            thread.join()
        self.check_rows(answers["rows"])
        self.assertEqual(self.sql("SELECT count(*), count(DISTINCT id) FROM once"), ["3000000,3000000"])


if __name__ == "__main__":
    if INSIDE not in os.environ:
        os.execvpe("unshare", ["unshare", "--user", "--map-root-user", "--net", sys.executable, "-B", *sys.argv], {**os.environ, INSIDE: "1"})
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    ip("ip", "link", "set", "lo", "mtu", "1500", "up")
    unittest.main(verbosity=2)
