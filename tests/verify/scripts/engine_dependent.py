"""Depends on the engine on purpose: `verify` must see each of the differences."""
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.getOrCreate()
spark.range(10).select("id", F.expr("uuid()").alias("random")).write.saveAsTable("random")
spark.range(10).withColumn("stamp", F.current_timestamp()).write.parquet(sys.argv[1] + "/stamped")
spark.range(10).write.saveAsTable("alike")
print(spark.range(1).select(F.expr("uuid()")).first()[0])
