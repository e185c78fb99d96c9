#!/usr/bin/env python3
"""SequenceFiles written and read by Hadoop's own classes, from the jars of Apache Spark.

    hadoop.py record            writes tests/seqfile/hadoop/*.seq again, which the unit tests read
    hadoop.py check PROGRAM     what PROGRAM packs, Hadoop and Spark read; what they write, PROGRAM unpacks

Spark is that of SPARK_HOME, or what `tinderbox up` installed into the cache. Skipped (exit code 77) without it or Java.
"""

import glob
import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
HERE = os.path.dirname(os.path.abspath(__file__))
CODECS = {"none": None, "deflate": "DefaultCodec", "gzip": "GzipCodec", "bzip2": "BZip2Codec", "snappy": "SnappyCodec",
          "lz4": "Lz4Codec"}  # ZStandardCodec needs Hadoop's native library
FILES = [("a/hello.txt", b"hello\n" * 30), ("empty", b""), ("ü/ß", bytes(range(256)))]


def start_spark():
    cache = os.environ.get("TINDERBOX_CACHE") or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "tinderbox")
    home = os.environ.get("SPARK_HOME") or max(glob.glob(os.path.join(cache, "dist", "pyspark-*", "python")), default="").removesuffix("/python")
    if not home or not shutil.which("java"):
        print("skipped: there is no Apache Spark (tinderbox up installs it) or no Java")
        sys.exit(SKIPPED)
    os.environ |= {"SPARK_HOME": home, "PYSPARK_PYTHON": sys.executable}
    sys.path[:0] = [os.path.join(home, "python"), *glob.glob(os.path.join(home, "python", "lib", "py4j-*.zip"))]
    from pyspark import SparkConf, SparkContext

    conf = SparkConf().setMaster("local[2]").setAppName("sequencefiles").set("spark.ui.enabled", "false")
    conf.set("spark.driver.bindAddress", "127.0.0.1").set("spark.driver.host", "127.0.0.1")
    spark = SparkContext(conf=conf)
    spark.setLogLevel("OFF")
    return spark


class Hadoop:
    """The classes of org.apache.hadoop.io, through py4j."""

    def __init__(self, spark):
        self.gateway = spark._gateway
        self.jvm = spark._jvm
        self.io = self.jvm.org.apache.hadoop.io
        self.conf = self.jvm.org.apache.hadoop.conf.Configuration()
        # Without the checksum files of Hadoop's local file system.
        self.local = self.jvm.org.apache.hadoop.fs.FileSystem.getLocal(self.conf).getRaw()

    def java_class(self, name):
        return self.jvm.java.lang.Class.forName("org.apache.hadoop.io." + name)

    def codec(self, name):
        if name is None:
            return None
        return self.jvm.org.apache.hadoop.util.ReflectionUtils.newInstance(self.java_class("compress." + name), self.conf)

    def write(self, path, codec, compression, records, key="Text", value="BytesWritable", metadata=None):
        kinds = self.java_class("SequenceFile$CompressionType").getEnumConstants()
        kind = next(kind for kind in kinds if kind.toString() == compression)
        pairs = getattr(self.io, "SequenceFile$Metadata")()
        for name, text in (metadata or {}).items():
            pairs.set(self.io.Text(name), self.io.Text(text))
        writer = self.io.SequenceFile.createWriter(
            self.local, self.conf, self.jvm.org.apache.hadoop.fs.Path(path), self.java_class(key), self.java_class(value), 65536, 1,
            32 << 20, kind, self.codec(codec), None, pairs)
        for name, content in records:
            writer.append(self.writable(key, name), self.writable(value, content))
        writer.close()

    def writable(self, name, value):
        if name == "NullWritable":
            return self.io.NullWritable.get()
        return getattr(self.io, name)(bytearray(value) if name == "BytesWritable" else value)

    def read(self, path):
        """[(name, content)] and the metadata."""
        reader_class = getattr(self.io, "SequenceFile$Reader")
        option = reader_class.file(self.jvm.org.apache.hadoop.fs.Path("file://" + path))
        array = self.gateway.new_array(getattr(self.io, "SequenceFile$Reader$Option"), 1)
        array[0] = option
        reader = reader_class(self.conf, array)
        key, value, out = self.io.Text(), self.io.BytesWritable(), []
        while reader.next(key, value):
            out.append((key.toString(), bytes(value.copyBytes())))
        metadata = {entry.getKey().toString(): entry.getValue().toString() for entry in reader.getMetadata().getMetadata().entrySet()}
        reader.close()
        return out, metadata


