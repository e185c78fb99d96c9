SELECT "id", "name", "age", "score", "tags", "home"
FROM (
SELECT *, row_number() OVER () AS "sample row"
FROM (
SELECT *
FROM "people"
)
)
WHERE (CAST(hash("sample row", 0) >> 11 AS DOUBLE) / CAST(9007199254740992 AS DOUBLE)) >= CAST('0' AS DOUBLE) AND (CAST(hash("sample row", 0) >> 11 AS DOUBLE) / CAST(9007199254740992 AS DOUBLE)) < CAST('0.5' AS DOUBLE)
-- id BIGINT NOT NULL
-- name STRING
-- age INT
-- score DOUBLE
-- tags ARRAY<STRING>
-- home STRUCT<city: STRING, zip: INT>
