SELECT "range" AS "id"
FROM range(5, 100, 7)
-- id BIGINT NOT NULL
