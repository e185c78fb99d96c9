"""Spark in local mode: spark_plan.py join|diffit LEFT RIGHT. One full outer join, or diffit's set operations."""

import functools
import json
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

plan, left_path, right_path = sys.argv[1:4]
spark = SparkSession.builder.getOrCreate()
spark.sparkContext.setLogLevel("ERROR")


def read(path):
    if path.endswith(".parquet"):
        return spark.read.parquet(path)
    return spark.read.csv(path, header=True, inferSchema=plan == "join")


left, right = read(left_path), read(right_path)
if plan == "join":
    columns = [c for c in left.columns if c != "id"]
    l, r = left.alias("l"), right.alias("r")
    same = functools.reduce(lambda a, b: a & b, (F.col(f"l.{c}").eqNullSafe(F.col(f"r.{c}")) for c in columns))
    kind = F.when(F.col("r.id").isNull(), "left_only").when(F.col("l.id").isNull(), "right_only").when(~same, "changed")
    joined = l.join(r, F.col("l.id") == F.col("r.id"), "full_outer").groupBy(kind.alias("kind")).count()
    answer = {row["kind"]: row["count"] for row in joined.collect() if row["kind"]}
    print(json.dumps({k: answer.get(k, 0) for k in ("changed", "left_only", "right_only")}))
else:
    symmetric = left.union(right).subtract(left.intersect(right))
    rows = left.intersect(symmetric).withColumn("diffit_ref", F.lit("left")).union(
        right.intersect(symmetric).withColumn("diffit_ref", F.lit("right")))
    answer = {row["diffit_ref"]: row["count"] for row in rows.groupBy("diffit_ref").count().collect()}
    print(json.dumps({"left_rows": answer.get("left", 0), "right_rows": answer.get("right", 0)}))
