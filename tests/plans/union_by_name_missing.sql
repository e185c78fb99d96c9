(
SELECT "id", "name", CAST(NULL AS DECIMAL(10,2)) AS "amount"
FROM (
SELECT "id", "name"
FROM (
SELECT *
FROM "people"
)
)
)
UNION ALL
(
SELECT "id", CAST(NULL AS VARCHAR) AS "name", "amount"
FROM (
SELECT "amount", "id"
FROM (
SELECT *
FROM "orders"
)
)
)
-- id BIGINT NOT NULL
-- name STRING
-- amount DECIMAL(10,2)
