(
SELECT "name"
FROM (
SELECT *
FROM "people"
)
)
INTERSECT
(
SELECT "name"
FROM (
SELECT *
FROM "people"
)
)
-- name STRING
