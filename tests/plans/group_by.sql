SELECT "person", count(*) AS "n", CAST(sum("amount") AS DECIMAL(20,2)) AS "total", max("at") AS "last"
FROM (
SELECT *
FROM "orders"
)
GROUP BY "person"
-- person INT
-- n BIGINT NOT NULL
-- total DECIMAL(20,2)
-- last TIMESTAMP
