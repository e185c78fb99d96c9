(
SELECT "id"
FROM (
SELECT *
FROM "people"
)
)
EXCEPT ALL
(
SELECT "id"
FROM (
SELECT *
FROM "orders"
)
)
-- id BIGINT NOT NULL
