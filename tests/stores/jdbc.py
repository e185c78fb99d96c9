"""The embedded engine on a PostgreSQL: types, reads in parts, writes in one transaction, errors.

usage: jdbc.py PROGRAM

What is expected of the table KINDS is what Apache Spark 4.2.0 with PostgreSQL's JDBC driver 42.7.7 answered; where Spark reads times of the
sixteenth century by another calendar, or fails, the table has none.
"""

import datetime
import os
import pathlib
import subprocess
import sys
import tempfile
from decimal import Decimal

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
import services
from server import Server

from pyspark.sql import SparkSession

PROGRAM = os.path.abspath(sys.argv[1])
DATE, TIME = datetime.date, datetime.datetime

# column, type, value, Spark's type, Spark's value
KINDS = [
    ("i2", "smallint", "-5", "smallint", -5),
    ("i4", "int", "7", "int", 7),
    ("i8", "bigint", "9223372036854775807", "bigint", 9223372036854775807),
    ("f4", "real", "1.5", "float", 1.5),
    ("f8", "double precision", "'-Infinity'", "double", float("-inf")),
    ("b", "boolean", "true", "boolean", True),
    ("n", "numeric", "123.456", "decimal(38,18)", Decimal("123.456")),
    ("n1", "numeric(10,2)", "-99999999.99", "decimal(10,2)", Decimal("-99999999.99")),
    ("n2", "numeric(38,10)", "1234567890123456789012345678.0123456789", "decimal(38,10)", Decimal("1234567890123456789012345678.0123456789")),
    ("n4", "numeric(50,20)", "0.00000000001", "decimal(38,8)", Decimal(0)),
    ("n5", "numeric(4,3)", "0.001", "decimal(4,3)", Decimal("0.001")),
    ("n6", "numeric(18,0)", "100000000", "decimal(18,0)", Decimal(100000000)),
    ("t", "text", "'héllo\t\\'", "string", "héllo\t\\"),
    ("vc", "varchar(10)", "'abc'", "string", "abc"),
    ("ch", "char(5)", "'xy'", "string", "xy   "),
    ("ba", "bytea", "'\\x00ff10'", "binary", b"\x00\xff\x10"),
    ("d", "date", "'0001-01-01'", "date", DATE(1, 1, 1)),
    ("ts", "timestamp", "'2024-02-29 12:34:56.789012'", "timestamp", TIME(2024, 2, 29, 12, 34, 56, 789012)),
    ("tsz", "timestamptz", "'2024-02-29 12:34:56.789012+02'", "timestamp", TIME(2024, 2, 29, 10, 34, 56, 789012)),
    ("tm", "time", "'23:59:59.123456'", "timestamp", TIME(1970, 1, 1, 23, 59, 59, 123000)),
    ("tmz", "timetz", "'12:00:00+02'", "timestamp", TIME(1970, 1, 1, 10)),
    ("iv", "interval", "'1 year 2 mons 3 days 04:05:06'", "string", "1 year 2 mons 3 days 04:05:06"),
    ("u", "uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "string", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ("j", "json", "'{\"a\": 1}'", "string", '{"a": 1}'),
    ("jb", "jsonb", "'{\"a\": 1}'", "string", '{"a": 1}'),
    ("ip", "inet", "'10.0.0.1/8'", "string", "10.0.0.1/8"),
    ("e", "mood", "'ok'", "string", "ok"),
    ("bit1", "bit(1)", "'1'", "boolean", True),
    ("bit3", "bit(3)", "'101'", "binary", b"101"),
    ("vb", "varbit", "'1101'", "string", "1101"),
    ("nm", "name", "'nm'", "string", "nm"),
    ("o", "oid", "42", "decimal(20,0)", Decimal(42)),
    ("rg", "int4range", "'[1,5)'", "string", "[1,5)"),
    ("ai", "int[]", "'{1,NULL,3}'", "array<int>", [1, None, 3]),
    ("at", "text[]", "'{\"a\",\"b,c\",NULL,\"q\\\"x\"}'", "array<string>", ["a", "b,c", None, 'q"x']),
    ("an", "numeric(10,2)[]", "'{1.25,NULL}'", "array<decimal(10,2)>", [Decimal("1.25"), None]),
    ("ad", "date[]", "'{2024-01-01}'", "array<date>", [DATE(2024, 1, 1)]),
    ("ats", "timestamp[]", "'{2024-01-01 00:00:01.5}'", "array<timestamp>", [TIME(2024, 1, 1, 0, 0, 1, 500000)]),
    ("atz", "timestamptz[]", "'{2024-02-29 12:34:56+02}'", "array<timestamp>", [TIME(2024, 2, 29, 10, 34, 56)]),
    ("ab", "boolean[]", "'{t,f,NULL}'", "array<boolean>", [True, False, None]),
    ("af", "float8[]", "'{1.5,2}'", "array<double>", [1.5, 2.0]),
    ("au", "uuid[]", "'{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'", "array<string>", ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]),
    ("aba", "bytea[]", "ARRAY['\\x01'::bytea]", "array<binary>", [b"\x01"]),
    ("a0", "int[]", "'{}'", "array<int>", []),
    ("aa", "int[][]", "'{{1,2},{3,NULL}}'", "array<array<int>>", [[1, 2], [3, None]]),
]

