SELECT "name", "amount"
FROM (
SELECT "id", "name", "age", "score", "tags", "home", "id_2", "person", "amount", "at"
FROM (
SELECT *
FROM "people"
) AS "t1"
CROSS JOIN (
SELECT *
FROM "orders"
) AS "t2"("id_2", "person", "amount", "at")
)
-- name STRING
-- amount DECIMAL(10,2)
