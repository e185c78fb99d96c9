"""The verbs that need no running cluster: doctor, completion in real shells, cleanup, the help.

usage: alone.py PROGRAM
"""

import json
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

PROGRAM = os.path.abspath(sys.argv[1])


class Machine:
    """The command line with folders of its own."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        bin_folder = self.folder / "bin"
        bin_folder.mkdir()
        (bin_folder / "tinderbox").symlink_to(PROGRAM)
        self.env = {**os.environ, "XDG_STATE_HOME": str(self.folder / "state"), "XDG_CONFIG_HOME": str(self.folder),
                    "TINDERBOX_CACHE": str(self.folder / "cache"), "HOME": str(self.folder), "TERM": "dumb",
                    "PATH": f"{bin_folder}:{os.environ['PATH']}"}
        for name in ("TINDERBOX_NAME", "SPARK_HOME"):
            self.env.pop(name, None)

    def run(self, *words, expect=0, text=""):
        done = subprocess.run([PROGRAM, *words], env=self.env, capture_output=True, text=True, timeout=60, input=text,
                              cwd=self.folder)
        assert done.returncode == expect, f"{words}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return " ".join((done.stdout + done.stderr).split()) if expect else done.stdout

    def make_cluster(self, name):
        """What a cluster that is down leaves behind."""
        home = self.folder / "state/tinderbox/clusters" / name
        for part in ("logs", "work/worker-1/app-1/0", "warehouse/sales", "history"):
            (home / part).mkdir(parents=True)
        (home / "desired.json").write_text('{"cluster": "0123", "services": []}')
        (home / "logs/master.log").write_text("x" * 3000)
        (home / "work/worker-1/app-1/0/stderr").write_text("y" * 5_000_000)
        (home / "warehouse/sales/part.parquet").write_text("z" * 7000)
        return home

    def type(self, shell, setup, text, expect):
        """What a real shell shows when `text` is typed, with a tab at its end pressed twice."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execvpe(shell[0], shell, {**self.env, "PS1": "ready> ", "PROMPT": "ready> "})
        shown = ""

        def read_until(pattern, seconds):
            nonlocal shown
            end = time.monotonic() + seconds
            while not re.search(pattern, shown, re.DOTALL):
                if time.monotonic() > end:
                    raise AssertionError(f"{shell[0]}: {pattern!r} was not shown for {text!r}:\n{shown}")
                if select.select([terminal], [], [], 0.1)[0]:
                    shown += os.read(terminal, 65536).decode(errors="replace")

        try:
            read_until("ready> ", 30)
            os.write(terminal, (setup + "\necho set''up done\n").encode())
            read_until("setup done.*ready> ", 30)
            shown = ""
            os.write(terminal, text.encode() + b"\t\t")
            read_until(expect, 30)
        finally:
            os.write(terminal, b"\x03\x04")
            os.close(terminal)
            os.kill(pid, 9)
            os.waitpid(pid, 0)


def check_doctor(machine):
    report = json.loads(machine.run("doctor", "--json"))
    checks = {check["check"]: check for check in report["checks"]}
    assert {"java", "python", "spark", "memory", "disk", "limits", "ports", "host name", "loopback", "clock"} <= set(checks)
    assert checks["java"]["health"] == "ok" and re.match(r"Java \d+ at /", checks["java"]["detail"]), checks["java"]
    assert all(check["remedy"] for check in report["checks"] if check["health"] == "warn"), report
    for check in checks:
        assert check in machine.run("doctor")
    machine.env["JAVA_HOME"] = "/usr/local/openjdk-17-that-is-not-there"
    assert "fail java" in machine.run("doctor", expect=4)
    del machine.env["JAVA_HOME"]
    jars = machine.folder / "cache/dist/pyspark-4.2.0/jars"
    jars.mkdir(parents=True)
    assert "fail spark" in machine.run("doctor", expect=4)
    archive = machine.folder / "cache/archives/spark-1.jsa"
    archive.parent.mkdir()
    archive.write_text("x")
    foreign = machine.folder / "cache/of-another-program"
    foreign.write_text("kept")
    machine.run("cleanup", "--cache", "--yes")
    assert not jars.exists() and not archive.exists() and foreign.exists()
    assert "is installed from PyPI on first use" in machine.run("doctor")


