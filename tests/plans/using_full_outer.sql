SELECT COALESCE("id", "id_2") AS "id", "name", "age", "score", "tags", "home", "person", "amount", "at"
FROM (
SELECT *
FROM "people"
) AS "t1"
FULL OUTER JOIN (
SELECT *
FROM "orders"
) AS "t2"("id_2", "person", "amount", "at")
ON ("id" = "id_2")
-- id BIGINT NOT NULL
-- name STRING
-- age INT
-- score DOUBLE
-- tags ARRAY<STRING>
-- home STRUCT<city: STRING, zip: INT>
-- person INT
-- amount DECIMAL(10,2)
-- at TIMESTAMP
