SELECT "id", "name", "age", "home"
FROM (
SELECT *
FROM "people"
)
-- id BIGINT NOT NULL
-- name STRING
-- age INT
-- home STRUCT<city: STRING, zip: INT>
