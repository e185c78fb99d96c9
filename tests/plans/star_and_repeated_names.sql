SELECT "id", "name", "age", "score", "tags", "home", "name" AS "name_2", "id" AS "NAME_3"
FROM (
SELECT *
FROM "people"
)
-- id BIGINT NOT NULL
-- name STRING
-- age INT
-- score DOUBLE
-- tags ARRAY<STRING>
-- home STRUCT<city: STRING, zip: INT>
-- name STRING
-- NAME BIGINT NOT NULL
