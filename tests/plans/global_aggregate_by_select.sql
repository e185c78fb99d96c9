SELECT count(*) AS "n"
FROM (
SELECT *
FROM "people"
)
-- n BIGINT NOT NULL
