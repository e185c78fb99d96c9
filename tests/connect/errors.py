"""Errors as PySpark shows them. What is expected here is what real Spark 4.2.0 answered to the same calls."""

import unittest

import common
from common import ServerCase
from pyspark.errors import (AnalysisException, ArithmeticException, ArrayIndexOutOfBoundsException, NumberFormatException, ParseException,
                            PySparkException, SparkNoSuchElementException)
from pyspark.sql import functions as F


class ErrorsTest(ServerCase):
    def failure(self, exception, call):
        with self.assertRaises(exception) as raised:
            call()
        return raised.exception

    def test_arithmetic_in_sql(self):
        error = self.failure(ArithmeticException, lambda: self.spark.sql("select 1/0").collect())
        self.assertEqual(error.getCondition(), "DIVIDE_BY_ZERO")
        self.assertEqual(error.getSqlState(), "22012")
        self.assertEqual(error.getMessageParameters(), {"config": '"spark.sql.ansi.enabled"'})
        self.assertTrue(
            str(error).startswith("[DIVIDE_BY_ZERO] Division by zero. Use `try_divide` to tolerate divisor being 0 and return NULL instead. "
                                  'If necessary set "spark.sql.ansi.enabled" to "false" to bypass this error. SQLSTATE: 22012'))

    def test_place_of_an_arithmetic_error_in_sql(self):
        error = self.failure(ArithmeticException, lambda: self.spark.sql("select 1/0").collect())
        self.assertEqual(
            str(error),
            "[DIVIDE_BY_ZERO] Division by zero. Use `try_divide` to tolerate divisor being 0 and return NULL instead. If necessary set "
            '"spark.sql.ansi.enabled" to "false" to bypass this error. SQLSTATE: 22012\n== SQL (line 1, position 8) ==\nselect 1/0\n'
            "       ^^^\n")
        (context,) = error.getQueryContext()
        self.assertEqual((context.startIndex(), context.stopIndex(), context.fragment()), (7, 9, "1/0"))

    def test_arithmetic_in_a_dataframe(self):
        error = self.failure(ArithmeticException, lambda: self.spark.range(1).select(F.lit(1) / F.lit(0)).collect())
        (context,) = error.getQueryContext()
        self.assertEqual(context.fragment(), "__truediv__")
        self.assertRegex(context.callSite(), r"errors\.py:\d+$")
        self.assertIn('== DataFrame ==\n"__truediv__" was called from\n', str(error))

    def test_parse_error(self):
        error = self.failure(ParseException, lambda: self.spark.sql("select 1 +"))
        self.assertEqual(error.getCondition(), "PARSE_SYNTAX_ERROR")
        self.assertEqual(error.getSqlState(), "42601")
        self.assertEqual(error.getMessageParameters(), {"error": "end of input", "hint": ""})
        self.assertEqual(
            str(error), "\n[PARSE_SYNTAX_ERROR] Syntax error at or near end of input. SQLSTATE: 42601 (line 1, pos 10)\n\n== SQL ==\n"
            "select 1 +\n----------^^^\n")

    def test_unresolved_column(self):
        error = self.failure(AnalysisException, lambda: self.spark.sql("select x").collect())
        self.assertEqual(error.getCondition(), "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION")
        self.assertEqual(error.getMessageParameters(), {"objectName": "`x`"})
        (context,) = error.getQueryContext()
        self.assertEqual((context.startIndex(), context.stopIndex(), context.fragment()), (7, 7, "x"))
        self.assertIn("SQLSTATE: 42703; line 1 pos 7", str(error))

    def test_missing_table(self):
        error = self.failure(AnalysisException, lambda: self.spark.sql("select * from nosuch").collect())
        self.assertEqual(error.getCondition(), "TABLE_OR_VIEW_NOT_FOUND")
        self.assertEqual(error.getSqlState(), "42P01")

    def test_malformed_number(self):
        error = self.failure(NumberFormatException, lambda: self.spark.sql("select cast('a' as int)").collect())
        self.assertEqual(error.getCondition(), "CAST_INVALID_INPUT")
        self.assertEqual(error.getMessageParameters()["targetType"], '"INT"')

    def test_array_index(self):
        error = self.failure(ArrayIndexOutOfBoundsException, lambda: self.spark.sql("select array(1)[3]").collect())
        self.assertEqual(error.getMessageParameters(), {"indexValue": "3", "arraySize": "1"})

    def test_missing_path(self):
        error = self.failure(AnalysisException, lambda: self.spark.read.parquet("/no/such/path").collect())
        self.assertEqual(error.getCondition(), "PATH_NOT_FOUND")
        self.assertEqual(error.getSqlState(), "42K03")

    def test_missing_setting(self):
        error = self.failure(SparkNoSuchElementException, lambda: self.spark.conf.get("nosuch"))
        self.assertEqual(error.getCondition(), "SQL_CONF_NOT_FOUND")
        self.assertEqual(error.getMessageParameters(), {"sqlConf": '"nosuch"'})
        self.assertEqual(str(error), '[SQL_CONF_NOT_FOUND] The SQL config "nosuch" cannot be found. Please verify that the config exists. '
                         "SQLSTATE: 42K0I")

    def test_deep_plans(self):
        frame = self.spark.range(5)
        for _ in range(200):
            frame = frame.where("id >= 0")
        self.assertEqual(frame.count(), 5)
        from pyspark.sql.connect import proto

        plan = proto.Relation()
        at = plan
        for _ in range(10_000):
            at = at.limit.input
        at.range.end = 3
        request = self.spark.client._execute_plan_request_with_metadata()
        # Written by hand: Python's own protobuf does not serialise it either.
        body = proto.Relation(range=proto.Range(end=3, step=1)).SerializeToString()
        request.plan.root.SetInParent()

        def field(number, data):
            out, size = bytes([number << 3 | 2]) if number < 16 else bytes([(number << 3 | 2) & 127 | 128, number >> 4]), len(data)
            while size > 127:
                out, size = out + bytes([size & 127 | 128]), size >> 7
            return out + bytes([size]) + data

        limit = proto.Relation.DESCRIPTOR.fields_by_name["limit"].number
        for _ in range(10_000):
            body = field(limit, field(1, body))
        request.ClearField("plan")
        raw = request.SerializeToString() + field(3, field(1, body))
        call = self.spark.client._channel.unary_stream("/spark.connect.SparkConnectService/ExecutePlan", request_serializer=lambda x: x)
        import grpc

        with self.assertRaises(grpc.RpcError) as raised:
            list(call(raw))
        self.assertIn("CONNECT_INVALID_PLAN", raised.exception.details())
        self.assertEqual(self.spark.range(2).count(), 2)

    def test_deep_sql(self):
        tables = ", ".join(["c0 AS (SELECT 1 AS a)"] + [f"c{i} AS (SELECT * FROM c{i - 1})" for i in range(1, 5000)])
        for text in (
            "SELECT " + "(" * 10_000 + "1" + ")" * 10_000,
            "SELECT " + "- " * 100_000 + "1",
            "SELECT * FROM (" * 5000 + "SELECT 1 AS a" + ")" * 5000,
            "SELECT " + "(SELECT " * 5000 + "1" + ")" * 5000,
            " UNION ALL ".join(["SELECT 1 AS a"] * 2000),
            "SELECT CAST(NULL AS " + "ARRAY<" * 5000 + "INT" + ">" * 5000 + ")",
            f"WITH {tables} SELECT * FROM c4999",
        ):
            with self.subTest(text[:40]):
                error = self.failure(PySparkException, lambda: self.spark.sql(text).collect())
                self.assertIn(error.getCondition(), ("FAILED_TO_PARSE_TOO_COMPLEX", "TINDERBOX_PLAN_TOO_DEEP"))
        terms = " AND ".join(f"id <> {i}" for i in range(1, 2000))
        self.assertEqual(self.spark.sql(f"SELECT id FROM range(3) WHERE {terms}").collect()[0].id, 0)

    def test_unsupported_is_named(self):
        error = self.failure(PySparkException, lambda: self.spark.readStream.format("kafka").load().writeStream.format("console").start())
        self.assertRegex(str(error.getCondition()), "UNSUPPORTED|NOT_IMPLEMENTED")


if __name__ == "__main__":
    common.main()
