(
SELECT "id", CAST("age" AS DECIMAL(12,2)) AS "age"
FROM (
SELECT "id", "age"
FROM (
SELECT *
FROM "people"
)
)
)
UNION ALL
(
SELECT CAST("person" AS BIGINT) AS "person", CAST("amount" AS DECIMAL(12,2)) AS "amount"
FROM (
SELECT "person", "amount"
FROM (
SELECT *
FROM "orders"
)
)
)
-- id BIGINT
-- age DECIMAL(12,2)
