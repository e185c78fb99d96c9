"""Cuts a stream of clicks into visits and follows the visitors from the first page to the order.

    tinderbox run examples/sessionise.py

Shows event-time windows, sessionisation by a gap, funnels, retention by cohorts, JSON payloads and results in pandas.
"""

import datetime
import json

from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql.types import IntegerType, StringType, StructField, StructType, TimestampType

GAP_MINUTES = 30
STEPS = ["home", "search", "product", "cart", "order"]
SCHEMA = StructType([
    StructField("event_id", IntegerType(), False),
    StructField("user_id", StringType(), False),
    StructField("at", TimestampType()),
    StructField("page", StringType()),
    StructField("payload", StringType()),
])


def make_events(users=12, days=4):
    """The same events on every machine: a linear congruential generator, no random module."""
    state = 42

    def draw(limit):
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (state >> 33) % limit

    events, start = [], datetime.datetime(2024, 3, 1, 8, 0, 0)
    for user in range(users):
        clock = start + datetime.timedelta(minutes=draw(600))
        for _ in range(days * 6):
            clock += datetime.timedelta(seconds=draw(1500) if draw(4) else 1800 + draw(90000))
            step = min(draw(3) + draw(4), 4)
            payload = {"device": ["phone", "desktop", "tablet"][user % 3]}
            if STEPS[step] == "order":
                payload["amount"] = (500 + draw(9500)) / 100
                payload["items"] = [{"sku": f"s{draw(5)}", "n": 1 + draw(3)} for _ in range(1 + draw(2))]
            if draw(40) == 0:
                payload = None
            text = json.dumps(payload) if payload else "{broken"
            events.append((len(events), f"u{user:02d}", clock, STEPS[step], text))
    events += events[5:8]  # the tracker sometimes sends an event twice
    return events


def parse(events):
    fields = "STRUCT<device: STRING, amount: DOUBLE, items: ARRAY<STRUCT<sku: STRING, n: INT>>>"
    return (
        events.dropDuplicates(["event_id"])
        .withColumn("data", F.from_json("payload", fields))
        .withColumn("device", F.coalesce("data.device", F.get_json_object("payload", "$.device"), F.lit("unknown")))
        .withColumn("amount", F.col("data.amount"))
        .withColumn("items", F.col("data.items"))
        .drop("payload", "data")
    )


def sessionise(events):
    """A visit ends after GAP_MINUTES without an event. Visits of a user are numbered from 1."""
    clicks = Window.partitionBy("user_id").orderBy("at", "event_id")
    gap = F.unix_seconds("at") - F.unix_seconds(F.lag("at").over(clicks))
    return (
        events.withColumn("is_new", F.when(gap.isNull() | (gap > GAP_MINUTES * 60), 1).otherwise(0))
        .withColumn("visit", F.sum("is_new").over(clicks.rowsBetween(Window.unboundedPreceding, Window.currentRow)))
        .drop("is_new")
    )


def summarise(clicks):
    return clicks.groupBy("user_id", "visit").agg(
        F.min("at").alias("start"),
        ((F.unix_seconds(F.max("at")) - F.unix_seconds(F.min("at"))) / 60).cast("decimal(8,2)").alias("minutes"),
        F.count(F.lit(1)).alias("clicks"),
        F.transform(F.array_sort(F.collect_list(F.struct("at", "event_id", "page"))), lambda e: e["page"]).alias("path"),
        F.max(F.when(F.col("page") == "order", 1).otherwise(0)).alias("ordered"),
        F.round(F.sum("amount"), 2).alias("amount"),
    )


def funnel(clicks):
    """How many visits reached each step, in this order."""
    reached = clicks.groupBy("user_id", "visit").agg(F.array_sort(F.collect_set("page")).alias("pages"))
    columns = [F.sum(F.when(F.forall(F.array(*map(F.lit, STEPS[: i + 1])), lambda s: F.array_contains("pages", s)), 1).otherwise(0)).alias(STEPS[i])
               for i in range(len(STEPS))]
    return reached.agg(F.count(F.lit(1)).alias("visits"), *columns)


def main():
    spark = SparkSession.builder.appName("sessionise").getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "Europe/Berlin")
    raw = spark.createDataFrame(make_events(), SCHEMA)
    events = parse(raw)
    unreadable = events.where("device = 'unknown'").count()
    print(f"{raw.count()} events, {events.count()} without repetitions, {unreadable} unreadable")

    clicks = sessionise(events).persist()
    visits = summarise(clicks)
    visits.printSchema()
    visits.orderBy("user_id", "visit").show(15, truncate=60)

    print("The funnel")
    funnel(clicks).show()

    print("Visits by the hour of the day (Berlin)")
    visits.groupBy(F.hour("start").alias("hour")).agg(F.count(F.lit(1)).alias("visits"), F.avg("clicks").cast("decimal(6,2)").alias("mean_clicks")).orderBy("hour").show(24)

    print("Orders in windows of six hours")
    orders = clicks.where("page = 'order'")
    orders.groupBy(F.window("at", "6 hours").alias("w")).agg(F.count(F.lit(1)).alias("orders"), F.round(F.sum("amount"), 2).alias("amount")).select(
        "w.start", "w.end", "orders", "amount").orderBy("start").show(50, truncate=False)

    print("Items sold")
    orders.select("user_id", F.explode("items").alias("item")).groupBy("item.sku").agg(F.sum("item.n").alias("pieces"), F.count_distinct("user_id").alias("buyers")).orderBy("sku").show()

    print("Who came back: users of each first day, by days since")
    first = clicks.groupBy("user_id").agg(F.to_date(F.min("at")).alias("cohort"))
    days = clicks.select("user_id", F.to_date("at").alias("day")).distinct()
    retention = first.join(days, "user_id").withColumn("age", F.datediff("day", "cohort"))
    retention.groupBy("cohort").pivot("age", [0, 1, 2, 3]).agg(F.count_distinct("user_id")).orderBy("cohort").show()

    print("The fastest and the longest visit of each device")
    by_device = visits.join(clicks.groupBy("user_id").agg(F.max("device").alias("device")), "user_id").where("clicks > 1")
    by_device.groupBy("device").agg(F.min_by("user_id", F.struct("minutes", "user_id", "visit")).alias("fastest"), F.max_by("user_id", F.struct("minutes", "user_id", "visit")).alias("longest"),
                                    F.expr("percentile(minutes, 0.5)").alias("median"), F.round(F.stddev("clicks"), 6).alias("spread")).orderBy("device").show()

    table = visits.where("ordered = 1").orderBy("user_id", "visit").select("user_id", "visit", "clicks", "amount").limit(5).toPandas()
    print(table.to_string(index=False))
    clicks.unpersist()
    spark.stop()


if __name__ == "__main__":
    main()
