"""Runs a command and writes what it took, as JSON, to a file: timed.py RESULT COMMAND…

A process of its own, because the kernel counts what the parent held at the fork into the child's peak memory, and the
benchmark itself holds large outputs.
"""

import json
import os
import sys
import time

start = time.monotonic()
child = os.fork()
if child == 0:
    os.execvpe(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
with open(sys.argv[1], "w") as file:
    json.dump({"wall": time.monotonic() - start, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss / 1024}, file)
sys.exit(os.waitstatus_to_exitcode(status) % 256)
