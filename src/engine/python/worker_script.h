#pragma once

namespace tinderbox::engine {

/// What a Python worker runs: PySpark's own worker, task after task, on file descriptor 3.
///
/// The bytes to the worker are those of Spark's protocol. Those from it come in frames: the length of what follows
/// (uint32), and how many bytes the worker had read when it began to wait for more (uint64; all ones when it does not
/// wait), both big-endian. So the other side knows when everything that its input led to has come.
inline constexpr char kWorkerScript[] = R"python(
import io
import os
import select
import socket
import struct
import sys
import threading

FRAME_BYTES = 1 << 20
NOT_WAITING = (1 << 64) - 1
START_FAILED = -100

sock = socket.socket(fileno=3)
received = 0
out = bytearray()


def send(waiting):
    sock.sendall(struct.pack("!IQ", len(out), received if waiting else NOT_WAITING) + out)
    out.clear()


class Input(io.RawIOBase):
    def readable(self):
        return True

    def readinto(self, into):
        global received
        try:
            count = sock.recv_into(into, 0, socket.MSG_DONTWAIT)
        except BlockingIOError:
            send(True)
            count = sock.recv_into(into)
        received += count
        return count


class Output(io.RawIOBase):
    def writable(self):
        return True

    def write(self, data):
        size = len(out)
        out.extend(data)
        size = len(out) - size
        if len(out) >= FRAME_BYTES:
            send(False)
        return size


def coercion(json):
    """What Spark makes of a value that a pickled function returned: NULL where the type is another one."""
    from decimal import ROUND_HALF_UP, Decimal
    from pyspark.sql import types as t

    def wrapped(bits):
        def convert(value):
            if type(value) is not int or not -(1 << 63) <= value < 1 << 63:
                return None
            return (value + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)

        return convert

    def text(value):
        return str(value).lower() if isinstance(value, bool) else str(value)

    def converter(kind):
        if isinstance(kind, t.BooleanType):
            return lambda v: v if isinstance(v, bool) else None
        for integer, bits in ((t.ByteType, 8), (t.ShortType, 16), (t.IntegerType, 32), (t.LongType, 64)):
            if isinstance(kind, integer):
                return wrapped(bits)
        if isinstance(kind, (t.FloatType, t.DoubleType)):
            return lambda v: v if isinstance(v, float) else None
        if isinstance(kind, t.DecimalType):
            unit = Decimal(1).scaleb(-kind.scale)
            return lambda v: v.quantize(unit, ROUND_HALF_UP) if isinstance(v, Decimal) else None
        if isinstance(kind, t.StringType):
            return lambda v: v if isinstance(v, str) else text(v)
        if isinstance(kind, t.BinaryType):
            return lambda v: v.encode() if isinstance(v, str) else v if isinstance(v, (bytes, bytearray)) else None
        if isinstance(kind, t.ArrayType):
            element = nullable(kind.elementType)
            return lambda v: [element(e) for e in v] if isinstance(v, (list, tuple)) else None
        if isinstance(kind, t.MapType):
            key, value = nullable(kind.keyType), nullable(kind.valueType)
            return lambda v: {key(k): value(e) for k, e in v.items()} if isinstance(v, dict) else None
        if isinstance(kind, t.StructType):
            fields = [(field.name, nullable(field.dataType)) for field in kind]

            def struct(v):
                if isinstance(v, dict):
                    return tuple(convert(v.get(name)) for name, convert in fields)
                if isinstance(v, (list, tuple)):
                    return tuple(convert(e) for (_, convert), e in zip(fields, v))
                return v

            return struct
        return lambda v: v

    def nullable(kind):
        convert = converter(kind)
        return lambda v: None if v is None else convert(v)

    return nullable(t._parse_datatype_json_string(json))


def watch():
    poll = select.poll()
    poll.register(sock, select.POLLRDHUP)
    poll.poll()
    os._exit(1)


def serve():
    try:
        import pandas
        import pyarrow
        from pyspark.worker import main
    except ImportError as error:
        text = str(error).encode()
        out.extend(struct.pack("!ii", START_FAILED, len(text)) + text)
        send(False)
        return
    reader = io.BufferedReader(Input(), 65536)
    writer = Output()
    while reader.peek(1):
        try:
            main(reader, writer)
        except SystemExit:
            sys.stdout.flush()
            sys.stderr.flush()
            send(False)
            return


threading.Thread(target=watch, daemon=True).start()
try:
    serve()
finally:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
)python";

}  // namespace tinderbox::engine
