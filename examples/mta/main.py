"""Loads a day of bus positions into PostgreSQL: main.py FILE DATABASE PASSWORD_FILE.

DATABASE is what `tinderbox info` shows: postgresql://USER@HOST:PORT/NAME. Positions that cannot be are left out; the others are
added to the table mta_reports, with the hour and the date of the report.
"""

import sys
from urllib.parse import urlsplit

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

SCHEMA = ("latitude DOUBLE, longitude DOUBLE, time_received TIMESTAMP, vehicle_id INT, distance_along_trip DOUBLE, "
          "inferred_direction_id INT, inferred_phase STRING, inferred_route_id STRING, inferred_trip_id STRING, "
          "next_scheduled_stop_distance DOUBLE, next_scheduled_stop_id STRING")


def jdbc(database, password_file):
    """Options of Spark's format jdbc."""
    where = urlsplit(database)
    with open(password_file, encoding="ascii") as password:
        return {"url": f"jdbc:postgresql://{where.hostname}:{where.port}{where.path}", "user": where.username,
                "password": password.read()}


def main():
    file, database, password_file = sys.argv[1:]
    spark = SparkSession.builder.appName("MTA reports").config("spark.sql.debug.maxToStringFields", 100).getOrCreate()
    rows = (spark.read.csv(file, sep="\t", header=True, schema=SCHEMA, nullValue="null")
            .where("abs(latitude) <= 90 AND abs(longitude) <= 180 AND NOT (latitude = 0 AND longitude = 0)")
            .withColumn("report_hour", F.date_trunc("hour", "time_received"))
            .withColumn("report_date", F.to_date("time_received")))
    rows.write.format("jdbc").options(**jdbc(database, password_file), dbtable="mta_reports").mode("append").save()
    print(f"mta_reports has {rows.count()} more rows")


if __name__ == "__main__":
    main()
