"""Dates, times, time zones and intervals."""
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.getOrCreate()
spark.conf.set("spark.sql.session.timeZone", "Europe/Berlin")
times = spark.range(0, 400).select("id", F.timestamp_seconds(F.lit(1743200000) + F.col("id") * 7201).alias("at"))
out = times.select(
    "id", "at", F.to_utc_timestamp("at", "America/New_York").alias("utc"), F.date_trunc("quarter", "at").alias("quarter"),
    F.last_day("at").alias("last"), F.weekofyear("at").alias("week"), F.dayofweek("at").alias("weekday"),
    F.date_format("at", "EEE d MMM yyyy HH:mm:ss XXX").alias("text"), F.months_between(F.to_date("at"), F.lit("2024-02-29")).alias("months"),
    F.expr("at + INTERVAL 1 MONTH + INTERVAL 2 HOURS").alias("later"), F.expr("at - TIMESTAMP '2025-01-01 00:00:00'").alias("since"))
out.drop("since").write.saveAsTable("calendar_days")
out.select("id", F.col("since").cast("string").alias("since"), F.to_timestamp(F.date_format("at", "d.M.yyyy HH:mm"), "d.M.yyyy HH:mm").alias("again")) \
    .write.saveAsTable("since")
out.where("id BETWEEN 20 AND 30").select("text", "utc", "later").orderBy("text").show(truncate=False)