def check_cleanup(machine):
    assert "nothing to remove" in machine.run("cleanup", "--yes")
    assert "There is no cluster" in machine.run("cleanup", "--name", "none", "--yes", expect=6)
    first, second = machine.make_cluster("default"), machine.make_cluster("other")
    refused = machine.run("cleanup", expect=2, text="y\n")
    assert "no terminal" in refused and "--yes" in refused, refused
    shown = machine.run("cleanup", "--all", "--dry-run")
    for part in ("tables that jobs have saved", "7.0 kB", "5.0 MB", "Cluster other"):
        assert part in shown, (part, shown)
    assert (first / "warehouse/sales/part.parquet").exists(), "--dry-run removes nothing"
    machine.run("cleanup", "--work", "--yes")
    assert not (first / "work/worker-1").exists() and (first / "logs/master.log").exists()
    outside = machine.folder / "outside"
    outside.mkdir()
    (outside / "precious").write_text("kept")
    (first / "work/link").symlink_to(outside)
    removed = json.loads(machine.run("cleanup", "--yes", "--json"))
    assert removed["removed"] and not first.exists() and second.exists()
    assert (outside / "precious").read_text() == "kept", "a link is removed, not what it points to"
    assert "nothing to remove" in machine.run("cleanup", "--yes")
    machine.run("cleanup", "--all", "--yes")
    assert not second.exists()
    assert "needs --yes" in machine.run("cleanup", "--json", expect=2)


def check_advice(machine):
    name = "spark_conf.spark.sql.adaptive.optimizeSkewedJoin.enabled=true"
    done = subprocess.run([PROGRAM, "config", "validate", "--set", name], env=machine.env, capture_output=True, text=True)
    assert done.returncode == 0 and "Did you mean spark.sql.adaptive.skewJoin.enabled?" in " ".join(done.stderr.split()), done
    words = ("check", "--json", "--workers", "1", "--set", "worker.cores=8", "--set", "executor.cores=6")
    notes = [check["detail"] for check in json.loads(machine.run(*words))["checks"] if check["check"] == "advice"]
    assert len(notes) == 2 and "runs 6 tasks at once" in notes[0] and "2 of each worker stay idle" in notes[1], notes


def check_completion(machine):
    machine.make_cluster("first-cluster")
    machine.make_cluster("second-cluster")
    (machine.folder / "data-of-mine.csv").write_text("a\n")
    # The shells as people have them: typed at a terminal.
    shells = {
        "bash": (["bash", "--norc", "--noprofile", "-i"], 'eval "$(tinderbox completion bash)"'),
        "zsh": (["zsh", "-f", "-i"], 'autoload -U compinit; compinit -u -D; eval "$(tinderbox completion zsh)"'),
    }
    for name, (shell, setup) in shells.items():
        if not shutil.which(name):
            print(f"  {name} is not there: its completion was not tried")
            continue
        machine.type(shell, setup, "tinderbox sta", "start.*status")
        machine.type(shell, setup, "tinderbox stat", "status ")
        machine.type(shell, setup, "tinderbox status --wa", "--watch ")
        machine.type(shell, setup, "tinderbox status --name f", "first-cluster")
        machine.type(shell, setup, "tinderbox status --name=f", "--name=first-cluster")
        machine.type(shell, setup, "tinderbox diff data-of", "data-of-mine.csv")
        machine.type(shell, setup, "tinderbox completion ", "bash.*fish.*zsh|bash.*zsh.*fish|fish.*zsh")
    if not shutil.which("fish"):
        print("  fish is not there: its completion was not tried")
        return
    for typed, expect in {"sta": ["start", "status"], "status --wa": ["--watch"],
                          "status --name f": ["first-cluster"], "completion ": ["bash", "fish", "zsh"],
                          "diff data-of": ["data-of-mine.csv"]}.items():
        done = subprocess.run(["fish", "-N", "-c", "tinderbox completion fish | source; complete -C $argv[1]",
                               f"tinderbox {typed}"], env=machine.env, capture_output=True, text=True, cwd=machine.folder)
        words = sorted(line.split("\t")[0] for line in done.stdout.splitlines())
        assert words == expect, (typed, words, done.stderr)


def check_help(machine):
    text = machine.run("help")
    verbs = re.findall(r"^  ([a-z-]+(?:, [a-z-]+)*) {2,}[A-Z]", text, re.MULTILINE)
    assert len(verbs) > 20, text
    for verb in (name for names in verbs for name in names.split(", ")):
        shown = machine.run("help", verb)
        assert "Usage: tinderbox" in shown or verb == "help", shown
        assert verb in ("version", "help") or re.search(r"^(For e|E)xamples?\b", shown, re.MULTILINE), f"{verb}: no example"
        assert verb in ("help", "diffit") or "Did you mean --help?" in machine.run(verb, "--hepl", expect=2), verb
    assert "Did you mean cleanup?" in machine.run("cleanpu", expect=2)
    assert "nothing to build" in machine.run("build", expect=2)


def main():
    with tempfile.TemporaryDirectory(prefix="tinderbox-alone-") as folder:
        machine = Machine(folder)
        check_doctor(machine)
        check_cleanup(machine)
        check_advice(machine)
        check_completion(machine)
        check_help(machine)


if __name__ == "__main__":
    main()