# Of the same rows written by Spark: PostgreSQL's type, whether it takes NULL, the value as PostgreSQL casts it to text.
WRITTEN = [
    ("cast(1 as tinyint)", "int2", "NO", "1"),
    ("cast(1 as smallint)", "int2", "NO", "1"),
    ("1", "int4", "NO", "1"),
    ("2L", "int8", "NO", "2"),
    ("cast(1.5 as float)", "float4", "NO", "1.5"),
    ("2.5D", "float8", "NO", "2.5"),
    ("true", "bool", "NO", "true"),
    ("'x'", "text", "NO", "x"),
    ("X'00ff'", "bytea", "NO", "\\x00ff"),
    ("date'2024-01-01'", "date", "NO", "2024-01-01"),
    ("timestamp'2024-01-01 01:02:03.456789'", "timestamptz", "NO", "2024-01-01 01:02:03.456789+00"),
    ("timestamp_ntz'2024-01-01 01:02:03.456789'", "timestamp", "NO", "2024-01-01 01:02:03.456789"),
    ("12.34BD", "numeric", "NO", "12.34"),
    ("array(1,2)", "_int4", "NO", "{1,2}"),
    ("array('a','b,\"c')", "_text", "NO", '{a,"b,\\"c"}'),
    ("array(array(1),array(2))", "_int4", "NO", "{{1},{2}}"),
    ("array(1.5BD)", "_numeric", "NO", "{1.5}"),
    ("array(true)", "_bool", "NO", "{t}"),
    ("cast(null as int)", "int4", "YES", ""),
    ("'tab\\t, back\\\\slash, line\\n, \\\\N'", "text", "NO", "tab\t, back\\slash, line|, \\N"),
]


