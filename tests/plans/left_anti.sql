SELECT "id", "name", "age", "score", "tags", "home"
FROM (
SELECT *
FROM "people"
) AS l
ANTI JOIN (
SELECT *
FROM "orders"
) AS r("id_2", "person", "amount", "at")
ON ("id" = CAST("person" AS BIGINT))
-- id BIGINT NOT NULL
-- name STRING
-- age INT
-- score DOUBLE
-- tags ARRAY<STRING>
-- home STRUCT<city: STRING, zip: INT>
