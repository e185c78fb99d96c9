"""Sessions, interruption, tags, progress and status as PySpark's client uses them."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import common
from common import CuttingProxy, ServerCase, session
from pyspark.errors import PySparkException
from pyspark.sql import functions as F

# Runs for minutes unless it is stopped: every pair of 300,000 rows.
def endless(spark):
    left = spark.range(300_000)
    return left.crossJoin(left.withColumnRenamed("id", "other")).agg(F.sum(F.col("id") * F.col("other") % 7))


def run_endless(spark, tag=None):
    """Starts it in a thread; gives the thread and the list that its exception comes into."""
    errors = []

    def run():
        if tag:
            spark.addTag(tag)
        try:
            endless(spark).collect()
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, errors


class ClientTest(ServerCase):
    def interrupted(self, thread, errors):
        thread.join(30)
        self.assertFalse(thread.is_alive(), "the query still runs")
        self.assertEqual(len(errors), 1)
        self.assertIn("OPERATION_CANCELED", str(errors[0]))

    def test_interrupt_all(self):
        thread, errors = run_endless(self.spark)
        ids = []
        deadline = time.time() + 30
        while not ids and time.time() < deadline:
            ids = self.spark.interruptAll()
        self.assertEqual(len(ids), 1)
        self.interrupted(thread, errors)
        self.assertEqual(self.spark.range(3).count(), 3)

    def test_interrupt_tag(self):
        thread, errors = run_endless(self.spark, "etl")
        other, other_errors = run_endless(self.spark, "nightly")
        ids = []
        deadline = time.time() + 30
        while not ids and time.time() < deadline:
            ids = self.spark.interruptTag("etl")
        self.assertEqual(len(ids), 1)
        self.interrupted(thread, errors)
        self.assertTrue(other.is_alive())
        while other.is_alive():
            self.spark.interruptTag("nightly")
            other.join(0.2)
        self.interrupted(other, other_errors)

    def test_interrupt_operation(self):
        self.spark.range(1).collect()  # before its first query a session is not there to be asked for its status
        thread, errors = run_endless(self.spark)
        running = []
        deadline = time.time() + 30
        while not running and time.time() < deadline:
            running = [s.operation_id for s in self.spark.client._get_operation_statuses().operation_statuses if s.state == 2]
        self.assertEqual(self.spark.interruptOperation(running[0]), running)
        self.interrupted(thread, errors)

    def test_progress_handler(self):
        seen = []

        def handler(stages, inflight_tasks, operation_id, done):
            seen.append((sum(s.num_tasks for s in stages), sum(s.num_completed_tasks for s in stages), done))

        self.spark.registerProgressHandler(handler)
        thread, errors = run_endless(self.spark)
        deadline = time.time() + 30
        while not seen and time.time() < deadline:
            time.sleep(0.1)
        self.spark.interruptAll()
        self.interrupted(thread, errors)
        self.assertTrue(seen)
        self.assertTrue(all(0 <= completed <= tasks for tasks, completed, _ in seen))
        self.assertTrue(seen[-1][2])

    def test_concurrent_sessions(self):
        failures = []

        def work(number):
            try:
                spark = session(self.server.remote)
                spark.conf.set("mine", str(number))
                spark.range(number).createOrReplaceTempView("mine")
                for _ in range(5):
                    assert spark.table("mine").count() == number
                    assert spark.conf.get("mine") == str(number)
                spark.stop()
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 13)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        self.assertEqual(failures, [])

    def test_reattach_over_a_cutting_proxy(self):
        port = int(self.server.remote.rsplit(":", 1)[1])
        proxy = CuttingProxy(port, limit=300_000, cuts=3)
        spark = session(proxy.remote)
        frame = spark.range(400_000).toPandas()
        self.assertEqual(proxy.cut, 3)
        self.assertEqual(len(frame), 400_000)
        self.assertEqual(frame["id"].sum(), 400_000 * 399_999 // 2)
        spark.stop()
        proxy.close()

    def test_killed_client_leaves_nothing_running(self):
        script = os.path.join(tempfile.mkdtemp(), "endless.py")
        with open(script, "w") as file:
            file.write(
                f"import sys; sys.path.insert(0, {os.path.dirname(os.path.abspath(__file__))!r})\n"
                f"from common import session; from client import endless\n"
                f"print('ready', flush=True); endless(session({self.server.remote!r})).collect()\n"
            )
        before = self.server.status("Threads")
        child = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        child.stdout.readline()
        time.sleep(2)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        # The client might come back within the time of abandonment, so the query goes on; others are served meanwhile.
        self.assertEqual(self.spark.range(10).count(), 10)
        self.assertLess(self.server.status("Threads"), before + 20)

    def test_session_ids(self):
        self.spark.range(1).collect()
        ids = {self.spark.client._server_session_id}
        self.spark.conf.get("spark.sql.ansi.enabled")
        ids.add(self.spark.client._server_session_id)
        self.assertEqual(len(ids), 1)
        clone = self.spark.client.clone()
        self.addCleanup(clone.close)
        self.assertNotEqual(clone._session_id, self.spark.client._session_id)

    def test_stopped_session_is_closed(self):
        spark = session(self.server.remote)
        spark.range(1).collect()
        again = session(f"{self.server.remote}/;session_id={spark.client._session_id}")
        spark.client.release_session()
        with self.assertRaises(PySparkException) as raised:
            again.range(1).collect()
        self.assertEqual(raised.exception.getCondition(), "INVALID_HANDLE.SESSION_CLOSED")

    def test_conf(self):
        conf = self.spark.conf
        self.assertEqual(conf.get("spark.sql.shuffle.partitions"), "200")
        conf.set("spark.sql.shuffle.partitions", 7)
        self.assertEqual(conf.get("spark.sql.shuffle.partitions"), "7")
        conf.unset("spark.sql.shuffle.partitions")
        self.assertEqual(conf.get("spark.sql.shuffle.partitions"), "200")
        self.assertTrue(conf.isModifiable("spark.sql.shuffle.partitions"))
        self.assertFalse(conf.isModifiable("spark.sql.warehouse.dir"))
        self.assertEqual(conf.get("not.there", "x"), "x")
        self.assertEqual(conf.get("spark.sql.sources.partitionOverwriteMode", "DYNAMIC"), "DYNAMIC")
        # Real Spark's answers to the same questions.
        for key, value, condition in (
            ("spark.sql.shuffle.partitions", "-1", "INVALID_CONF_VALUE.REQUIREMENT"),
            ("spark.sql.shuffle.partitions", "many", "INVALID_CONF_VALUE.TYPE_MISMATCH"),
            ("spark.sql.ansi.enabled", "yes", "INVALID_CONF_VALUE.TYPE_MISMATCH"),
            ("spark.sql.adaptive.autoBroadcastJoinThreshold", "10 mb", "INVALID_CONF_VALUE.TYPE_MISMATCH"),
            ("spark.sql.timestampType", "xx", "INVALID_CONF_VALUE.OUT_OF_RANGE_OF_OPTIONS"),
            ("spark.sql.warehouse.dir", "/x", "CANNOT_MODIFY_STATIC_CONFIG"),
            ("spark.executor.memory", "1g", "CANNOT_MODIFY_CONFIG"),
        ):
            with self.assertRaises(PySparkException, msg=key) as raised:
                conf.set(key, value)
            self.assertEqual(raised.exception.getCondition(), condition)
        conf.set("spark.sql.adaptive.autoBroadcastJoinThreshold", "10MB")
        conf.set("spark.sql.broadcastTimeout", "5m")
        conf.set("spark.sql.storeAssignmentPolicy", "ansi")
        with self.assertRaises(PySparkException):
            conf.set("spark.sql.storeAssignmentPolicy", "legacy")


if __name__ == "__main__":
    common.main()
