"""Pivot, roll-up and cube as CSV reports."""
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.getOrCreate()
sales = spark.range(3000).select(
    F.element_at(F.array(*map(F.lit, ["north", "south", "east"])), (F.col("id") % 3 + 1).cast("int")).alias("region"),
    F.element_at(F.array(*map(F.lit, ["tea", "coffee", "cocoa", "milk"])), (F.col("id") * 13 % 4 + 1).cast("int")).alias("product"),
    (F.col("id") % 17).alias("units"))
sales.groupBy("region").pivot("product", ["tea", "coffee", "cocoa", "milk"]).sum("units").write.option("header", True).csv(sys.argv[1] + "/pivot")
sales.cube("region", "product").agg(F.sum("units").alias("units"), F.grouping_id().alias("level")).write.saveAsTable("cube")
sales.rollup("region", "product").count().orderBy(F.col("region").asc_nulls_first(), F.col("product").asc_nulls_first()).show(20)
sales.groupBy("region").count().unpivot("region", ["count"], "what", "value").write.csv(sys.argv[1] + "/long", header=True)
