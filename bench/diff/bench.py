"""Runs Tinderbox and its peers on the same files and prints one table a case.

    ./dev bench [CASE…] [--variants a,b] [--only tool,…] [--runs N] [--spark] [--memory SIZE]"""

import argparse
import datetime
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = {  # rows, columns, format
    "17": (17, 3, "csv"),
    "csv-1m-10": (1_000_000, 10, "csv"),
    "csv-1m-41": (1_000_000, 41, "csv"),
    "parquet-10m-10": (10_000_000, 10, "parquet"),
}
KEPT = ("changed", "left_only", "right_only")


class Failed(Exception):
    pass


def pins():
    found = {}
    with open(os.path.join(HERE, "..", "peers.txt")) as lines:
        for line in lines:
            if line.strip() and not line.startswith("#"):
                how, name, version = line.split()
                found[name] = (how, version)
    return found


def install(cache, spark):
    """Installs what is missing; returns the reasons for what could not be."""
    wanted, problems = pins(), {}

    def once(name, stamp, words, **options):
        done = os.path.join(cache, "installed", stamp)
        if os.path.exists(done):
            return
        print(f"    installing {name} {wanted[name][1]} …", flush=True)
        try:
            result = subprocess.run(words, capture_output=True, text=True, timeout=1800, **options)
        except (OSError, subprocess.TimeoutExpired) as error:
            problems[name] = str(error).splitlines()[0]
            return
        if result.returncode != 0:
            problems[name] = (result.stderr.strip() or result.stdout.strip()).splitlines()[-1][:160]
            return
        os.makedirs(os.path.dirname(done), exist_ok=True)
        open(done, "w").close()

    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    together = [f"{n}=={v}" for n, (how, v) in wanted.items() if how == "pip"]
    once("datacompy", "python-" + "-".join(together), pip + ["--target", os.path.join(cache, "python")] + together)
    if spark:
        once("pyspark", f"pyspark-{wanted['pyspark'][1]}", pip + ["--target", os.path.join(cache, "spark"), f"pyspark=={wanted['pyspark'][1]}"])
    folder = os.path.join(HERE, "peers", "csv-diff")
    target = dict(os.environ, CARGO_TARGET_DIR=os.path.join(cache, "cargo"))
    once("csv-diff", f"csv-diff-{wanted['csv-diff'][1]}", ["cargo", "build", "--release", "--locked"], cwd=folder, env=target)
    folder = os.path.join(HERE, "peers", "csvdiff")
    binary = os.path.join(cache, "bin", "csvdiff")
    once("csvdiff", f"csvdiff-{wanted['csvdiff'][1]}", ["go", "build", "-o", binary, "github.com/aswinkarthik/csvdiff"], cwd=folder)
    return problems


# --- tools ------------------------------------------------------------------------------------------------------------


class Tool:
    """`command(left, right)` gives the words to run; `read(text)` the counts it found. `formats`: what it takes."""

    def __init__(self, name, command, formats, read=json.loads, environment=None, needs=None, compare=None):
        self.name, self.command, self.formats, self.read = name, command, formats, read
        self.environment = environment or {}
        self.needs = needs
        self.compare = compare or (lambda truth: {k: truth[k] for k in KEPT})


def read_tinderbox(text):
    document = json.loads(text)
    return {"changed": document["changed"], "left_only": document["left"]["only"], "right_only": document["right"]["only"]}


def read_csvdiff(text):
    document = json.loads(text)
    return {"changed": len(document["Modifications"] or []), "left_only": len(document["Deletions"] or []), "right_only": len(document["Additions"] or [])}


