SELECT "id", "name_2" AS "other"
FROM (
SELECT "id", "name", "age", "score", "tags", "home", "id_2", "name_2", "age_2", "score_2", "tags_2", "home_2"
FROM (
SELECT *
FROM "people"
) AS "t1"
JOIN (
SELECT *
FROM (
SELECT *
FROM "people"
)
WHERE ("age" > CAST(1 AS INTEGER))
) AS "t2"("id_2", "name_2", "age_2", "score_2", "tags_2", "home_2")
ON ("id" = "id_2")
)
-- id BIGINT NOT NULL
-- other STRING
