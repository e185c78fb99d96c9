"""Structured Streaming: the source rate, stateless queries, each sink and trigger, restarts, and what is refused."""

import datetime
import os
import shutil
import tempfile
import time
import unittest

import common
from common import ServerCase, session
from pyspark.errors import AnalysisException, IllegalArgumentException, PySparkException, StreamingQueryException
from pyspark.errors.exceptions.connect import UnsupportedOperationException
from pyspark.sql import functions as F
from pyspark.sql.window import Window


class StreamingTest(ServerCase):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.mkdtemp()

    def tearDown(self):
        super().tearDown()
        shutil.rmtree(self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def rate(self, **options):
        return self.spark.readStream.format("rate").options(**options).load()

    def condition(self, action, exception=PySparkException):
        with self.assertRaises(exception) as caught:
            action()
        return caught.exception.getCondition()

    def refused(self, frame, mode="append"):
        """The condition and the message with which a query is not started."""
        with self.assertRaises(PySparkException) as caught:
            frame.writeStream.format("noop").outputMode(mode).start().stop()
        return caught.exception.getCondition(), str(caught.exception)

    def wait(self, what, seconds=30):
        end = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), end, "it did not happen")
            time.sleep(0.05)

    def test_plan(self):
        frame = self.rate()
        self.assertTrue(frame.isStreaming)
        self.assertTrue(frame.selectExpr("value % 3 AS v").isStreaming)
        self.assertFalse(self.spark.range(3).isStreaming)
        self.assertEqual(frame.schema.simpleString(), "struct<timestamp:timestamp,value:bigint>")
        self.assertTrue(all(field.nullable for field in frame.schema))
        frame.createOrReplaceTempView("rates")
        self.assertTrue(self.spark.sql("WITH r AS (SELECT value + 1 AS v FROM rates) SELECT v FROM r").isStreaming)
        marked = frame.select("value", F.col("timestamp").alias("time")).withWatermark("time", "10 minutes")
        self.assertEqual(repr(marked), "DataFrame[value: bigint, time: timestamp]")

    def test_watermarks(self):
        frame = self.rate()
        self.assertEqual(self.condition(lambda: frame.withWatermark("value", "1 hour").schema), "EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE")
        self.assertEqual(self.condition(lambda: frame.withWatermark("timestamp", "x hour").schema), "CANNOT_PARSE_INTERVAL")
        self.assertRaises(IllegalArgumentException, lambda: frame.withWatermark("timestamp", "-1 hour").schema)
        # A batch takes no notice.
        self.assertEqual(self.spark.range(1).withWatermark("nosuch", "1 hour").count(), 1)

    def test_batch_actions_are_refused(self):
        frame = self.rate()
        for action in (frame.collect, frame.count, frame.show, frame.inputFiles, frame.cache, lambda: frame.tail(1)):
            self.assertEqual(self.condition(action, AnalysisException), "_LEGACY_ERROR_TEMP_3102")
        out = self.path("batch")
        self.assertRaises(AnalysisException, frame.write.parquet, out)
        self.assertFalse(os.path.exists(out))

    def test_sources(self):
        load = lambda format, **options: self.spark.readStream.format(format).options(**options).load().schema  # noqa: E731
        self.assertEqual(self.condition(lambda: load("nosuch")), "DATA_SOURCE_NOT_FOUND")
        for format in ("kafka", "socket", "rate-micro-batch", "csv"):
            self.assertEqual(self.condition(lambda: load(format)), "UNSUPPORTED_FEATURE.DATA_SOURCE", format)
        for options in ({"rowsPerSecond": 0}, {"rowsPerSecond": "x"}, {"numPartitions": -1}):
            self.assertRaises(IllegalArgumentException, load, "rate", **options)
        self.assertTrue(self.condition(lambda: load("rate", rampUpTime="5s")).startswith("UNSUPPORTED_FEATURE"))
        given = self.spark.readStream.format("rate").schema("a int").load()
        self.assertRaises(UnsupportedOperationException, lambda: given.schema)

    def test_memory(self):
        query = self.rate(rowsPerSecond=4).where("value % 2 = 0").writeStream.format("memory").queryName("evens").start()
        self.assertEqual([one.name for one in self.spark.streams.active], ["evens"])
        self.assertEqual(self.spark.streams.get(query.id).runId, query.runId)
        self.assertIsNone(self.spark.streams.get("00000000-0000-0000-0000-000000000000"))
        self.assertRaises(IllegalArgumentException, self.spark.streams.get, "nosuch")
        self.wait(lambda: self.spark.table("evens").count() >= 4)
        self.assertTrue(query.isActive)
        query.stop()
        self.assertFalse(query.isActive)
        rows = self.spark.table("evens").collect()
        self.assertEqual([row.value for row in rows], list(range(0, 2 * len(rows), 2)))
        steps = {b.timestamp - a.timestamp for a, b in zip(rows, rows[1:])}
        self.assertEqual(steps, {datetime.timedelta(milliseconds=500)})
        self.assertEqual(self.spark.streams.active, [])
        self.assertEqual(query.status, {"message": "Stopped", "isDataAvailable": False, "isTriggerActive": False})
        query.stop()
        self.assertIsNone(query.awaitTermination())
        self.assertIsNone(query.exception())
        time.sleep(1.2)
        self.assertEqual(self.spark.table("evens").count(), len(rows))

    def test_console(self):
        query = self.rate(rowsPerSecond=1).selectExpr("value", "'abcdefghijklmnopqrstuvwxyz' AS t").writeStream.format("console").start()
        self.wait(lambda: query.lastProgress is not None and query.lastProgress.batchId >= 1)
        query.stop()
        line = "-" * 43
        text = self.server.output()
        self.assertIn(f"{line}\nBatch: 0\n{line}\n+-----+---+\n|value|  t|\n+-----+---+\n+-----+---+\n\n", text)
        self.assertIn(f"{line}\nBatch: 1\n{line}\n", text)
        self.assertIn("|    0|abcdefghijklmnopq...|\n", text)

    def test_noop_is_a_sink_of_batches_too(self):
        self.spark.range(3).write.format("noop").mode("overwrite").save()

    def test_names(self):
        query = self.rate().writeStream.format("noop").queryName("one").start()
        self.assertRaises(IllegalArgumentException, self.rate().writeStream.format("noop").queryName("one").start)
        query.stop()
        self.rate().writeStream.format("noop").queryName("one").start().stop()

    def test_progress(self):
        query = self.rate(rowsPerSecond=5, numPartitions=2).writeStream.format("memory").queryName("progress").start()
        self.assertFalse(query.awaitTermination(1))
        query.processAllAvailable()
        self.wait(lambda: query.lastProgress.batchId >= 1)
        progress = query.recentProgress
        query.stop()
        self.assertEqual([one.batchId for one in progress], list(range(len(progress))))
        last = progress[-1]
        self.assertEqual(str(last.id), query.id)
        self.assertEqual(last.name, "progress")
        seconds = int(last.sources[0].endOffset) - int(last.sources[0].startOffset)
        self.assertEqual(last.numInputRows, 5 * seconds)
        self.assertEqual(last.sink.numOutputRows, 5 * seconds)
        self.assertEqual(last.sources[0].description, "RateStreamV2[rowsPerSecond=5, rampUpTimeSeconds=0, numPartitions=2")

    def test_stop_is_prompt(self):
        slow = F.udf(lambda v: (time.sleep(60), v)[1], "bigint")
        query = self.rate(rowsPerSecond=1).select(slow("value")).writeStream.format("noop").trigger(processingTime="1 second").start()
        self.wait(lambda: query.status["isTriggerActive"] and query.lastProgress is not None)
        begin = time.monotonic()
        query.stop()
        self.assertLess(time.monotonic() - begin, 10)
        self.assertIsNone(query.exception())
        idle = self.rate().writeStream.format("noop").trigger(processingTime="1 hour").start()
        begin = time.monotonic()
        idle.stop()
        self.assertLess(time.monotonic() - begin, 5)

    def test_failure(self):
        query = self.rate(rowsPerSecond=5).selectExpr("1 / (value - 3)").writeStream.format("noop").start()
        with self.assertRaises(StreamingQueryException) as caught:
            query.awaitTermination(60)
        self.assertEqual(caught.exception.getCondition(), "STREAM_FAILED")
        self.assertEqual(caught.exception.getMessageParameters()["id"], query.id)
        self.assertIn("DIVIDE_BY_ZERO", str(caught.exception))
        self.assertIn("DIVIDE_BY_ZERO", str(query.exception()))
        self.assertFalse(query.isActive)
        self.assertTrue(query.status["message"].startswith("Terminated with exception: [DIVIDE_BY_ZERO]"))
        self.assertRaises(StreamingQueryException, query.processAllAvailable)
        self.assertRaises(StreamingQueryException, self.spark.streams.awaitAnyTermination)
        self.spark.streams.resetTerminated()
        self.assertFalse(self.spark.streams.awaitAnyTermination(1))

    def test_await_any(self):
        first = self.rate().writeStream.format("noop").start()
        second = self.rate().writeStream.format("noop").start()
        self.assertFalse(self.spark.streams.awaitAnyTermination(1))
        second.stop()
        self.assertIsNone(self.spark.streams.awaitAnyTermination())
        first.stop()

    def test_unknown_query(self):
        query = self.rate().writeStream.format("noop").start()
        query.stop()
        query._run_id = "00000000-0000-0000-0000-000000000000"
        self.assertEqual(self.condition(lambda: query.status), "CONNECT_INVALID_PLAN.STREAMING_QUERY_NOT_FOUND")

    def files(self, trigger={"availableNow": True}):
        writer = self.rate(rowsPerSecond=2).writeStream.format("csv").option("checkpointLocation", self.path("checkpoint"))
        return writer.trigger(**trigger).start(self.path("out"))

    def values(self):
        frame = self.spark.read.schema("timestamp string, value bigint").csv(self.path("out"))
        return sorted(row.value for row in frame.collect())

    def test_restart_goes_on(self):
        first = self.files()
        self.assertTrue(first.awaitTermination(30))
        time.sleep(1.1)
        second = self.files()
        self.assertTrue(second.awaitTermination(30))
        self.assertEqual(second.id, first.id)
        self.assertNotEqual(second.runId, first.runId)
        values = self.values()
        self.assertGreaterEqual(len(values), 2)
        self.assertEqual(values, list(range(len(values))))
        self.assertEqual(second.lastProgress.batchId, 1)
        # A batch that was begun and not done is run again, with the same rows.
        os.remove(self.path("checkpoint/commits/1"))
        shutil.rmtree(self.path("out"))
        end = int(open(self.path("checkpoint/offsets/1")).read().split("\n")[-1])
        third = self.files({"once": True})
        self.assertTrue(third.awaitTermination(30))
        self.assertEqual(self.values(), list(range(2 * end)))

    def test_restart_ends_the_run_before(self):
        first = self.files({"processingTime": "0 seconds"})
        second = self.files({"processingTime": "0 seconds"})
        self.assertFalse(first.isActive)
        self.assertTrue(second.isActive)
        second.stop()

    def test_damaged_checkpoint(self):
        os.makedirs(self.path("checkpoint/offsets"))
        with open(self.path("checkpoint/offsets/0"), "w") as out:
            out.write("v1\n{}\nmany")
        self.assertEqual(self.condition(self.files), "TINDERBOX_CHECKPOINT_DAMAGED")

    def test_table(self):
        writer = self.rate(rowsPerSecond=2).writeStream.option("checkpointLocation", self.path("checkpoint"))
        query = writer.toTable("streamed")
        try:
            self.wait(lambda: query.lastProgress is not None and query.lastProgress.batchId >= 1)
            query.stop()
            values = sorted(row.value for row in self.spark.table("streamed").collect())
            self.assertEqual(values, list(range(len(values))))
            self.assertGreaterEqual(len(values), 2)
        finally:
            self.spark.sql("DROP TABLE IF EXISTS streamed")

    def test_joins_with_a_table(self):
        names = self.spark.createDataFrame([(0, "zero"), (2, "two")], ["value", "name"])
        query = self.rate(rowsPerSecond=4).join(names, "value").select("value", "name").writeStream.format("memory").queryName("joined").start()
        self.wait(lambda: self.spark.table("joined").count() == 2)
        query.stop()
        self.assertEqual(sorted(tuple(row) for row in self.spark.table("joined").collect()), [(0, "zero"), (2, "two")])

    def test_view_is_taken_at_the_start(self):
        self.rate(rowsPerSecond=4).createOrReplaceTempView("source")
        query = self.spark.sql("SELECT -value AS v FROM source").writeStream.format("memory").queryName("negated").start()
        self.spark.range(1).createOrReplaceTempView("source")
        self.wait(lambda: self.spark.table("negated").count() >= 4)
        query.stop()
        self.assertEqual(self.spark.table("negated").agg(F.max("v")).first()[0], 0)

    def test_operations_that_are_refused(self):
        frame, other = self.rate(), self.rate()
        marked = frame.withWatermark("timestamp", "1 hour")
        windowed = F.row_number().over(Window.partitionBy("value").orderBy("timestamp"))
        static = self.spark.range(5)
        legacy, mode, feature = "_LEGACY_ERROR_TEMP_3102", "STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION", "UNSUPPORTED_FEATURE"
        frame.createOrReplaceTempView("rates")
        for name, refused, expected in [
            ("aggregation", frame.groupBy("value").count(), mode),
            ("global aggregate", frame.select(F.sum("value")), mode),
            ("aggregate as text", frame.selectExpr("sum(value)"), mode),
            ("aggregate in SQL", self.spark.sql("SELECT value, count(*) FROM rates GROUP BY value"), mode),
            ("window", frame.select(windowed), "NON_TIME_WINDOW_NOT_SUPPORTED_IN_STREAMING"),
            ("window in withColumn", frame.withColumn("n", windowed), "NON_TIME_WINDOW_NOT_SUPPORTED_IN_STREAMING"),
            ("sort", frame.orderBy("value"), legacy),
            ("sort in SQL", self.spark.sql("SELECT * FROM rates ORDER BY value"), legacy),
            ("offset", frame.offset(1), legacy),
            ("sample", frame.sample(0.5), legacy),
            ("numbers", frame.select(F.monotonically_increasing_id()), legacy),
            ("left join", static.join(frame, static.id == frame.value, "left"), legacy),
            ("limit", frame.limit(1), feature),
            ("distinct", frame.distinct(), feature),
            ("dropDuplicates", frame.dropDuplicates(["value"]), feature),
            ("join", frame.join(other, "value"), feature),
            ("union", frame.union(other), feature),
            ("full join", frame.join(static, static.id == frame.value, "full"), feature),
            ("observe", frame.observe("o", F.count("value")), feature),
            ("aggregation by window", marked.groupBy(F.window("timestamp", "1 hour")).count(), feature),
        ]:
            self.assertEqual(self.refused(refused)[0], expected, name)
        text = "SELECT id, (SELECT max(value) FROM rates) AS x FROM range(4)"
        self.assertEqual(self.refused(self.spark.sql(text))[0], "INVALID_SUBQUERY_EXPRESSION.STREAMING_QUERY")
        for mode in ("update", "complete"):
            self.assertEqual(self.refused(frame.groupBy("value").count(), mode)[0], feature)

    def test_writers_that_are_refused(self):
        frame = self.rate()
        writer = lambda format="noop": frame.writeStream.format(format)  # noqa: E731
        self.assertEqual(self.condition(self.spark.range(3).writeStream.format("noop").start), "WRITE_STREAM_NOT_ALLOWED")
        self.assertEqual(self.condition(writer("memory").start), "_LEGACY_ERROR_TEMP_1194")
        self.assertEqual(self.condition(writer("nosuch").start), "DATA_SOURCE_NOT_FOUND")
        self.assertEqual(self.condition(lambda: writer("csv").start(self.path("o"))), "_LEGACY_ERROR_TEMP_1298")
        self.assertEqual(self.condition(writer("csv").option("checkpointLocation", self.path("c")).start), "_LEGACY_ERROR_TEMP_2047")
        self.assertEqual(self.refused(frame, "complete")[0], "STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION")
        self.assertEqual(self.refused(frame, "nosuch")[0], "STREAMING_OUTPUT_MODE.INVALID")
        update = writer("csv").outputMode("update").option("checkpointLocation", self.path("c"))
        self.assertEqual(self.condition(lambda: update.start(self.path("o"))), "STREAMING_OUTPUT_MODE.UNSUPPORTED_DATASOURCE")
        self.assertEqual(self.condition(writer().trigger(continuous="1 second").start), "UNSUPPORTED_FEATURE")
        self.assertRaises(IllegalArgumentException, writer().trigger(processingTime="-1 second").start)
        self.assertEqual(self.condition(writer().trigger(processingTime="1 month").start), "_LEGACY_ERROR_TEMP_3262")
        self.assertEqual(self.condition(frame.writeStream.foreachBatch(lambda batch, number: None).start), "UNSUPPORTED_FEATURE")
        self.assertEqual(self.condition(frame.writeStream.foreach(print).start), "UNSUPPORTED_FEATURE")

    def test_queries_end_with_their_session(self):
        spark = session(self.server.remote)
        out = self.path("out")
        writer = spark.readStream.format("rate").load().writeStream.format("csv").option("checkpointLocation", self.path("c"))
        query = writer.start(out)
        self.wait(lambda: query.lastProgress is not None)
        spark.stop()
        time.sleep(1)
        batches = sorted(os.listdir(self.path("c/commits")))
        time.sleep(2.5)
        self.assertEqual(sorted(os.listdir(self.path("c/commits"))), batches)

    def test_server_ends_with_running_queries(self):
        server = common.servers.Server(common.PROGRAM)
        spark = session(server.remote)
        query = spark.readStream.format("rate").load().writeStream.format("noop").start()
        self.assertTrue(query.isActive)
        spark.client.close()
        begin = time.monotonic()
        self.assertEqual(server.stop(), 0)
        self.assertLess(time.monotonic() - begin, 10)


if __name__ == "__main__":
    common.main()
