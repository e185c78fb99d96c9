"""Writes the input files of a test: text with its bytes spelt out, and Parquet from typed rows."""

import base64
import codecs
import datetime
import decimal
import gzip
import json
import os
import re

import pyarrow as pa
import pyarrow.parquet as pq

EPOCH = datetime.datetime(1970, 1, 1)
UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}  # in nanoseconds


class Type:
    """A pyarrow type and the conversion of JSON values to its values."""

    def __init__(self, arrow, convert=lambda v: v):
        self.arrow = arrow
        self.convert = lambda v: None if v is None else convert(v)


def instant_nanos(text):
    """'2001-02-03 04:05:06.789+01:00' in nanoseconds since the epoch, for every year from 0001 to 9999."""
    match = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?", text)
    if not match:
        raise ValueError(f"not a timestamp: {text}")
    year, month, day, hour, minute, second = (int(g or 0) for g in match.groups()[:6])
    delta = datetime.datetime(year, month, day, hour, minute, second) - EPOCH
    nanos = (delta.days * 86400 + delta.seconds) * 10**9 + int((match[7] or "").ljust(9, "0"))
    if match[8] and match[8] != "Z":
        sign = -1 if match[8][0] == "-" else 1
        nanos -= sign * (int(match[8][1:3]) * 3600 + int(match[8][4:6]) * 60) * 10**9
    return nanos


class TypeParser:
    """int32 · decimal(10,2) · timestamp[us,UTC] · list<t> · map<k,v> · struct<a: t, b: t>"""

    def __init__(self, text):
        self.tokens = re.findall(r"[A-Za-z_0-9./]+|[<>,:()\[\]]", text)
        self.at = 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self, expected=None):
        token = self.peek()
        if token is None or (expected and token != expected):
            raise ValueError(f"expected {expected} and found {token} in a column type")
        self.at += 1
        return token

    def parse(self):
        name = self.take()
        if name == "list":
            self.take("<")
            item = self.parse()
            self.take(">")
            return Type(pa.list_(item.arrow), lambda v: [item.convert(x) for x in v])
        if name == "map":
            self.take("<")
            key = self.parse()
            self.take(",")
            value = self.parse()
            self.take(">")
            return Type(pa.map_(key.arrow, value.arrow), lambda v: [(key.convert(k), value.convert(x)) for k, x in v])
        if name == "struct":
            self.take("<")
            fields = {}
            while self.peek() != ">":
                field = self.take()
                self.take(":")
                fields[field] = self.parse()
                if self.peek() == ",":
                    self.take()
            self.take(">")
            arrow = pa.struct([(n, t.arrow) for n, t in fields.items()])
            return Type(arrow, lambda v: {n: t.convert(v.get(n)) for n, t in fields.items()})
        if name == "decimal":
            self.take("(")
            precision = int(self.take())
            self.take(",")
            scale = int(self.take())
            self.take(")")
            exact = decimal.Context(prec=80)
            return Type(pa.decimal128(precision, scale), lambda v: decimal.Decimal(v).quantize(decimal.Decimal(1).scaleb(-scale), context=exact))
        if name in ("timestamp", "time32", "time64"):
            self.take("[")
            unit = self.take()
            zone = None
            if self.peek() == ",":
                self.take()
                zone = self.take()
            self.take("]")
            if name == "timestamp":
                return Type(pa.timestamp(unit, zone), lambda v: instant_nanos(v) // UNITS[unit])
            return Type(getattr(pa, name)(unit), lambda v: instant_nanos("1970-01-01 " + v) // UNITS[unit])
        if name == "date32":
            return Type(pa.date32(), lambda v: instant_nanos(v) // (86400 * 10**9))
        if name in ("binary", "large_binary"):
            return Type(getattr(pa, name)(), bytes.fromhex)
        if name == "null":
            return Type(pa.null())
        simple = {"bool": pa.bool_, "float": pa.float32, "double": pa.float64, "string": pa.string, "large_string": pa.large_string}
        arrow = simple[name]() if name in simple else getattr(pa, name)()
        return Type(arrow, float if name in ("float", "double") else lambda v: v)


def split_columns(text):
    """Splits 'a int32, m map<int32,string>' at its outer commas."""
    parts, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += (c in "<([") - (c in ">)]")
        if c == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    return [p.strip() for p in parts + [text[start:]] if p.strip()]


def parquet_table(lines):
    """The first line holds the columns ('id int32 not null, s string'), each further line a row as a JSON array."""
    names, types, fields = [], [], []
    for column in split_columns(lines[0]):
        quoted = re.match(r'"([^"]*)"\s+(.*)', column)
        name, kind = quoted.groups() if quoted else column.split(None, 1)
        nullable = not kind.endswith(" not null")
        kind = TypeParser(kind.removesuffix(" not null")).parse()
        names.append(name)
        types.append(kind)
        fields.append(pa.field(name, kind.arrow, nullable))
    rows = [json.loads(line) for line in lines[1:] if line.strip()]
    for row in rows:
        if len(row) != len(names):
            raise ValueError(f"{len(row)} values for {len(names)} columns: {row}")
    columns = [pa.array([t.convert(r[i]) for r in rows], t.arrow) for i, t in enumerate(types)]
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def write(path, lines, flags):
    """Writes the file `path` from the lines of a test; `flags` say how (see README.md)."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    flags = dict(f.partition("=")[::2] for f in flags)
    if path.endswith(".parquet") and "base64" not in flags:
        options = {}
        if "int96" in flags:
            options["use_deprecated_int96_timestamps"] = True
        if "row-group" in flags:
            options["row_group_size"] = int(flags["row-group"])
        if "compression" in flags:
            options["compression"] = flags["compression"]
        if "dictionary" in flags:
            options["use_dictionary"] = flags["dictionary"] == "yes"
        pq.write_table(parquet_table(lines), path, **options)
        return
    if "base64" in flags:
        data = base64.b64decode("".join(lines))
    else:
        text = "\n".join(lines) + ("\n" if lines and "no-newline" not in flags else "")
        if "crlf" in flags:
            text = text.replace("\n", "\r\n")
        if "escapes" in flags:  # \x00 \u00e9 \r, and bytes that are no text at all
            data = codecs.escape_decode(re.sub(r"\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})", lambda m: chr(int(m[1] or m[2], 16)), text).encode())[0]
        else:
            data = text.encode(flags.get("encoding", "utf-8"))
    if "bom" in flags:
        data = codecs.BOM_UTF8 + data
    if "repeat" in flags:  # the lines after the first, so many times over
        head, rest = data.split(b"\n", 1)
        data = head + b"\n" + rest * int(flags["repeat"])
    if path.endswith(".gz"):
        data = gzip.compress(data)
    if path.endswith(".zst"):
        data = pa.Codec("zstd").compress(data, asbytes=True)
    with open(path, "wb") as out:
        out.write(data)
