"""Writes Spark Connect's message definitions as a protobuf FileDescriptorSet.

usage: spark_descriptors.py FOLDER_OF_PB2_FILES OUTPUT

PySpark ships its protocol only as generated Python, in which every module carries its own serialized
FileDescriptorProto as one bytes literal. The literals are read from the syntax tree: nothing is imported or run.
"""

import ast
import pathlib
import sys

# An imported file stands before the files that import it, as protoc demands.
FILES = ["common", "types", "expressions", "catalog", "ml_common", "relations", "ml", "pipelines", "commands", "base"]


def descriptor(path):
    found = [
        node.args[0].value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", None) == "AddSerializedFile"
    ]
    if len(found) != 1:
        sys.exit(f"{path}: expected one serialized descriptor, found {len(found)}; is this another pyspark-client?")
    return found[0]


def length_delimited(payload):
    size, header = len(payload), bytearray([0x0A])  # field 1, FileDescriptorSet.file
    while size > 127:
        header.append(size & 127 | 128)
        size >>= 7
    header.append(size)
    return bytes(header) + payload


def main():
    folder, output = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    output.write_bytes(b"".join(length_delimited(descriptor(folder / f"{name}_pb2.py")) for name in FILES))


main()
