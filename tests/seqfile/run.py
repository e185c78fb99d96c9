#!/usr/bin/env python3
"""The verbs pack, unpack and ls, and SQL over what they write: run.py PROGRAM [NAME…]

What is packed is read here by a reader of its own, written from the format's description.
"""

import bz2
import gzip
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib

import pyarrow as pa

PROGRAM = os.path.abspath(sys.argv[1])
KINDS = [("none", "none")] + [(codec, kind) for codec in ("deflate", "gzip", "zstd", "bzip2", "snappy", "lz4") for kind in ("record", "block")]


def check(condition, why):
    if not condition:
        raise AssertionError(why)


def run(folder, *words, expect=0, **more):
    done = subprocess.run([PROGRAM, *words], cwd=folder, capture_output=True, timeout=200, **more)
    check(done.returncode == expect, f"{words}: exit {done.returncode}, not {expect}\n{done.stdout.decode()}{done.stderr.decode()}")
    return done.stdout.decode() if expect == 0 else " ".join((done.stdout + done.stderr).decode("utf-8", "replace").split())


def write_tree(folder, files):
    for name, content in files.items():
        path = os.path.join(os.fsencode(folder), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)


def read_tree(folder):
    return {os.path.relpath(os.path.join(parent, name), folder): open(os.path.join(parent, name), "rb").read()
            for parent, _, names in os.walk(folder) for name in names}


def some_files():
    random_ = random.Random(11)
    return {"a.txt": b"hello\n", "empty": b"", "d/ü.bin": random_.randbytes(70_000), "d/e/text": b"words and words " * 20_000,
            "large": random_.randbytes(300) * 7000, "z": b"\0" * 131_072}


class Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        check(self.at + n <= len(self.data), "the file ends too early")
        self.at += n
        return self.data[self.at - n:self.at]

    def int(self):
        return struct.unpack(">i", self.take(4))[0]

    def vint(self):
        first = struct.unpack("b", self.take(1))[0]
        if first >= -112:
            return first
        count = -(first + 112) if first >= -120 else -(first + 120)
        value = int.from_bytes(self.take(count), "big")
        return value if first >= -120 else ~value

    def text(self):
        return self.take(self.vint())


def chunks(name, data):
    """Hadoop's blocks around Snappy and LZ4, one chunk each as we write them."""
    cursor, out = Cursor(data), b""
    while cursor.at < len(data):
        size, length = cursor.int(), cursor.int()
        out += pa.Codec(name).decompress(cursor.take(length), decompressed_size=size).to_pybytes()
    return out


def unzstd(data):
    return pa.CompressedInputStream(pa.BufferReader(data), "zstd").read()


DECODERS = {"DefaultCodec": zlib.decompress, "GzipCodec": gzip.decompress, "BZip2Codec": bz2.decompress, "ZStandardCodec": unzstd,
            "SnappyCodec": lambda data: chunks("snappy", data), "Lz4Codec": lambda data: chunks("lz4_raw", data)}


def read_sequence_file(path):
    """[(name, content)] and the metadata."""
    cursor = Cursor(open(path, "rb").read())
    check(cursor.take(4) == b"SEQ\x06", "not version 6")
    classes = cursor.text(), cursor.text()
    check(classes == (b"org.apache.hadoop.io.Text", b"org.apache.hadoop.io.BytesWritable"), classes)
    compressed, blocks = cursor.take(1) == b"\1", cursor.take(1) == b"\1"
    decode = DECODERS[cursor.text().decode().rsplit(".")[-1]] if compressed else bytes
    metadata = {cursor.text().decode(): cursor.text().decode() for _ in range(cursor.int())}
    sync, out = cursor.take(16), []
    while cursor.at < len(cursor.data):
        length = cursor.int()
        if length == -1:
            check(cursor.take(16) == sync, "another sync marker")
            if not blocks:
                continue
        if blocks:
            check(length == -1, "a block without a sync marker")
            count = cursor.vint()
            key_sizes, keys, value_sizes, values = (Cursor(decode(cursor.text())) for _ in range(4))
            for _ in range(count):
                out.append((Cursor(keys.take(key_sizes.vint())).text().decode(), values.take(value_sizes.vint())))
        else:
            key = cursor.take(cursor.int())
            value = cursor.take(length - len(key))
            out.append((Cursor(key).text().decode(), decode(value)))
    for name, value in out:
        check(struct.unpack(">i", value[:4])[0] == len(value) - 4, f"{name} has another length")
    return [(name, value[4:]) for name, value in out], metadata


