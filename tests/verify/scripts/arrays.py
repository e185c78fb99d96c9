"""Arrays and maps with higher-order functions."""
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.getOrCreate()
rows = spark.range(250).select("id", F.sequence(F.lit(1), (F.col("id") % 9 + 1).cast("int")).alias("xs"),
                               F.create_map(F.lit("a"), F.col("id"), F.concat(F.lit("k"), F.col("id") % 4), F.col("id") * 2).alias("m"))
rows.select("id", F.transform("xs", lambda x, i: x * x + i).alias("squares"), F.filter("xs", lambda x: x % 2 == 0).alias("even"),
            F.aggregate("xs", F.lit(0), lambda s, x: s + x, lambda s: s * 10).alias("sum"), F.exists("xs", lambda x: x > 7).alias("any"),
            F.zip_with("xs", F.reverse("xs"), lambda a, b: a - b).alias("zipped"), F.array_distinct(F.concat("xs", F.array(F.lit(1)))).alias("distinct"),
            F.slice("xs", 2, 3).alias("slice"), F.array_join(F.transform("xs", lambda x: x.cast("string")), "-").alias("text"),
            F.sort_array(F.map_keys(F.map_filter("m", lambda k, v: v > 100))).alias("keys"), F.flatten(F.array("xs", "xs")).alias("flat"),
            F.arrays_overlap("xs", F.array(F.lit(5), F.lit(6))).alias("overlap")).write.saveAsTable("arrays")
rows.select(F.posexplode("xs")).groupBy("pos").agg(F.sum("col").alias("sum")).orderBy("pos").show()
rows.select(F.explode("m")).groupBy("key").agg(F.count("*"), F.sum("value")).orderBy("key").show()
