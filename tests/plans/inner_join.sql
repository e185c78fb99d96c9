SELECT "id", "name", "age", "score", "tags", "home", "id_2", "person", "amount", "at"
FROM (
SELECT *
FROM "people"
) AS "t1"
JOIN (
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
-- id BIGINT NOT NULL
-- person INT
-- amount DECIMAL(10,2)
-- at TIMESTAMP
