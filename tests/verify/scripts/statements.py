"""Spark SQL alone: tables, views, CTEs, INSERT."""
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
spark.sql("CREATE TABLE events (id BIGINT, kind STRING, at TIMESTAMP) USING parquet PARTITIONED BY (kind)")
spark.sql("""INSERT INTO events PARTITION (kind = 'click')
    SELECT id, timestamp_seconds(1760000000 + id * 61) FROM range(500)""")
spark.sql("""INSERT INTO events SELECT id, timestamp_seconds(1760000000 + id * 59), 'view' FROM range(700)""")
spark.sql("CREATE TEMPORARY VIEW clicks AS SELECT * FROM events WHERE kind = 'click'")
spark.sql("""CREATE TABLE hours AS
    WITH by_hour AS (SELECT date_trunc('HOUR', at) AS hour, kind, count(*) AS n FROM events GROUP BY ALL)
    SELECT hour, kind, n, n - lag(n, 1, 0L) OVER (PARTITION BY kind ORDER BY hour) AS more FROM by_hour""")
spark.sql("SELECT kind, count(*) AS n, min(at) AS first FROM events GROUP BY kind ORDER BY kind").show()
spark.sql("SELECT count(*) FROM clicks c LEFT ANTI JOIN events e ON e.kind = 'view' AND e.at = c.at").show()
spark.sql("SHOW TABLES").select("tableName", "isTemporary").orderBy("tableName").show()
spark.sql("DESCRIBE TABLE hours").show()
