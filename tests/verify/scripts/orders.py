"""Joins, aggregates and windows over generated orders; Parquet in folders by month."""
import sys

from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("orders").getOrCreate()
orders = spark.range(5000).select(
    "id", (F.col("id") * 7919 % 97).alias("customer"), (F.col("id") * 31 % 1000 / 8).cast("decimal(10,2)").alias("amount"),
    F.date_add(F.lit("2026-01-01").cast("date"), (F.col("id") % 365).cast("int")).alias("day"))
customers = spark.range(90).select(F.col("id").alias("customer"), F.concat(F.lit("customer "), F.col("id")).alias("name"))
joined = orders.join(customers, "customer", "left")
latest = Window.partitionBy("customer").orderBy(F.col("day").desc(), F.col("id").desc())
ranked = joined.withColumn("rank", F.row_number().over(latest)).withColumn("running", F.sum("amount").over(latest))
ranked.withColumn("month", F.date_format("day", "yyyy-MM")).write.partitionBy("month").parquet(sys.argv[1] + "/orders")
joined.groupBy("name").agg(F.count("*").alias("orders"), F.sum("amount").alias("sum"), F.avg("amount").alias("mean"),
                           F.max("day").alias("last")).write.saveAsTable("by_customer")
spark.table("by_customer").orderBy(F.col("sum").desc(), "name").show(5)
