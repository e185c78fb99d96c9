SELECT "id", "name", ("age" + CAST(1 AS INTEGER)) AS "age", "score", "tags", "home", "age" AS "old"
FROM (
SELECT *
FROM "people"
)
-- id BIGINT NOT NULL
-- name STRING
-- AGE INT
-- score DOUBLE
-- tags ARRAY<STRING>
-- home STRUCT<city: STRING, zip: INT>
-- old INT
