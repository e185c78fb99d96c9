"""DuckDB as one writes it by hand: duckdb_sql.py LEFT RIGHT. One full outer join by id that compares every column."""

import json
import sys

import duckdb

left, right = sys.argv[1:3]
connection = duckdb.connect()
connection.execute("SET enable_progress_bar = false")
read = "read_parquet" if left.endswith(".parquet") else "read_csv"
columns = [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {read}(?)", [left]).fetchall()]
differs = " OR ".join(f'l."{c}" IS DISTINCT FROM r."{c}"' for c in columns if c != "id")
changed, left_only, right_only = connection.execute(
    f"""SELECT count(*) FILTER (l.id IS NOT NULL AND r.id IS NOT NULL AND ({differs})),
               count(*) FILTER (r.id IS NULL), count(*) FILTER (l.id IS NULL)
        FROM {read}(?) l FULL OUTER JOIN {read}(?) r ON l.id = r.id""",
    [left, right],
).fetchone()
print(json.dumps({"changed": changed, "left_only": left_only, "right_only": right_only}))