def reads(spark, pg):
    pg.psql("CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE kinds (" + ", ".join(f"{name} {kind}" for name, kind, *_ in KINDS) + ");"
            "INSERT INTO kinds VALUES (" + ", ".join(value for _, _, value, *_ in KINDS) + "); INSERT INTO kinds DEFAULT VALUES;")
    read = lambda **options: spark.read.format("jdbc").options(**{**pg.options, **options}).load()
    frame = read(dbtable="kinds")
    types = dict(frame.dtypes)
    wrong = {name: types[name] for name, _, _, spark_type, _ in KINDS if types[name] != spark_type}
    assert not wrong, wrong
    assert all(field.nullable for field in frame.schema)
    first, empty = frame.orderBy("i2", ascending=False).collect()
    wrong = {name: first[name] for name, *_, value in KINDS if first[name] != value}
    assert not wrong, wrong
    assert set(empty) == {None}
    assert frame.count() == 2 and frame.select("t").where("i4 = 7").collect() == [("héllo\t\\",)]
    assert read(dbtable="kinds", preferTimestampNTZ="true").schema["ts"].dataType.simpleString() == "timestamp_ntz"
    assert read(query="SELECT 1 AS a, 'x'::text AS b").collect() == [(1, "x")]
    assert read(dbtable="(select 2 as a) q").collect() == [(2,)]
    pg.psql("CREATE TABLE many AS SELECT i AS id, 'n' || i AS name FROM generate_series(1, 200000) i; INSERT INTO many VALUES (NULL, 'none')")
    total = (200001, 20000100000)
    parts = read(dbtable="many", partitionColumn="id", lowerBound="1", upperBound="100000", numPartitions="7")
    assert parts.selectExpr("count(*)", "sum(id)").first() == total
    assert read(dbtable="many").selectExpr("count(*)", "sum(id)").first() == total
    properties = {name: pg.options[name] for name in ("user", "password", "driver")}
    cut = spark.read.jdbc(pg.url, "many", predicates=["id < 1000", "id >= 1000", "id IS NULL"], properties=properties)
    assert cut.selectExpr("count(*)", "sum(id)").first() == total
    spark.sql(f"CREATE TEMPORARY VIEW jv USING jdbc OPTIONS (url '{pg.url}', dbtable 'many', user 'spark', password \"{services.PASSWORD}\")")
    assert spark.sql("SELECT name FROM jv WHERE id = 5").collect() == [("n5",)]
    text = spark.sql("EXPLAIN EXTENDED SELECT * FROM jv").first()[0]
    assert services.PASSWORD.strip() not in text, text
    # Infinity is the last instant; NaN is no decimal.
    assert read(query="SELECT 'infinity'::timestamptz AS t").first()[0] == TIME(9999, 12, 31, 23, 59, 59, 999999)
    services.fails(lambda: read(query="SELECT 'NaN'::numeric AS n").collect(), "NaN")
    services.fails(lambda: read(query="SELECT 1e30::numeric AS n").collect(), "DECIMAL(38,18)")
    services.fails(lambda: read().schema, "Option 'dbtable' or 'query' is required.")
    services.fails(lambda: read(dbtable="kinds", query="SELECT 1").schema, "Both 'dbtable' and 'query' can not be specified at the same time.")
    services.fails(lambda: read(dbtable="nosuch").collect(), 'relation "nosuch" does not exist')
    services.fails(lambda: read(dbtable="kinds", password="wrong").collect(), "FAILED_JDBC", "password authentication failed")
    services.fails(lambda: read(dbtable="kinds", partitionColumn="id").schema, "users need to specify all or none")
    services.fails(lambda: read(dbtable="kinds", partitionColumn="t", lowerBound="1", upperBound="3", numPartitions="2").schema,
          "Partition column type should be numeric, date, or timestamp, but string found.")
    services.fails(lambda: read(dbtable="kinds", driver="com.mysql.Driver").schema, "com.mysql.Driver")
    services.fails(lambda: read(dbtable="kinds", url="jdbc:mysql://127.0.0.1/x").schema, "jdbc:mysql")
    services.fails(lambda: read(dbtable="kinds", fancy="1").schema, "fancy")
    services.fails(lambda: spark.read.schema("id int").format("jdbc").options(**pg.options, dbtable="kinds").load().schema,
          "USER_SPECIFIED_AND_ACTUAL_SCHEMA_MISMATCH")


