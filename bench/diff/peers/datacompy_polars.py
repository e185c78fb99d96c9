"""datacompy with its Polars back end: datacompy_polars.py LEFT RIGHT."""

import json
import sys

import polars
from datacompy import PolarsCompare

left, right = sys.argv[1:3]
read = polars.read_parquet if left.endswith(".parquet") else lambda path: polars.read_csv(path, try_parse_dates=True)
compare = PolarsCompare(read(left), read(right), join_columns="id")
both = len(compare.intersect_rows)
answer = {
    "changed": both - compare.count_matching_rows(),
    "left_only": len(compare.df1_unq_rows),
    "right_only": len(compare.df2_unq_rows),
}
print(json.dumps({k: int(v) for k, v in answer.items()}))
