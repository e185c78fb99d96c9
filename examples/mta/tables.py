"""Makes four tables out of mta_reports: tables.py DATABASE PASSWORD_FILE (as of main.py, which fills it).

day_summary: a day's reports, vehicles, stops, mean speed and distance; average_speed and distance_traveled: by vehicle;
speed_excesses: five minutes in which a vehicle was faster than 8 m/s on average. Speeds are in m/s, distances in m.
"""

import sys

from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F

from main import jdbc


def main():
    spark = (SparkSession.builder.appName("MTA statistics").config("spark.sql.shuffle.partitions", 4)
             .config("spark.sql.debug.maxToStringFields", 100).getOrCreate())
    options = jdbc(*sys.argv[1:])
    reports = spark.read.format("jdbc").options(**options, dbtable="mta_reports").load()
    before = Window.partitionBy("vehicle_id", "report_date").orderBy("time_received")
    step = F.col("distance_along_trip") - F.lag("distance_along_trip").over(before)
    seconds = F.col("time_received").cast("long") - F.lag("time_received").over(before).cast("long")
    moves = (reports.withColumn("distance", step).withColumn("seconds", seconds)
             .where("distance >= 0 AND seconds > 0").withColumn("speed", F.col("distance") / F.col("seconds")))
    tables = {
        "day_summary": reports.groupBy("report_date").agg(
            F.count("*").alias("reports"), F.countDistinct("vehicle_id").alias("vehicles"),
            F.countDistinct("next_scheduled_stop_id").alias("stops")).join(
                moves.groupBy("report_date").agg(F.avg("speed").alias("average_speed"), F.sum("distance").alias("distance")),
                "report_date"),
        "speed_excesses": moves.groupBy("vehicle_id", F.window("time_received", "5 minutes").alias("w")).agg(
            F.avg("speed").alias("speed")).where("speed > 8").selectExpr(
                "vehicle_id", "w.start AS begin_time", "w.end AS end_time", "speed"),
        "average_speed": moves.groupBy("vehicle_id").agg(F.avg("speed").alias("average_speed")),
        "distance_traveled": moves.groupBy("vehicle_id").agg(F.sum("distance").alias("distance")),
    }
    for name, rows in tables.items():
        rows.write.format("jdbc").options(**options, dbtable=name).mode("overwrite").save()
        print(f"{name}: {rows.count()} rows")


if __name__ == "__main__":
    main()