def tools(program, cache, options):
    python = {"PYTHONPATH": os.path.join(cache, "python")}
    peer = lambda script: lambda l, r: [sys.executable, os.path.join(HERE, "peers", script), l, r]
    both = ("csv", "parquet")
    ours = [program, "diff", "--key", "id", "--json", "--limit", "20"]
    if options.memory:
        ours += ["--memory", options.memory]
    found = [
        Tool("tinderbox", lambda l, r: ours + [l, r], both, read_tinderbox),
        Tool("csv-diff", lambda l, r: [os.path.join(cache, "cargo", "release", "csv-diff-peer"), l, r], ("csv",), needs="csv-diff"),
        Tool("csvdiff", lambda l, r: [os.path.join(cache, "bin", "csvdiff"), l, r, "--primary-key", "0", "--format", "json"], ("csv",), read_csvdiff, needs="csvdiff"),
        Tool("duckdb", peer("duckdb_sql.py"), both, environment=python, needs="datacompy"),
        Tool("datacompy", peer("datacompy_polars.py"), both, environment=python, needs="datacompy"),
    ]
    if options.exact:
        found.insert(1, Tool("tinderbox exact", lambda l, r: ours + ["--no-discard", l, r], both, read_tinderbox))
    if options.spark:
        home = os.path.join(cache, "spark", "pyspark")
        submit = [os.path.join(home, "bin", "spark-submit"), "--master", "local[*]", "--driver-memory", "8g", "--conf", "spark.ui.enabled=false",
                  "--conf", "spark.sql.shuffle.partitions=8", os.path.join(HERE, "peers", "spark_plan.py")]
        environment = {"SPARK_HOME": home, "PYTHONPATH": os.path.join(cache, "spark"), "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
        last = lambda text: json.loads(text.strip().splitlines()[-1])
        found += [
            Tool("spark join", lambda l, r: submit + ["join", l, r], both, last, environment, "pyspark"),
            Tool("spark diffit", lambda l, r: submit + ["diffit", l, r], both, last, environment, "pyspark",
                 lambda t: {"left_rows": t["changed"] + t["left_only"], "right_rows": t["changed"] + t["right_only"]}),
        ]
    return [t for t in found if not options.only or t.name in options.only.split(",")]


# --- measuring --------------------------------------------------------------------------------------------------------


def measure(tool, left, right, timeout):
    """One run: wall and CPU seconds, peak memory in MB of the child and what it waited for, and its standard output."""
    environment = dict(os.environ, NO_COLOR="1", **tool.environment)
    words = tool.command(left, right)
    if not os.path.exists(words[0]):
        raise Failed("not installed")
    with tempfile.NamedTemporaryFile("r") as result:
        timed = [sys.executable, "-S", os.path.join(os.path.dirname(__file__), "timed.py"), result.name, *words]
        child = subprocess.Popen(timed, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, start_new_session=True)
        try:
            output, message = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
            raise Failed(f"over {timeout} s") from None
        if child.returncode not in (0, 1):
            last = message.decode("utf-8", "replace").strip().splitlines()
            raise Failed((last[-1] if last else f"exit {child.returncode}")[:160])
        took = json.load(result)
    return took["wall"], took["cpu"], took["peak"], output.decode("utf-8", "replace")


def run_tool(tool, left, right, truth, options, runs):
    results, found = [], None
    for _ in range(runs):
        *numbers, output = measure(tool, left, right, options.timeout)
        results.append(numbers)
        found = tool.read(output)
    expected = tool.compare(truth)
    wrong = {k: (expected[k], found.get(k)) for k in expected if found.get(k) != expected[k]}
    wall, cpu, peak = (statistics.median(column) for column in zip(*results))
    return {"wall_s": wall, "cpu_s": cpu, "peak_mb": max(r[2] for r in results), "walls_s": [r[0] for r in results],
            "right": not wrong, "wrong": {k: {"expected": e, "found": f} for k, (e, f) in wrong.items()}}


def prepare(cache, case, variant):
    """LEFT, RIGHT and the truth, made by another process: memory of this one would count as its children's."""
    words = [sys.executable, "-B", os.path.join(HERE, "data.py"), cache, case, variant]
    made = subprocess.run(words, env=dict(os.environ, PYTHONPATH=os.path.join(cache, "python")), stdout=subprocess.PIPE, text=True)
    if made.returncode != 0:
        sys.exit(f"the data of {case} {variant} could not be made")
    return json.loads(made.stdout)


def show(case, variant, left, rows):
    count, columns, fmt = CASES[case]
    print(f"\n{case}, {variant}: {count:,} x {columns} {fmt}, {os.path.getsize(left) / 1e6:.0f} MB a side")
    print(f"  {'':16} {'wall s':>8} {'CPU s':>8} {'peak MB':>8} {'ratio':>7}  answer")
    ours = rows.get("tinderbox", {}).get("wall_s")
    for name, row in rows.items():
        if "failed" in row:
            print(f"  {name:16} {'–':>8} {'–':>8} {'–':>8} {'–':>7}  {row['failed']}")
            continue
        ratio = f"{row['wall_s'] / ours:.2f}" if ours else "–"
        answer = "right" if row["right"] else "WRONG " + ", ".join(f"{k} {w['found']} not {w['expected']}" for k, w in row["wrong"].items())
        print(f"  {name:16} {row['wall_s']:8.3f} {row['cpu_s']:8.2f} {row['peak_mb']:8.0f} {ratio:>7}  {answer}")
    sys.stdout.flush()


def main():
    arguments = argparse.ArgumentParser(prog="./dev bench", description="Measures tinderbox diff and other tools on the same files.")
    arguments.add_argument("program")
    arguments.add_argument("cache")
    arguments.add_argument("cases", nargs="*")
    arguments.add_argument("--variants", default="mostly-equal,1-percent,all-changed,shuffled")
    arguments.add_argument("--only", default="", help="some tools only: tinderbox,duckdb,…")
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--timeout", type=int, default=900)
    arguments.add_argument("--spark", action="store_true", help="with PySpark, a download of 450 MB; needs Java 17")
    arguments.add_argument("--exact", action="store_true", help="also tinderbox --no-discard")
    arguments.add_argument("--memory", default="", help="a memory limit for tinderbox")
    arguments.add_argument("--output", default="", help="the JSON file; default: a new one in the cache")
    options = arguments.parse_args()
    os.makedirs(options.cache, exist_ok=True)
    problems = install(options.cache, options.spark)
    known = " ".join(CASES)
    for case in options.cases:
        if case not in CASES:
            sys.exit(f"no case {case}; there are: {known}")
    results = []
    for case in options.cases or CASES:
        for variant in options.variants.split(","):
            left, right, truth = prepare(options.cache, case, variant)
            for path in (left, right):  # into the page cache, for all alike
                subprocess.run(["cat", path], stdout=subprocess.DEVNULL)
            rows = {}
            for tool in tools(options.program, options.cache, options):
                if left.rsplit(".", 1)[1] not in tool.formats:
                    continue
                try:
                    if tool.needs in problems:
                        raise Failed(f"not installed: {problems[tool.needs]}")
                    runs = options.runs if CASES[case][0] > 1000 else max(options.runs, 10)
                    rows[tool.name] = run_tool(tool, left, right, truth, options, 1 if tool.name.startswith("spark") else runs)
                except (Failed, KeyError, ValueError, IndexError) as error:
                    rows[tool.name] = {"failed": f"failed: {error}"}
            show(case, variant, left, rows)
            results.append({"case": case, "variant": variant, "bytes_a_side": os.path.getsize(left), "truth": truth, "tools": rows})
    now = datetime.datetime.now(datetime.timezone.utc)
    path = options.output or os.path.join(options.cache, "results", now.strftime("diff-%Y%m%dT%H%M%SZ.json"))
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "w") as out:
        machine = {"cpu": cpu_name(), "cores": len(os.sched_getaffinity(0)), "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20, "system": platform.platform()}
        json.dump({"at": now.isoformat(), "machine": machine, "runs": options.runs, "peers": {k: v[1] for k, v in pins().items()}, "results": results}, out, indent=1)
    print(f"\n{os.path.basename(path)} holds every number: {path}")
    wrong = [f"{r['case']} {r['variant']}" for r in results if r["tools"].get("tinderbox", {}).get("right") is not True and "tinderbox" in r["tools"]]
    if wrong:
        sys.exit(f"tinderbox has no right answer for: {', '.join(wrong)}")


def cpu_name():
    with open("/proc/cpuinfo") as lines:
        return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


if __name__ == "__main__":
    main()
