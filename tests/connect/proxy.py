"""What the other files of this folder ask of a server, asked of one that stands in front of another one (--on)."""

import unittest

import client
import common
import errors
import results
from common import ServerCase, servers


def in_front(case):
    """The same tests with a second server in front of the first one."""

    class Proxied(case):
        @classmethod
        def setUpClass(cls):
            cls.back = servers.Server(common.PROGRAM)
            cls.words = ("--on", cls.back.remote)
            super().setUpClass()

        @classmethod
        def tearDownClass(cls):
            super().tearDownClass()
            code = cls.back.stop()
            assert code == 0, f"the server behind ended with {code}"

    Proxied.__name__ = Proxied.__qualname__ = f"Proxied{case.__name__}"
    return Proxied


def load_tests(loader, _tests, _pattern):
    suite = unittest.TestSuite()
    # PySpark asks its first session alone whether it shall keep the places of calls, which errors name.
    for module in (errors, client, results):
        for case in vars(module).values():
            if isinstance(case, type) and issubclass(case, ServerCase) and case is not ServerCase:
                suite.addTests(loader.loadTestsFromTestCase(in_front(case)))
    assert suite.countTestCases() > 10, "there are no tests to repeat"
    return suite


if __name__ == "__main__":
    common.main()
