#!/usr/bin/env python3
"""What the program leaves behind when it is killed, interrupted, starved of disk or of memory: faults.py PROGRAM [NAME…]"""

import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


class Skip(Exception):
    pass


def check(condition, why):
    if not condition:
        raise AssertionError(why)


def table(rows, changed_every=None):
    """id, two numbers, two texts; every `changed_every`-th row has another v."""
    ids = pa.array(range(rows), pa.int64())
    scrambled = pc.bit_wise_and(pc.multiply(pc.add(ids, 12345), 2654435761), 0xFFFFFFFF)
    v = scrambled
    if changed_every:
        marks = pc.equal(pc.subtract(ids, pc.multiply(pc.divide(ids, changed_every), changed_every)), 0)
        v = pc.if_else(marks, pc.add(scrambled, 1), scrambled)
    text = pc.binary_join_element_wise(pc.cast(scrambled, pa.string()), pc.cast(ids, pa.string()), "-some text that takes room-")
    return pa.table({"id": ids, "v": v, "w": pc.cast(scrambled, pa.float64()), "s": text, "t": pc.utf8_reverse(text)})


def write(folder, rows, changed_every=10):
    """l.parquet and r.parquet, in another order, so that nothing can be discarded row against row."""
    left, right = table(rows), table(rows, changed_every)
    pq.write_table(left, os.path.join(folder, "l.parquet"), row_group_size=50_000)
    pq.write_table(right.take(pc.sort_indices(right, [("w", "ascending")])), os.path.join(folder, "r.parquet"), row_group_size=50_000)
    return -(-rows // changed_every)


def start(program, folder, *words):
    return subprocess.Popen([program, "diff", "l.parquet", "r.parquet", "--key", "id", *words], cwd=folder, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, start_new_session=True)


def left_over(folder, *expected):
    return sorted(set(os.listdir(folder)) - {"l.parquet", "r.parquet", "tmp"} - set(expected))


def at_moments(program, folder, send):
    """Stops the program at moments spread over its run and checks each time that nothing half done can be seen."""
    write(folder, 600_000, 3)
    os.mkdir(os.path.join(folder, "tmp"))
    begin = time.monotonic()
    whole = start(program, folder, "--output", "out", "--temp", "tmp", "--quiet")
    check(whole.wait(120) == 1, f"the undisturbed run ends with {whole.returncode}: {whole.stderr.read().decode()}")
    length = time.monotonic() - begin
    shutil.rmtree(os.path.join(folder, "out"))
    stopped = 0
    for part in (0.02, 0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 0.95):
        run = start(program, folder, "--output", "out", "--temp", "tmp", "--quiet")
        time.sleep(length * part)
        run.send_signal(send)
        code = run.wait(60)
        message = run.stderr.read().decode()
        if code == 1:  # it was quicker than the signal
            check(os.path.exists(os.path.join(folder, "out", "_SUCCESS")), "exit 1 without an output")
            shutil.rmtree(os.path.join(folder, "out"))
            continue
        stopped += 1
        yield code, message
        out = os.path.join(folder, "out")
        if send == signal.SIGKILL and os.path.exists(os.path.join(out, "_SUCCESS")):
            shutil.rmtree(out)  # killed after the output was complete
        check(not os.path.exists(out), f"half an output stands there after the signal at {part:.0%}")
    check(stopped >= 3, "the signal always came too late")
    run = start(program, folder, "--output", "out", "--temp", "tmp", "--quiet")  # and what a kill left does not disturb the next
    check(run.wait(120) == 1, f"the run after it fails: {run.stderr.read().decode()}")
    check(len(glob.glob(os.path.join(folder, "out", "part-*"))) > 0, "the run after it wrote nothing")


def kill(program, folder):
    """kill -9 at any moment leaves no output folder, and the next run works."""
    for code, _ in at_moments(program, folder, signal.SIGKILL):
        check(code == -signal.SIGKILL, f"exit {code}")


def interrupt(program, folder):
    """Ctrl-C ends with 130, says so, and leaves nothing at all."""
    for code, message in at_moments(program, folder, signal.SIGINT):
        # before the program can listen for it, the signal itself ends it
        check(code in (130, -signal.SIGINT), f"exit {code} instead of 130: {message}")
        check(left_over(folder) == [], f"left over: {left_over(folder)}")
        check(os.listdir(os.path.join(folder, "tmp")) == [], f"left in the temporary folder: {os.listdir(os.path.join(folder, 'tmp'))}")


def terminate(program, folder):
    """SIGTERM, as a batch system sends it, leaves nothing either."""
    for code, message in at_moments(program, folder, signal.SIGTERM):
        check(code in (130, 143, -signal.SIGTERM), f"exit {code}: {message}")
        check(left_over(folder) == [], f"left over: {left_over(folder)}")


def small_disk(folder, size):
    disk = os.path.join(folder, "disk")
    os.mkdir(disk)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk], capture_output=True)
    if done.returncode != 0:
        os.rmdir(disk)
        raise Skip(f"a file system of {size} cannot be mounted here: {done.stderr.decode().strip()}")
    return disk


