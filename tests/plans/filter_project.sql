SELECT "id", ("age" + CAST(1 AS INTEGER)) AS "next age", struct_extract("home", 'city') AS "city"
FROM (
SELECT *
FROM (
SELECT *
FROM "people"
)
WHERE ("age" > CAST(30 AS INTEGER))
)
-- id BIGINT NOT NULL
-- next age INT
-- city STRING
