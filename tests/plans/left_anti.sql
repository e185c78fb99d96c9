SELECT "id", "name", "age", "score", "tags", "home"
FROM (
SELECT *
FROM "people"
) AS "t1"
ANTI JOIN (
SELECT *
FROM "orders"
) AS "t2"("id_2", "person", "amount", "at")
ON ("id" = CAST("person" AS BIGINT))
-- id BIGINT NOT NULL
-- name STRING
-- age INT
-- score DOUBLE
-- tags ARRAY<STRING>
-- home STRUCT<city: STRING, zip: INT>