def disk_full(program, folder):
    """An output that does not fit: exit 2, the reason, and no _SUCCESS."""
    write(folder, 300_000, 1)
    disk = small_disk(folder, "1m")
    try:
        run = start(program, folder, "--output", "disk/out", "--quiet")
        _, message = run.communicate(timeout=120)
        check(run.returncode == 2, f"exit {run.returncode}: {message.decode()}")
        check("space" in message.decode().lower(), f"the message does not speak of space: {message.decode()}")
        check(os.listdir(disk) == [], f"left over: {os.listdir(disk)}")
    finally:
        subprocess.run(["umount", disk], check=True)


def temp_full(program, folder):
    """Spilling into a full disk: exit 2 and the reason."""
    write(folder, 1_500_000, 10)
    disk = small_disk(folder, "4m")
    try:
        run = start(program, folder, "--memory", "150MB", "--temp", "disk", "--no-discard", "--json", "--limit", "0")
        out, message = run.communicate(timeout=300)
        if run.returncode == 1 and json.loads(out)["changed"] == 150_000:
            raise Skip("the comparison fitted into its memory")
        check(run.returncode == 2, f"exit {run.returncode}: {message.decode()}")
        check(message.strip() != b"", "no message")
    finally:
        subprocess.run(["umount", disk], check=True)


def memory(program, folder):
    """A memory limit far below the data: the same answer, by spilling."""
    rows = 3_000_000
    changed = write(folder, rows, 10)
    os.mkdir(os.path.join(folder, "tmp"))
    answers = []
    for words in (["--memory", "300MB", "--temp", "tmp"], ["--memory", "300MB", "--temp", "tmp", "--no-discard"]):
        run = start(program, folder, "--json", "--limit", "3", *words)
        out, message = run.communicate(timeout=500)
        check(run.returncode == 1, f"exit {run.returncode} with {words}: {message.decode()}")
        document = json.loads(out)
        check((document["equal"], document["changed"]) == (rows - changed, changed), f"{document['equal']} equal, {document['changed']} changed with {words}")
        answers.append({k: document[k] for k in ("equal", "changed", "rows", "changes")})
        check(os.listdir(os.path.join(folder, "tmp")) == [], "spill files are left")
    check(answers[0] == answers[1], "the answers differ in their rows or changes")


def unreadable(program, folder):
    """A file that may not be read is named."""
    if os.geteuid() == 0:
        raise Skip("root may read every file")
    write(folder, 10)
    os.chmod(os.path.join(folder, "r.parquet"), 0)
    run = start(program, folder, "--quiet")
    _, message = run.communicate(timeout=60)
    check(run.returncode == 2 and "r.parquet" in message.decode(), f"exit {run.returncode}: {message.decode()}")


def read_only(program, folder):
    """An output in a folder that cannot be written to."""
    write(folder, 10)
    run = start(program, folder, "--output", "/proc/out", "--quiet")
    _, message = run.communicate(timeout=60)
    check(run.returncode == 2 and "/proc" in message.decode(), f"exit {run.returncode}: {message.decode()}")


def closed_output(program, folder):
    """A reader of standard output that goes away is not an error worth a crash."""
    write(folder, 1000)
    run = start(program, folder, "--json")
    run.stdout.close()
    check(run.wait(60) in (0, 1, 2, 141, -signal.SIGPIPE), f"exit {run.returncode}")


FAULTS = [kill, interrupt, terminate, disk_full, temp_full, memory, unreadable, read_only, closed_output]


def main():
    program = os.path.abspath(sys.argv[1])
    failed = 0
    for fault in FAULTS:
        if len(sys.argv) > 2 and fault.__name__ not in sys.argv[2:]:
            continue
        folder = tempfile.mkdtemp(prefix="tinderbox-fault-")
        begin = time.monotonic()
        try:
            fault(program, folder)
            print(f"ok      {fault.__name__}: {fault.__doc__} ({time.monotonic() - begin:.1f} s)", flush=True)
        except Skip as reason:
            print(f"SKIPPED {fault.__name__}: {reason}", flush=True)
        except (AssertionError, subprocess.TimeoutExpired, json.JSONDecodeError) as error:
            failed += 1
            print(f"FAILED  {fault.__name__}: {fault.__doc__}\n        {error}", flush=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
