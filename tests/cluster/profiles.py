"""Every profile from nothing to its seed's own job finished: runs the commands of its page in docs/profiles and compares what
they print, as tests/docs/run_docs.py does, and those of other pages that need a cluster; prints how long each took and how much
memory the cluster's processes had.

usage: profiles.py PROGRAM [NAME...]

A page ends with `tinderbox down`: then no process may be left, no port taken, and no file outside the state folder but what the
page itself says that it leaves.
"""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

from common import Cluster, python

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests" / "docs"))
from run_docs import MARK, matches, parse, strip_blank  # noqa: E402

PAGES = REPOSITORY / "docs" / "profiles"
# Other pages whose commands need a cluster.
OTHERS = {"stores": REPOSITORY / "docs" / "stores.md"}
# What the seeds' variables say would change what the page shows.
SEEDS = ("CMD", "SCHEMA", "DATA", "OUTPUT_PATH", "NUM_OF_WORKERS", "NUM_EXECUTORS", "EXECUTOR_CORES", "EXECUTOR_MEMORY",
         "DRIVER_MEMORY", "SPARK_HOME", "SPARK_CONF_DIR", "SPARK_REMOTE", "MASTER", "NO_COLOR", "COLUMNS", "TINDERBOX_NAME",
         "TINDERBOX_PROFILE")


class Memory(threading.Thread):
    """The most memory that the processes of a cluster had together, looked at every two seconds; shared pages count once."""

    def __init__(self, cluster):
        super().__init__(daemon=True)
        self.cluster, self.most, self.services, self.ended = cluster, 0, 0, threading.Event()

    def run(self):
        while not self.ended.wait(2):
            total = 0
            for pid, _ in self.cluster.marked():
                try:
                    lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                    total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
                except OSError:
                    continue
            self.most = max(self.most, total)


def ports_of(cluster):
    found = {}
    for home in (cluster.folder / "tinderbox" / "clusters").glob("*"):
        desired = json.loads((home / "desired.json").read_text())
        for service in desired["services"]:
            service = service.get("service", service)
            found |= {port: service["name"] for port in service["ports"].values()}
    return found


def shell(cluster, setup, steps, bin_folder):
    """What each step printed, and how long it took."""
    environment = {name: value for name, value in cluster.env.items() if name not in SEEDS}
    environment |= {"PATH": f"{bin_folder}:{environment['PATH']}", "TZ": "UTC", "LC_ALL": "C.UTF-8",
                    "SOURCE": str(REPOSITORY)}
    subprocess.run(["bash", "-euo", "pipefail", "-c", "\n".join(setup)], cwd=cluster.work, env=environment, check=True)
    script = ["exec 2>&1 </dev/null", "status=0"]
    for number, step in enumerate(steps):  # $? of the step before stays visible
        script += [f"printf '{MARK}{number}\\n'", "(exit $status)", step.command, "status=$?"]
    process = subprocess.Popen(["bash", "-c", "\n".join(script)], cwd=cluster.work, env=environment, stdout=subprocess.PIPE)
    printed, begun, ports = [], [], {}
    for line in process.stdout:
        text = line.decode("utf-8", "replace").rstrip("\n")
        rest, mark, _ = text.partition(MARK)  # behind a command whose last line has no end, too
        if rest and mark:
            printed[-1].append(rest)
        if mark:
            begun.append(time.monotonic())
            printed.append([])
            if begun and any(cluster.folder.rglob("desired.json")):
                ports |= ports_of(cluster)
        else:
            printed[-1].append(text)
    process.wait()
    begun.append(time.monotonic())
    return printed, [end - begin for begin, end in zip(begun, begun[1:])], ports


def check_nothing_left(cluster, ports):
    left = cluster.marked()
    for pid, _ in left:
        os.kill(pid, 9)
    assert not left, f"left behind: {left}"
    for port, name in ports.items():
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError as error:
            raise AssertionError(f"port {port} of {name} is still taken: {error}") from error


def check(program, name):
    page = OTHERS.get(name, PAGES / f"{name}.md")
    setup, steps = parse(page.read_text(encoding="utf-8").split("\n"))
    assert steps and "tinderbox down" in {step.command for step in steps}, f"{page} has no commands, or no `tinderbox down`"
    folder, work = tempfile.mkdtemp(prefix="tinderbox-profile-"), tempfile.mkdtemp(prefix="tinderbox-work-")
    bin_folder = tempfile.mkdtemp(prefix="tinderbox-bin-")
    for link in ("tinderbox", "diffit"):
        os.symlink(os.path.abspath(program), os.path.join(bin_folder, link))
    cluster = Cluster(program, folder, "default", work)
    cluster.env["PYSPARK_PYTHON"] = python()
    memory = Memory(cluster)
    memory.start()
    begin = time.monotonic()
    try:
        printed, seconds, ports = shell(cluster, setup or [], steps, bin_folder)
    finally:
        memory.ended.set()
        if cluster.home().exists() and cluster.marked():
            cluster.call("down")
    failed = 0
    for step, lines, took in zip(steps, printed, seconds):
        if took >= 1:
            print(f"  {took:6.1f} s  {step.command.splitlines()[0]}", flush=True)
        lines = strip_blank(lines)
        if not matches(strip_blank(step.expected), lines):
            failed += 1
            print(f"{page}:{step.number + 1}: $ {step.command}\nexpected:")
            print("\n".join("  " + line for line in step.expected))
            print("printed:\n" + "\n".join("  " + line for line in lines) + "\n", flush=True)
    print(f"{name}: {time.monotonic() - begin:.1f} s in all, at most {memory.most / 1024:.0f} MB", flush=True)
    check_nothing_left(cluster, ports)
    if failed or len(printed) != len(steps):
        for log in sorted(cluster.home().glob("logs/*.log")) + sorted(cluster.home().glob("jobs/*/driver.log")):
            print(f"--- {log.relative_to(cluster.home())}\n" + "".join(log.read_text(errors="replace").splitlines(True)[-8:]))
    for path in (folder, work, bin_folder):
        shutil.rmtree(path)
    return failed + len(steps) - len(printed)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    assert shutil.which("java"), "there is no Java: ./dev setup installs it"
    known = sorted(page.stem for page in PAGES.glob("*.md"))
    listed = json.loads(subprocess.run([sys.argv[1], "config", "profiles", "--json"], capture_output=True, check=True).stdout)
    assert known == sorted(one["name"] for one in listed["profiles"]), "each profile has a page"
    names = sys.argv[2:] or known + list(OTHERS)
    assert set(names) <= set(known) | set(OTHERS), f"there are {known + list(OTHERS)}"
    failed = {name: check(sys.argv[1], name) for name in names}
    assert not any(failed.values()), failed


if __name__ == "__main__":
    main()
