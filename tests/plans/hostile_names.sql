SELECT "id" AS "a""b; DROP TABLE people; --"
FROM (
SELECT *
FROM (
SELECT *
FROM "people"
)
WHERE ("name" = 'it''s "x" -- ;')
)
-- a"b; DROP TABLE people; -- BIGINT NOT NULL