def kinds(folder):
    """Every codec: an independent reader, ls, unpack and SQL see what was packed."""
    files = some_files()
    write_tree(f"{folder}/in", files)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    for codec, kind in KINDS:
        out = f"{codec}-{kind}.seq"
        answer = json.loads(run(folder, "pack", "in", out, "--codec", codec, "--compression", kind, "--json"))
        check((answer["files"], answer["codec"], answer["compression"]) == (len(files), codec, kind), answer)
        check(answer["packed_bytes"] == os.path.getsize(f"{folder}/{out}"), answer)
        rows, metadata = read_sequence_file(f"{folder}/{out}")
        check(rows == sorted(files.items(), key=lambda item: item[0].encode()), f"{out} holds something else")
        check(metadata == {"tinderbox.files": "6", "tinderbox.bytes": str(sum(map(len, files.values()))),
                           "tinderbox.sha256": "".join(digests[name] for name, _ in rows)}, metadata)
        listing = json.loads(run(folder, "ls", out, "--json"))
        check({row["name"]: (row["size"], row["sha256"]) for row in listing["files"]}
              == {name: (len(content), digests[name]) for name, content in files.items()}, listing)
        check("all as they were packed" in run(folder, "ls", out, "--verify"), "not verified")
        run(folder, "unpack", out, f"out-{codec}-{kind}", "-q")
        check(read_tree(f"{folder}/out-{codec}-{kind}") == files, f"{out} comes back otherwise")
        table = run(folder, "sql", "--format", "csv", f"SELECT key, length(value), sha2(value, 256) FROM sequencefile.`{folder}/{out}` ORDER BY key")
        check(table.splitlines()[1:] == [f"{name},{len(files[name])},{digests[name]}" for name in sorted(files)], table)


def splits(folder):
    """A file of many splits gives each row once, on several threads."""
    random_ = random.Random(5)
    files = {f"{i:04}": random_.randbytes(random_.choice([10, 5000, 900_000])) for i in range(300)}
    write_tree(f"{folder}/in", files)
    os.mkdir(f"{folder}/table")
    run(folder, "pack", "in", "table/plain.seq")
    run(folder, "pack", "in", "table/blocks.seq", "--codec", "snappy")
    text = run(folder, "sql", "--format", "csv", f"SELECT key, count(*), sum(length(value)), count(DISTINCT sha2(value, 256)) FROM sequencefile.`{folder}/table` GROUP BY key ORDER BY key")
    check(text.splitlines()[1:] == [f"{name},2,{2 * len(files[name])},1" for name in sorted(files)], "other rows")
    # Cut between two records nothing tells that some are missing, but the manifest.
    data = open(f"{folder}/table/plain.seq", "rb").read()
    os.remove(f"{folder}/table/blocks.seq")
    cut = data.rfind(b"\x040299") - 8
    open(f"{folder}/table/plain.seq", "wb").write(data[:cut - 20 if data[cut - 20:cut - 16] == b"\xff" * 4 else cut])
    check("299 of the 300 records" in run(folder, "sql", f"SELECT max(length(value)) FROM sequencefile.`{folder}/table`", expect=2), "not seen")
    check("299 of the 300 files" in run(folder, "ls", "table/plain.seq", expect=2), "not seen")


def command_lines(folder):
    """What is wrong with a command line is said, with exit code 2, and nothing is written."""
    write_tree(f"{folder}/in", {"a": b"a"})
    for words, message in ((["pack", "in"], "Name what to pack"), (["pack", "in", "x.seq", "--codec", "zip"], "--codec"),
                           (["pack", "in", "x.seq", "--codec", "none", "--compression", "block"], "contradict"),
                           (["pack", "in", "x.seq", "--codec", "zstd", "--compression", "none"], "contradict"),
                           (["pack", "nothing", "x.seq"], "Path does not exist"), (["pack", "in", "s3://b/x.seq"], "s3"),
                           (["pack", "in", "in"], "exists already"), (["unpack", "x.seq", "out"], "Path does not exist"),
                           (["unpack", "in", "out"], "is a folder"), (["unpack", "in/a", "out"], "is no SequenceFile"),
                           (["ls"], "FILE"), (["ls", "in/a", "--verfy"], "--verify")):
        text = run(folder, *words, expect=2)
        check(message in text, f"{words}: {text}")
    check(sorted(os.listdir(folder)) == ["in"], os.listdir(folder))
    for verb in ("pack", "unpack", "ls"):
        check("For example:" in run(folder, verb, "--help"), verb)


