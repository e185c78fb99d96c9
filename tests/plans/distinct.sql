SELECT DISTINCT *
FROM (
SELECT "name"
FROM (
SELECT *
FROM "people"
)
)
-- name STRING
