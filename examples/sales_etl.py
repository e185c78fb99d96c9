"""Nightly sales report: reads raw order files, joins them with products and customers, and writes partitioned Parquet.

    tinderbox run examples/sales_etl.py [FOLDER]

Shows joins, windows, roll-ups, a pivot and partitioned output. Without FOLDER everything happens in a temporary one.
"""

import csv
import datetime
import json
import os
import sys
import tempfile

from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql.types import DateType, DecimalType, IntegerType, StringType, StructField, StructType

ORDERS = StructType([
    StructField("order_id", IntegerType(), False),
    StructField("customer_id", IntegerType()),
    StructField("sku", StringType()),
    StructField("quantity", IntegerType()),
    StructField("unit_price", DecimalType(10, 2)),
    StructField("ordered_on", DateType()),
    StructField("channel", StringType()),
])


def numbers(seed):
    """A small generator, so that every run and every Python makes the same input."""
    while True:
        seed = (seed * 1103515245 + 12345) % 2**31
        yield seed >> 8


def write_input(folder):
    random = numbers(20240229)
    pick = lambda values: values[next(random) % len(values)]
    products = [("SKU-%02d" % i, ["tools", "garden", "kitchen", "toys"][i % 4], 100 + next(random) % 4900) for i in range(20)]
    with open(os.path.join(folder, "products.json"), "w") as out:
        for sku, category, cents in products:
            out.write(json.dumps({"sku": sku, "category": category, "cost": cents / 100, "tags": [category, sku[-1]]}) + "\n")
    with open(os.path.join(folder, "customers.csv"), "w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["customer_id", "name", "country", "joined"])
        for i in range(30):
            writer.writerow([i, "Customer %02d" % i, pick(["DE", "FR", "IT", ""]), datetime.date(2020, 1, 1) + datetime.timedelta(days=next(random) % 1400)])
    os.makedirs(os.path.join(folder, "orders"))
    start = datetime.date(2024, 1, 1)
    for month in range(3):
        with open(os.path.join(folder, "orders", f"part-{month}.csv"), "w", newline="") as out:
            writer = csv.writer(out)
            for i in range(120):
                sku, _, cents = pick(products)
                day = start + datetime.timedelta(days=month * 30 + next(random) % 30)
                price = "" if next(random) % 25 == 0 else "%.2f" % (cents * 1.4 / 100)
                writer.writerow([month * 1000 + i, next(random) % 33, sku, 1 + next(random) % 5, price, day, pick(["web", "shop", "phone"])])


def read(spark, folder):
    orders = spark.read.schema(ORDERS).csv(os.path.join(folder, "orders"))
    customers = spark.read.option("header", True).option("inferSchema", True).csv(os.path.join(folder, "customers.csv"))
    products = spark.read.json(os.path.join(folder, "products.json"))
    return orders, customers, products


def enrich(orders, customers, products):
    """Orders with their product and customer; orders of unknown customers stay, marked."""
    priced = orders.withColumn("unit_price", F.coalesce("unit_price", F.lit(0).cast("decimal(10,2)")))
    joined = priced.join(F.broadcast(products.drop("tags")), "sku").join(customers, "customer_id", "left")
    return (
        joined.withColumn("country", F.when(F.col("name").isNull(), "unknown customer").otherwise(F.coalesce("country", F.lit("no country"))))
        .withColumn("revenue", (F.col("quantity") * F.col("unit_price")).cast("decimal(12,2)"))
        .withColumn("profit", F.round(F.col("revenue").cast("double") - F.col("quantity") * F.col("cost"), 2))
        .withColumn("month", F.date_format("ordered_on", "yyyy-MM"))
    )


def report(sales):
    print("Revenue by month and category, with sub-totals")
    totals = sales.rollup("month", "category").agg(F.sum("revenue").alias("revenue"), F.count(F.lit(1)).alias("orders"), F.grouping_id().alias("level"))
    totals.orderBy("level", "month", "category").show(40, truncate=False)

    print("Channels side by side")
    channels = sales.groupBy("country").pivot("channel", ["phone", "shop", "web"]).agg(F.sum("quantity"))
    channels.orderBy("country").na.fill(0).show()

    print("The three best products of each category")
    by_product = sales.groupBy("category", "sku").agg(F.sum("revenue").alias("revenue"), F.round(F.sum("profit"), 2).alias("profit"))
    best = Window.partitionBy("category").orderBy(F.desc("revenue"), "sku")
    by_product.withColumn("place", F.row_number().over(best)).where("place <= 3").orderBy("category", "place").show()

    print("Running revenue and change against the order before, for one customer")
    history = Window.partitionBy("customer_id").orderBy("ordered_on", "order_id")
    running = history.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    sales.where("customer_id = 7").select(
        "ordered_on", "sku", "revenue",
        F.sum("revenue").over(running).alias("running"),
        (F.col("revenue") - F.lag("revenue").over(history)).alias("change"),
        F.datediff("ordered_on", F.lag("ordered_on").over(history)).alias("days_since"),
    ).orderBy("ordered_on", "order_id").show(50)


def main():
    spark = SparkSession.builder.appName("sales-etl").getOrCreate()
    with tempfile.TemporaryDirectory() as temporary:
        folder = sys.argv[1] if len(sys.argv) > 1 else temporary
        os.makedirs(folder, exist_ok=True)
        write_input(folder)
        sales = enrich(*read(spark, folder)).cache()
        print(f"{sales.count()} orders, {sales.where(F.col('unit_price') == 0).count()} without a price")
        sales.printSchema()
        report(sales)

        target = os.path.join(folder, "sales")
        sales.write.mode("overwrite").partitionBy("month").parquet(target)
        back = spark.read.parquet(target)
        print("Partitions:", sorted(n for n in os.listdir(target) if n.startswith("month=")))
        back.createOrReplaceTempView("sales")
        spark.sql("""
            SELECT month, country, count(*) AS orders, sum(revenue) AS revenue, round(avg(profit), 3) AS mean_profit,
                   max_by(sku, revenue) AS biggest
            FROM sales
            WHERE month >= '2024-02'
            GROUP BY month, country
            HAVING count(*) > 5
            ORDER BY month, country
        """).show(truncate=False)
        difference = sales.select("order_id", "revenue").exceptAll(back.select("order_id", "revenue")).count()
        print(f"{difference} rows differ after the round trip")
    spark.stop()


if __name__ == "__main__":
    main()
