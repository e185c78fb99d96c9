"""Decimals: precision, rounding, overflow to NULL, and errors that a script catches."""
from pyspark.errors import ArithmeticException
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.getOrCreate()
money = spark.range(1, 1001).select("id", (F.col("id") * 12345 % 99991).cast("decimal(18,4)").alias("a"), (F.col("id") / 7).cast("decimal(9,6)").alias("b"))
money.select("id", (F.col("a") * F.col("b")).alias("times"), (F.col("a") / F.col("b")).alias("by"), (F.col("a") % F.col("b")).alias("rest"),
             F.round("b", 2).alias("half_up"), F.bround("b", 2).alias("half_even"), F.ceil("b").alias("ceil"), (-F.col("a")).alias("minus")) \
    .write.saveAsTable("money")
money.agg(F.sum("a"), F.avg("b"), F.max(F.col("a") - F.col("b")), F.expr("try_divide(sum(a), 0)")).show(truncate=False)
try:
    spark.sql("SELECT CAST(123456 AS DECIMAL(4,1))").collect()
except ArithmeticException as error:
    print(error.getCondition(), error.getSqlState())