def record(spark):
    hadoop = Hadoop(spark)
    folder = os.path.join(HERE, "hadoop")
    os.makedirs(folder, exist_ok=True)
    for old in os.listdir(folder):
        os.remove(os.path.join(folder, old))

    def write(name, *words, **options):
        hadoop.write(os.path.join(folder, name + ".seq"), *words, **options)

    for name, codec in CODECS.items():
        for compression in ("RECORD", "BLOCK") if codec else ("NONE",):
            write(f"{name}_{compression.lower()}", codec, compression, FILES, metadata={"written by": "Hadoop", "empty": ""})
    write("deflate_class_block", "DeflateCodec", "BLOCK", FILES)
    # Enough for sync markers between records, and for several blocks.
    many = [(f"file-{i:03}", b"%03d;" % i * 1500) for i in range(50)]
    write("many_none", None, "NONE", many)
    write("many_deflate_record", "DefaultCodec", "RECORD", many)
    large = [(f"file-{i}", b"%03d;" % i * 100_000) for i in range(6)]
    write("large_deflate_block", "DefaultCodec", "BLOCK", large)
    write("large_snappy_record", "SnappyCodec", "RECORD", large[:2])
    write("large_lz4_record", "Lz4Codec", "RECORD", large[:2])
    write("no_records_none", None, "NONE", [])
    write("no_records_block", "DefaultCodec", "BLOCK", [])
    write("text_text", None, "NONE", [("k", "väl"), ("", "")], value="Text")
    write("text_text_block", "DefaultCodec", "BLOCK", [("k", "väl"), ("", "x" * 300), ("z", "")], value="Text")
    write("int_bytes", None, "NONE", [(-5, b"minus five"), (7, b"")], key="IntWritable")
    write("long_null", None, "NONE", [(-(2**40), None), (2**62, None)], key="LongWritable", value="NullWritable")
    write("null_bytes", None, "NONE", [(None, b"one"), (None, b"two")], key="NullWritable")
    write("double_key", None, "NONE", [(1.5, b"x")], key="DoubleWritable")


def random_files(random_):
    files = {}
    for i in range(random_.randrange(1, 40)):
        name = "/".join(random_.choice(["a", "ü", "file name", "日本", "x" * 100]) for _ in range(random_.randrange(1, 4))) + f"/{i}"
        size = random_.choice([0, 1, 3, 127, 128, 4000, 65536, 300_000, 1_500_000])
        files[name] = random_.randbytes(size) if i % 2 else (b"%d " % i * size)[:size]
    return files


def write_tree(folder, files):
    for name, content in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)


def read_tree(folder):
    return {os.path.relpath(os.path.join(parent, name), folder): open(os.path.join(parent, name), "rb").read()
            for parent, _, names in os.walk(folder) for name in names}


def digests(rows):
    return sorted((name, len(content), hashlib.sha256(content).hexdigest()) for name, content in rows)


def check(spark, program):
    hadoop = Hadoop(spark)
    random_ = random.Random(4)
    checked = 0
    for codec, java in CODECS.items():
        for compression in ("record", "block") if java else ("none",):
            files = random_files(random_)
            with tempfile.TemporaryDirectory(prefix="tinderbox-hadoop-") as folder:
                write_tree(os.path.join(folder, "in"), files)
                ours, theirs = os.path.join(folder, "ours.seq"), os.path.join(folder, "theirs.seq")
                subprocess.run([program, "pack", "in", ours, "--codec", codec, "--compression", compression, "--quiet"], cwd=folder,
                               check=True)
                rows, metadata = hadoop.read(ours)
                assert digests(rows) == digests(files.items()), f"Hadoop reads something else: {codec} {compression}"
                assert metadata["tinderbox.files"] == str(len(files)), metadata
                pairs = spark.sequenceFile("file://" + ours, minSplits=4).collect()
                assert digests((k, bytes(v)) for k, v in pairs) == digests(files.items()), f"Spark: {codec} {compression}"
                hadoop.write(theirs, java, compression.upper(), files.items())
                subprocess.run([program, "unpack", theirs, "out", "--quiet"], cwd=folder, check=True)
                assert digests(read_tree(os.path.join(folder, "out")).items()) == digests(files.items()), f"ours: {codec} {compression}"
                checked += 1
                print(f"{codec:<8} {compression:<7} {len(files)} files, {sum(map(len, files.values()))} bytes", flush=True)
    print(f"{checked} kinds of files read by both sides")


def main():
    words = sys.argv[1:]
    if words[:1] not in (["record"], ["check"]) or len(words) != {"record": 1, "check": 2}[words[0]]:
        sys.exit(__doc__)
    spark = start_spark()
    try:
        if words[0] == "record":
            record(spark)
        else:
            check(spark, os.path.abspath(words[1]))
    finally:
        spark.stop()


if __name__ == "__main__":
    main()