def writes(spark, pg):
    def write(frame, table, mode="error", **more):
        frame.write.format("jdbc").options(**pg.options, dbtable=table, **more).mode(mode).save()

    def rows(table):
        return pg.psql(f"SELECT * FROM {table} ORDER BY 1")

    write(spark.sql("SELECT " + ", ".join(f"{sql} AS c{i}" for i, (sql, *_) in enumerate(WRITTEN))), "written")
    types = pg.psql("SELECT udt_name || ' ' || is_nullable FROM information_schema.columns WHERE table_name = 'written' ORDER BY ordinal_position")
    assert types == [f"{kind} {nullable}" for _, kind, nullable, _ in WRITTEN], types
    for i, (_, _, _, text) in enumerate(WRITTEN):
        assert pg.psql(f"SELECT replace(c{i}::text, chr(10), '|') FROM written") == [text], (i, pg.psql(f"SELECT c{i} FROM written"))
    frame = spark.sql("SELECT 7 AS id")
    write(frame, "t", "overwrite")
    services.fails(lambda: write(frame, "t"), "Table or view 't' already exists. SaveMode: ErrorIfExists.")
    write(spark.sql("SELECT 8 AS id"), "t", "overwrite", truncate="true")
    write(spark.sql("SELECT 9 AS ID"), "t", "append")
    write(spark.sql("SELECT 10 AS id"), "t", "ignore")
    assert rows("t") == ["8", "9"], rows("t")
    services.fails(lambda: write(spark.sql("SELECT 1 AS nothing"), "t", "append"), "COLUMN_NOT_DEFINED_IN_TABLE", "nothing")
    write(spark.sql("SELECT 10 AS id, 'a' AS s"), "sized", createTableColumnTypes="s VARCHAR(8)")
    assert pg.psql("SELECT character_maximum_length FROM information_schema.columns WHERE table_name = 'sized' AND column_name = 's'") == ["8"]
    write(spark.sql("SELECT 1 AS `We ird`"), '"Up Per"')
    assert pg.psql('SELECT "We ird" FROM "Up Per"') == ["1"]
    for sql, kind in {"map(1, 2)": "MAP<INT, INT>", "named_struct('a', 1)": "STRUCT", "null": "VOID"}.items():
        services.fails(lambda: write(spark.sql(f"SELECT {sql} AS m"), "never"), "Can't get JDBC type for", kind)
    # Half-way failures leave what was there, and no table where there was none.
    failing = spark.range(200000).selectExpr("id", "IF(id = 199999, raise_error('late'), 1) AS x")
    services.fails(lambda: write(failing, "never"), "late")
    services.fails(lambda: write(failing.selectExpr("id + x AS id"), "t", "overwrite"), "late")
    services.fails(lambda: write(failing.selectExpr("id + x AS id"), "t", "overwrite", truncate="true"), "late")
    pg.psql("CREATE TABLE unique_ids (id int PRIMARY KEY); INSERT INTO unique_ids VALUES (3)")
    services.fails(lambda: write(spark.sql("SELECT CAST(id AS INT) AS id FROM range(10)"), "unique_ids", "append"), "duplicate key", "(id)=(3)")
    assert rows("t") == ["8", "9"] and rows("unique_ids") == ["3"] and pg.psql("SELECT to_regclass('never') IS NULL") == ["t"]
    write(spark.range(300000).selectExpr("id", "repeat('x', 50) AS s"), "long")
    assert pg.psql("SELECT count(*), sum(id), min(length(s)) FROM long") == ["300000|44999850000|50"]


def diffs(pg, folder):
    pg.psql("CREATE TABLE l AS SELECT * FROM (VALUES (1, 'a', 1.50), (2, 'b', 2.00), (3, NULL, NULL)) v(id, name, price)")
    (folder / "r.csv").write_text("id,name,price\n1,a,1.5\n2,B,2\n4,d,\n")
    env = {**os.environ, "PGPASSWORD": services.PASSWORD, "TMPDIR": str(folder / "tmp")}
    (folder / "tmp").mkdir()

    def diff(*words, code, **more):
        done = subprocess.run([PROGRAM, "diff", *words], env={**env, **more}, capture_output=True, text=True, cwd=folder)
        assert done.returncode == code, (words, done)
        assert services.PASSWORD not in done.stdout + done.stderr
        return done.stdout if code < 2 else " ".join(done.stderr.split())  # which is wrapped

    table = pg.url + "?user=spark&dbtable=l"
    rows = services.answer(diff(table, "r.csv", "--key", "id", "--json", code=1))
    (folder / "l.csv").write_text("id,name,price\n1,a,1.50\n2,b,2.00\n3,,\n")
    same = services.answer(diff("l.csv", "r.csv", "--key", "id", "--json", "--schema", "id INT, name STRING, price DECIMAL(38,18)", code=1))
    assert rows == same, (rows, same)
    assert "same" in diff(table, pg.url + "?user=spark&query=SELECT%20*%20FROM%20l%20ORDER%20BY%20id%20DESC", code=0)
    assert "password" in diff(table + "&password=x", "r.csv", code=2)
    assert "dbtable" in diff(pg.url + "?user=spark", "r.csv", code=2)
    assert "password authentication failed" in diff(table, "r.csv", code=2, PGPASSWORD="wrong")
    assert not list((folder / "tmp").iterdir()), list((folder / "tmp").iterdir())


def main():
    with services.postgres() as pg, tempfile.TemporaryDirectory(prefix="tinderbox-test-") as folder, Server(PROGRAM) as server:
        pg.options = {"url": pg.url, "user": "spark", "password": services.PASSWORD, "driver": "org.postgresql.Driver"}
        spark = SparkSession.builder.remote(server.remote).create()
        os.environ["TZ"] = "UTC"
        try:
            for topic in (reads, writes):
                topic(spark, pg)
                print("ok", topic.__name__)
        finally:
            spark.stop()
        assert services.PASSWORD not in server.output()
        diffs(pg, pathlib.Path(folder))
        print("ok diffs")


if __name__ == "__main__":
    main()
