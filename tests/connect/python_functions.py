"""Python functions as PySpark's client sends them. Expected values are real Spark 4.2.0's answers to the same code."""

import datetime
import decimal
import os
import tempfile
import threading
import time
import unittest

import common
import pandas as pd
import pyarrow as pa
from common import ServerCase
from pyspark.errors import AnalysisException, PySparkException, PythonException
from pyspark.sql import Row
from pyspark.sql import functions as F
from pyspark.sql.window import Window


class PythonFunctionsTest(ServerCase):
    def rows(self, frame):
        return [tuple(row) for row in frame.collect()]

    def test_values(self):
        inc = F.udf(lambda x: x + 1, "int")
        frame = self.spark.range(3).select(inc("id"), inc(inc("id")).alias("twice"), (inc("id") * 2).alias("double"))
        self.assertEqual(self.rows(frame), [(1, 2, 2), (2, 3, 4), (3, 4, 6)])
        self.assertEqual(frame.columns, ["<lambda>(id)", "twice", "double"])
        self.assertEqual(frame.schema[0].dataType.simpleString(), "int")

    def test_types_go_both_ways(self):
        data = [
            (1, 1.5, "é", b"\0x", True, datetime.date(2020, 2, 29), decimal.Decimal("1.20"), [1, None], {"a": 1}, Row(x=1, y=None)),
            (None,) * 10,
        ]
        schema = (
            "a long, b double, c string, d binary, e boolean, f date, g decimal(5,2), h array<int>, i map<string,int>, "
            "j struct<x:int,y:string>"
        )
        frame = self.spark.createDataFrame(data, schema)
        for field in frame.schema:
            same = F.udf(lambda v: v, field.dataType)
            got = [row[0] for row in frame.select(same(field.name)).collect()]
            self.assertEqual(got, [row[field.name] for row in frame.collect()], field.name)

    def test_nan_and_infinity(self):
        frame = self.spark.sql("SELECT * FROM VALUES (double('NaN')), (double('Infinity')), (null) AS t(v)")
        seen = F.udf(lambda v: repr(v), "string")
        self.assertEqual(self.rows(frame.select(seen("v"))), [("nan",), ("inf",), ("None",)])

    def test_wrong_result_of_a_registered_function_is_null(self):
        self.spark.udf.register("as_int", lambda v: v, "int")
        self.spark.udf.register("as_text", lambda v: v, "string")
        self.assertEqual(self.rows(self.spark.sql("SELECT as_int('a'), as_int(7), as_int(1.5D)")), [(None, 7, None)])
        self.assertEqual(self.rows(self.spark.sql("SELECT as_text(7), as_text(true), as_text('x')")), [("7", "true", "x")])

    def test_registered_functions(self):
        self.spark.udf.register("plus2", lambda x: x + 2, "int")
        self.assertEqual(self.rows(self.spark.sql("SELECT plus2(id), plus2(1) FROM range(2)")), [(2, 3), (3, 3)])
        self.assertEqual(self.spark.sql("SELECT plus2(id) FROM range(1)").columns, ["plus2(id)"])
        frame = self.spark.range(2)
        self.assertEqual(self.rows(frame.select(F.call_function("plus2", "id"), F.expr("PLUS2(id)"))), [(2, 2), (3, 3)])
        # A function of Spark keeps its name.
        self.spark.udf.register("upper", lambda x: "other")
        self.assertEqual(self.rows(self.spark.sql("SELECT upper('a')")), [("A",)])
        other = common.session(self.server.remote)
        with self.assertRaises(AnalysisException):
            other.sql("SELECT plus2(1)").collect()
        other.stop()

    def test_places(self):
        inc = F.udf(lambda x: x + 1, "long")
        frame = self.spark.range(5)
        self.assertEqual(frame.filter(inc("id") > 2).count(), 3)
        self.assertEqual(self.rows(frame.sort(F.udf(lambda x: -x, "long")("id")).limit(2)), [(4,), (3,)])
        odd = F.udf(lambda x: x % 2, "long")("id").alias("odd")
        self.assertEqual(self.rows(frame.groupBy(odd).count().sort("odd")), [(0, 3), (1, 2)])
        self.assertEqual(self.rows(frame.groupBy().agg(F.sum(inc("id")), inc(F.sum("id")))), [(15, 11)])
        left, right = frame.alias("a"), frame.alias("b")
        joined = left.join(right, inc("a.id") == F.col("b.id"))
        self.assertEqual(sorted(self.rows(joined)), [(0, 1), (1, 2), (2, 3), (3, 4)])
        sums = F.udf(lambda x, y: x + y == 3, "boolean")
        self.assertEqual(sorted(self.rows(left.join(right, sums("a.id", "b.id")))), [(0, 3), (1, 2), (2, 1), (3, 0)])

    def test_keywords_and_no_arguments(self):
        minus = F.udf(lambda a, b: a - b, "long")
        frame = self.spark.range(2).select(minus(b=F.lit(10), a="id"), F.udf(lambda: 7, "int")())
        self.assertEqual(self.rows(frame), [(-10, 7), (-9, 7)])

    def test_pandas(self):
        @F.pandas_udf("double")
        def half(x: pd.Series) -> pd.Series:
            return x / 2

        self.assertEqual(self.rows(self.spark.range(3).select(half("id"))), [(0.0,), (0.5,), (1.0,)])
        many = self.spark.range(10_000).select(half("id").alias("h")).agg(F.sum("h"))
        self.assertEqual(self.rows(many), [(10_000 * 9_999 / 4,)])

    def test_iterators(self):
        from typing import Iterator

        @F.pandas_udf("long")
        def ahead(batches: Iterator[pd.Series]) -> Iterator[pd.Series]:
            for batch in list(batches):  # sees everything before it answers
                yield batch + 100

        got = self.spark.range(10_000).select(ahead("id").alias("v")).agg(F.sum("v"), F.min("v"), F.count("v"))
        self.assertEqual(self.rows(got), [(10_000 * 9_999 // 2 + 1_000_000, 100, 10_000)])

    def test_map_in_pandas(self):
        def double(batches):
            for batch in batches:
                yield pd.concat([batch, batch])

        self.assertEqual(self.spark.range(100_000).mapInPandas(double, "id long").count(), 200_000)
        names = self.spark.range(2).mapInArrow(lambda batches: batches, "other long")
        self.assertEqual((names.columns, self.rows(names)), (["other"], [(0,), (1,)]))
        # Spark calls the function once for each partition, we once.
        none = self.spark.range(3).coalesce(1).where("id > 5")
        once = none.mapInPandas(lambda batches: iter([pd.DataFrame({"n": [sum(map(len, batches))]})]), "n long")
        self.assertEqual(self.rows(once), [(0,)])
        first = self.spark.range(50_000).coalesce(1).mapInPandas(lambda batches: iter([next(batches)[:1]]), "id long")
        self.assertEqual(self.rows(first), [(0,)])
        self.spark.range(3).createOrReplaceTempView("three")
        view = self.spark.sql("WITH t AS (SELECT id + 1 AS id FROM three) SELECT * FROM t")
        self.assertEqual(self.rows(view.mapInPandas(lambda b: b, "id long").limit(2)), [(1,), (2,)])

    def test_groups(self):
        frame = self.spark.createDataFrame([(1, "a"), (None, "b"), (1, "c"), (float("nan"), "d")], "k double, v string")

        def describe(key, rows):
            return pd.DataFrame({"k": [str(key[0])], "v": ["".join(rows.v)], "c": [",".join(rows.columns)]})

        got = frame.groupBy("k").applyInPandas(describe, "k string, v string, c string")
        self.assertEqual(sorted(self.rows(got)), [("1.0", "ac", "k,v"), ("nan", "b", "k,v"), ("nan", "d", "k,v")])
        by = frame.groupBy(F.length("v")).applyInArrow(
            lambda table: pa.table({"n": [table.num_rows]}), "n long"
        )
        self.assertEqual(self.rows(by), [(4,)])
        many = self.spark.range(20_000).groupBy((F.col("id") % 300).alias("g"))
        sizes = many.applyInPandas(lambda rows: pd.DataFrame({"n": [len(rows)], "s": [rows.id.sum()]}), "n long, s long")
        self.assertEqual(self.rows(sizes.agg(F.sum("n"), F.sum("s"), F.count("n"))), [(20_000, 199_990_000, 300)])

    def test_cogroups(self):
        left = self.spark.createDataFrame([(1, "a"), (2, "b")], "k long, l string")
        right = self.spark.createDataFrame([(2, 1.0), (3, 2.0), (2, 3.0)], "k long, r double")

        def both(key, a, b):
            return pd.DataFrame({"k": [key[0]], "n": [len(a)], "m": [len(b)]})

        got = left.groupBy("k").cogroup(right.groupBy("k")).applyInPandas(both, "k long, n long, m long")
        self.assertEqual(sorted(self.rows(got)), [(1, 1, 0), (2, 1, 2), (3, 0, 1)])

    def test_aggregates(self):
        @F.pandas_udf("double")
        def mean(x: pd.Series) -> float:
            return x.mean()

        frame = self.spark.range(5)
        got = frame.groupBy((F.col("id") % 2).alias("k")).agg(mean("id"), mean(F.col("id") * 2).alias("b")).sort("k")
        self.assertEqual((got.columns, self.rows(got)), (["k", "mean(id)", "b"], [(0, 2.0, 4.0), (1, 2.0, 4.0)]))
        self.assertEqual(self.rows(frame.where("id > 10").agg(mean("id"))), [])
        self.assertEqual(self.rows(frame.select(mean("id"))), [(2.0,)])
        self.spark.udf.register("mean_of", mean)
        by_name = self.spark.sql("SELECT k, mean_of(v) FROM VALUES (0, 1), (0, 2), (1, 5) AS t(k, v) GROUP BY k ORDER BY k")
        self.assertEqual(self.rows(by_name), [(0, 1.5), (1, 5.0)])
        with self.assertRaises(AnalysisException) as caught:
            frame.agg(mean("id"), F.sum("id")).collect()
        self.assertEqual(caught.exception.getCondition(), "INVALID_PANDAS_UDF_PLACEMENT")
        moving = frame.select(mean("id").over(Window.orderBy("id").rowsBetween(-1, 1)))
        self.assertEqual([row[0] for row in moving.collect()], [0.5, 1.0, 2.0, 3.0, 3.5])

    def test_table_functions(self):
        @F.udtf(returnType="n int, square int")
        class Squares:
            def eval(self, start, end):
                for n in range(start, end + 1):
                    yield n, n * n

        self.assertEqual(self.rows(Squares(F.lit(1), F.lit(3))), [(1, 1), (2, 4), (3, 9)])
        self.spark.udtf.register("squares", Squares)
        self.assertEqual(self.rows(self.spark.sql("SELECT square FROM squares(2, 3)")), [(4,), (9,)])
        got = self.spark.sql("SELECT id, n FROM range(3) AS t, LATERAL squares(1, int(id))")
        self.assertEqual(sorted(self.rows(got)), [(1, 1), (2, 1), (2, 2)])

    def test_foreach(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "seen")

            def note(row):
                with open(path, "a") as file:
                    file.write(f"{row.id}\n")

            self.spark.range(3).foreach(note)
            self.spark.range(3).foreachPartition(lambda rows: [note(row) for row in rows])
            with open(path) as file:
                self.assertEqual(sorted(file), ["0\n", "0\n", "1\n", "1\n", "2\n", "2\n"])

    def test_python_files(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "module_of_the_session.py")
            with open(path, "w") as file:
                file.write("VALUE = 41\n")
            self.spark.addArtifacts(path, pyfile=True)

            def value():
                import module_of_the_session

                return module_of_the_session.VALUE

            self.assertEqual(self.rows(self.spark.range(1).select(F.udf(value, "int")())), [(41,)])

    def test_exceptions(self):
        def fail(x):
            raise ValueError(f"no {x}")

        with self.assertRaises(PythonException) as caught:
            self.spark.range(1).select(F.udf(fail, "int")("id")).collect()
        self.assertIn("ValueError: no 0", str(caught.exception))
        self.assertIn("in fail", str(caught.exception))
        with self.assertRaises(PythonException) as caught:
            self.spark.range(1).select(F.udf(lambda x: "abc", "int")("id")).collect()
        self.assertIn("Could not convert 'abc' with type str: tried to convert to int32", str(caught.exception))
        with self.assertRaises(PythonException) as caught:
            self.spark.range(1).mapInPandas(lambda batches: 3, "id long").collect()
        self.assertIn("UDF_RETURN_TYPE", str(caught.exception))
        with self.assertRaises(AnalysisException) as caught:
            self.spark.range(1).select(F.transform(F.array("id"), lambda x: F.udf(fail, "int")(x))).collect()
        self.assertEqual(caught.exception.getCondition(), "UNSUPPORTED_FEATURE.LAMBDA_FUNCTION_WITH_PYTHON_UDF")

    def test_a_crash_is_an_error(self):
        crash = F.udf(lambda x: os._exit(3), "int")
        with self.assertRaises(PySparkException) as caught:
            self.spark.range(1).select(crash("id")).collect()
        self.assertIn("Python worker exited unexpectedly (crashed): exit code 3", str(caught.exception))
        self.assertEqual(self.rows(self.spark.range(1).select(F.udf(lambda x: 1, "int")("id"))), [(1,)])

    def test_interrupt(self):
        errors = []

        def run():
            try:
                self.spark.range(1).select(F.udf(lambda x: time.sleep(600), "int")("id")).collect()
            except Exception as error:
                errors.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        time.sleep(3)
        self.spark.interruptAll()
        thread.join(10)
        self.assertFalse(thread.is_alive(), "the query still runs")
        self.assertIn("OPERATION_CANCELED", str(errors[0]))

    def test_another_python(self):
        self.spark.conf.set("spark.sql.execution.pyspark.python", "/no/such/python")
        with self.assertRaises(PySparkException) as caught:
            self.spark.range(1).select(F.udf(lambda x: 1, "int")("id")).collect()
        self.assertIn("/no/such/python", str(caught.exception))

    def test_a_million_rows(self):
        inc = F.udf(lambda x: x + 1, "long")
        got = self.spark.range(1_000_000).select(inc("id").alias("v")).agg(F.sum("v"))
        self.assertEqual(self.rows(got), [(1_000_000 * 1_000_001 // 2,)])


if __name__ == "__main__":
    common.main()
