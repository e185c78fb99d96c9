"""What the tests of this folder share: a server, sessions of an unmodified PySpark client, and a proxy that cuts connections."""

import logging
import os
import socket
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
import server as servers  # noqa: E402
from pyspark.sql.connect.session import SparkSession  # noqa: E402

logging.disable(logging.CRITICAL)


sessions = []


def session(remote):
    """A session of its own."""
    sessions.append(SparkSession.builder.remote(remote).create())
    return sessions[-1]


class ServerCase(unittest.TestCase):
    """One server for the class, one session for each test."""

    words = ()

    @classmethod
    def setUpClass(cls):
        cls.server = servers.Server(PROGRAM, *cls.words)

    @classmethod
    def tearDownClass(cls):
        # At its end PySpark's client asks for ten minutes for a server that is gone, unless it was closed.
        for each in sessions:
            each.client.close()
        code = cls.server.stop()
        assert code == 0, f"the server ended with {code}"

    def setUp(self):
        self.spark = session(self.server.remote)

    def tearDown(self):
        self.spark.stop()
        self.assertTrue(self.server.alive(), "the server died")


class CuttingProxy:
    """Passes bytes on to a server, and cuts each connection after so many bytes of answers, `cuts` times."""

    def __init__(self, port, limit, cuts):
        self.port, self.limit, self.cuts_left, self.cut = port, limit, cuts, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.remote = f"sc://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            upstream = socket.create_connection(("127.0.0.1", self.port))
            threading.Thread(target=self._pump, args=(client, upstream, False), daemon=True).start()
            threading.Thread(target=self._pump, args=(upstream, client, True), daemon=True).start()

    def _pump(self, source, target, answers):
        passed = 0
        try:
            while data := source.recv(65536):
                passed += len(data)
                if answers and passed > self.limit and self.cuts_left > 0:
                    self.cuts_left -= 1
                    self.cut += 1
                    break
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


PROGRAM = ""


def main():
    """The program under test is the first argument; the others are unittest's."""
    global PROGRAM
    import common

    common.PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main(module="__main__", verbosity=2)
