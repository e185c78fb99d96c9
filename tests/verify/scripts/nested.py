"""Nested JSON taken apart and put together again."""
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.getOrCreate()
texts = spark.range(400).select(F.concat(
    F.lit('{"id":'), F.col("id"), F.lit(',"tags":["a","b'), F.col("id") % 5, F.lit('"],"place":{"lat":'), F.col("id") / 4,
    F.lit(',"note":'), F.when(F.col("id") % 3 == 0, F.lit("null")).otherwise(F.lit('"x \\u00e9"')), F.lit("}}")).alias("text"))
schema = "id BIGINT, tags ARRAY<STRING>, place STRUCT<lat: DOUBLE, note: STRING>, missing INT"
parsed = texts.select(F.from_json("text", schema).alias("r")).select("r.*")
parsed.write.json(sys.argv[1] + "/parsed")
tags = parsed.select("id", F.explode("tags").alias("tag"), F.col("place.lat").alias("lat"))
tags.groupBy("tag").agg(F.sort_array(F.collect_set("id"))[0].alias("first"), F.round(F.sum("lat"), 3).alias("lat")) \
    .write.saveAsTable("tags")
parsed.select(F.to_json(F.struct("id", "place")).alias("value")).orderBy("id").limit(3).show(truncate=False)
parsed.printSchema()
