"""Functions written in Python: row by row, in batches, and by group."""
import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.getOrCreate()
numbers = spark.range(1000).select("id", (F.col("id") % 7).alias("g"), (F.col("id") / 3).alias("x"))


@F.udf("string")
def words(n):
    return " ".join("one" if c == "1" else "zero" for c in bin(n)[2:])


@F.pandas_udf("double")
def scaled(x: pd.Series) -> pd.Series:
    return x * 2 + 1


def centred(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(x=(frame["x"] - frame["x"].mean()).round(6))


numbers.select("id", words("id").alias("words"), scaled("x").alias("scaled")).write.saveAsTable("words")
numbers.groupBy("g").applyInPandas(centred, numbers.schema).write.saveAsTable("centred")
numbers.select(words("id").alias("w")).groupBy(F.length("w").alias("length")).count().orderBy("length").show()
