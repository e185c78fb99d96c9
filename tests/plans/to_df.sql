SELECT "id", "name"
FROM (
SELECT *
FROM "people"
)
-- a BIGINT NOT NULL
-- b STRING