def damage(folder):
    """A damaged file is refused with its place; --recover saves the rest and exits with 1."""
    files = {f"{i:02}": bytes([i]) * 30_000 for i in range(20)}
    write_tree(f"{folder}/in", files)
    run(folder, "pack", "in", "x.seq")
    data = bytearray(open(f"{folder}/x.seq", "rb").read())
    data[data.find(b"\x0207") + 1000] ^= 4
    open(f"{folder}/x.seq", "wb").write(data)
    check("damaged at byte" in run(folder, "ls", "x.seq", "--verify", expect=2), "ls")
    text = run(folder, "unpack", "x.seq", "out", expect=2)
    check('"07" has another checksum' in text and not os.path.exists(f"{folder}/out"), text)
    check("damaged at byte" in run(folder, "unpack", "x.seq", "out", "--recover", expect=1), "unpack --recover")
    check(read_tree(f"{folder}/out") == {name: content for name, content in files.items() if name != "07"}, "others are lost")
    listing = subprocess.run([PROGRAM, "ls", "x.seq", "--verify", "--recover", "--json"], cwd=folder, capture_output=True)
    answer = json.loads(listing.stdout)
    check(listing.returncode == 1 and answer["count"] == 19 and len(answer["damages"]) == 2, answer)


def terminals(folder):
    """Names cannot send commands to a terminal."""
    write_tree(f"{folder}/in", {"evil\x1b[2J\nname": b"x"})
    run(folder, "pack", "in", "x.seq")
    check("evil\\x1b[2J\\nname" in run(folder, "ls", "x.seq"), "not escaped")
    run(folder, "unpack", "x.seq", "out")
    check(read_tree(f"{folder}/out") == {"evil\x1b[2J\nname": b"x"}, "the name changed")


def stopped(folder):
    """Killed, interrupted, or out of disk: what was there stays, and after a signal that can be heard nothing is left over."""
    os.mkdir(f"{folder}/in")
    block = random.Random(1).randbytes(1 << 20)
    for i in range(60):
        open(f"{folder}/in/{i:02}", "wb").write(block)
    run(folder, "pack", "in", "whole.seq", "-q")
    for words, target in ((["pack", "in", "x.seq", "--force", "--codec", "deflate"], "x.seq"), (["unpack", "whole.seq", "out", "--force"], "out/keep")):
        for send in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            for path in ("x.seq", "out/keep"):
                os.makedirs(os.path.dirname(f"{folder}/{path}"), exist_ok=True)
                open(f"{folder}/{path}", "w").write("old")
            process = subprocess.Popen([PROGRAM, *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            where = folder if words[0] == "pack" else f"{folder}/out"
            deadline = time.monotonic() + 60
            while process.poll() is None and not [n for n in os.listdir(where) if ".tinderbox-" in n] and time.monotonic() < deadline:
                time.sleep(0.001)
            process.send_signal(send)
            process.communicate()
            if process.returncode == 0:
                continue  # it was quicker
            check(open(f"{folder}/{target}").read() == "old", f"{words} {send}: what was there is gone")
            left = [n for n in os.listdir(where) if ".tinderbox-" in n]
            check(not left or send == signal.SIGKILL, f"{words} {send}: {left} is left over")
            for name in left:
                path = os.path.join(where, name)
                shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)

    def little_disk():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (5 << 20, 5 << 20))

    text = run(folder, "pack", "in", "x.seq", "--force", expect=2, preexec_fn=little_disk)
    check("TINDERBOX_WRITE_FAILED" in text and open(f"{folder}/x.seq").read() == "old", text)


def memory(folder):
    """Neither many files nor a large one need memory, whatever the codec."""
    os.mkdir(f"{folder}/in")
    with open(f"{folder}/in/large", "wb") as file:
        file.truncate(300 << 20)
    for i in range(2000):
        open(f"{folder}/in/{i}", "wb").write(b"%d" % i * 500)
    for codec, kind in (("none", "none"), ("zstd", "record"), ("snappy", "block")):
        for words in (["pack", "in", "x.seq", "--codec", codec, "--compression", kind, "--force"], ["ls", "x.seq", "--verify"],
                      ["unpack", "x.seq", "out", "--force"]):
            # Its own memory; pages of the files that it maps are not.
            limit = lambda: resource.setrlimit(resource.RLIMIT_DATA, (200 << 20, 200 << 20))
            done = subprocess.run([PROGRAM, *words, *(["-q"] if words[0] != "ls" else [])], cwd=folder, stdout=subprocess.DEVNULL, preexec_fn=limit)
            check(done.returncode == 0, f"{words} needs more than 200 MB")


TESTS = [kinds, splits, command_lines, damage, terminals, stopped, memory]


def main():
    failed = 0
    for test in TESTS:
        if sys.argv[2:] and test.__name__ not in sys.argv[2:]:
            continue
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="tinderbox-seqfile-") as folder:
            try:
                test(os.path.realpath(folder))
                print(f"ok      {test.__name__} {time.monotonic() - began:.1f} s", flush=True)
            except Exception as error:
                failed += 1
                print(f"FAILED  {test.__name__}: {type(error).__name__}: {error}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
