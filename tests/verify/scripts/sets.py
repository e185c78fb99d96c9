"""Set operations, duplicates, semi and anti joins, NULLs in every place."""
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.getOrCreate()
a = spark.range(300).select((F.col("id") % 40).alias("k"), F.when(F.col("id") % 6 == 0, None).otherwise(F.col("id") % 4).alias("v"))
b = spark.range(200).select(F.when(F.col("id") % 9 == 0, None).otherwise(F.col("id") % 50).alias("k"), (F.col("id") % 3).alias("v"))
for name, both in [("union_all", a.unionByName(b)), ("intersected", a.intersect(b)), ("intersected_all", a.intersectAll(b)),
                   ("left_over", a.subtract(b)), ("left_over_all", a.exceptAll(b)), ("semi", a.join(b, "k", "semi")),
                   ("anti", b.join(a, b.k.eqNullSafe(a.k), "anti")), ("outer_joined", a.distinct().join(b.distinct(), ["k", "v"], "outer"))]:
    both.write.saveAsTable(name)
    print(name, both.count())
a.na.fill({"v": -1}).dropDuplicates(["k"]).select("k").write.saveAsTable("keys")
a.select(F.count("v"), F.count_distinct("k", "v"), F.sum("v"), F.min("v"), F.bool_and(F.col("v") > 0)).show()
