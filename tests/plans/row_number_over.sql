SELECT "id", CAST(row_number() OVER (PARTITION BY "age" ORDER BY "score" DESC NULLS LAST) AS INTEGER) AS "rank"
FROM (
SELECT *
FROM "people"
)
-- id BIGINT NOT NULL
-- rank INT NOT NULL
