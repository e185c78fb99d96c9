SELECT "id", "name", "age", "score", "tags", "home", "id_2", "person", "amount", "at"
FROM (
SELECT *
FROM "people"
) AS "t1"
FULL OUTER JOIN (
SELECT *
FROM "orders"
) AS "t2"("id_2", "person", "amount", "at")
ON ("id" IS NOT DISTINCT FROM "id_2")
-- id BIGINT
-- name STRING
-- age INT
-- score DOUBLE
-- tags ARRAY<STRING>
-- home STRUCT<city: STRING, zip: INT>
-- id BIGINT
-- person INT
-- amount DECIMAL(10,2)
-- at TIMESTAMP
