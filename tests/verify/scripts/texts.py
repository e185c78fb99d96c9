"""Strings: regular expressions, splitting, cases, encodings, distances."""
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.getOrCreate()
words = ["Müller & Söhne", "ACME, Inc.", "  o'Neill ", "naïve café", "日本 語", "", None, "x" * 40]
rows = spark.createDataFrame([(i, words[i % len(words)], f"user{i}@mail{i % 3}.example") for i in range(200)], "id INT, name STRING, mail STRING")
rows.select("id", F.initcap("name").alias("initcap"), F.regexp_replace("name", r"[^\p{L}\s]+", "_").alias("letters"),
            F.split("name", r"\s+").alias("parts"), F.regexp_extract("mail", r"(\w+)@(\w+)", 2).alias("host"), F.levenshtein("name", "mail").alias("distance"),
            F.lpad("name", 12, "*").alias("pad"), F.translate("name", "aeiou", "AEIOU").alias("translated"), F.sha2("mail", 256).alias("sha"),
            F.base64(F.encode("name", "UTF-8")).alias("b64"), F.xxhash64("name", "id").alias("hash"), F.soundex("name").alias("soundex"),
            F.length("name").alias("length"), F.reverse("name").alias("reversed")).write.saveAsTable("texts")
rows.select("name").where(F.col("name").rlike("(?i)m.ller|caf")).distinct().orderBy("name").write.text(sys.argv[1] + "/names")
rows.groupBy(F.substring_index("mail", "@", -1).alias("host")).count().orderBy("host").show()
