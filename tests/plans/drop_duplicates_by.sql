SELECT DISTINCT ON ("name") *
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
