"""Runs TPC-H from Parquet files on Tinderbox, DuckDB, real Spark and Sail, side by side, and compares their answers.

    ./dev bench tpch [--scale 1] [--only tinderbox,duckdb,spark,sail] [--queries 1,6] [--runs 3] [--json FILE]"""

import argparse
import datetime
import json
import math
import os
import platform
import signal
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "diff"), os.path.join(HERE, "..", "..", "tests", "tools")]
from bench import cpu_name, pins  # noqa: E402  (of bench/diff)

from server import Server  # noqa: E402

SYSTEMS = ("tinderbox", "duckdb", "sail", "spark")
TITLES = {"tinderbox": "Tinderbox", "duckdb": "DuckDB", "sail": "Sail", "spark": "Spark"}


def pip(cache, folder, *requirements):
    """Installs into a folder of the cache once; the reason when it fails."""
    stamp = os.path.join(cache, "installed", folder + "-" + "-".join(requirements))
    if os.path.exists(stamp):
        return None
    print(f"    installing {' '.join(requirements)} …", flush=True)
    words = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--upgrade", "--target", os.path.join(cache, folder), *requirements]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        return (done.stderr.strip() or "pip failed").splitlines()[-1][:160]
    os.makedirs(os.path.dirname(stamp), exist_ok=True)
    open(stamp, "w").close()
    return None


def make_data(cache, scale):
    """The folder of the tables, made once by tpchgen, which writes what TPC's own dbgen does."""
    folder = os.path.join(cache, "data", f"tpch-sf{scale:g}")
    if not os.path.exists(os.path.join(folder, "complete")):
        print(f"    making TPC-H at scale factor {scale:g} …", flush=True)
        generator = os.path.join(cache, "tpchgen", "bin", "tpchgen-cli")
        subprocess.run([generator, "parquet", "-s", f"{scale:g}", "--output-dir", folder], check=True, stdout=subprocess.DEVNULL)
        open(os.path.join(folder, "complete"), "w").close()
    return folder


def run_system(name, program, data, python, paths, options):
    """The document of system.py, with the peak memory in MB of the process that ran the queries."""
    words = [python, "-B", os.path.join(HERE, "system.py"), name, data, os.path.join(HERE, "queries.sql"), str(options.runs), options.queries]
    server = Server(program) if name == "tinderbox" else None
    environment = dict(os.environ, PYTHONPATH=paths, PYTHONWARNINGS="ignore", PYSPARK_PYTHON=python, SPARK_LOCAL_IP="127.0.0.1")
    environment.pop("SPARK_REMOTE", None)
    environment.pop("SPARK_HOME", None)
    try:
        if server:
            words.append(server.remote)
        child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, start_new_session=True, text=True)
        try:
            output, message = child.communicate(timeout=options.timeout)
        finally:
            try:
                os.killpg(child.pid, signal.SIGKILL)  # Spark's Java outlives its Python
            except ProcessLookupError:
                pass
        if not output:
            return {"failed": (message.strip() or "no output").splitlines()[-1][:200]}
        document = json.loads(output)
        if server:
            document["peak_mb"] = server.status("VmHWM") / 1024
        return document
    except subprocess.TimeoutExpired:
        return {"failed": f"over {options.timeout} s"}
    finally:
        if server:
            server.stop()


def close(left, right):
    """Equal but for what decimals round away: Spark divides decimals to six digits where DuckDB gives a double."""
    if left == right:
        return True
    try:
        return math.isclose(float(left), float(right), rel_tol=1e-5, abs_tol=1e-6)
    except (TypeError, ValueError):
        return False


def same(left, right):
    return len(left) == len(right) and all(len(a) == len(b) and all(map(close, a, b)) for a, b in zip(left, right))


def table(results):
    """{query: {system: best seconds or text}}, and whether all answers agree with DuckDB's (else with the first there)."""
    numbers = sorted({int(n) for r in results.values() for n in r.get("queries", {})})
    rows, wrong = {}, []
    for number in numbers:
        cells = {s: r["queries"].get(number, r["queries"].get(str(number), {})) for s, r in results.items() if "queries" in r}
        truth = next((cells[s]["rows"] for s in ("duckdb", "spark", "sail", "tinderbox") if "rows" in cells.get(s, {})), [])
        rows[number] = {}
        for system, cell in cells.items():
            if "failed" in cell or not cell:
                rows[number][system] = {"failed": cell.get("failed", "not run")}
                continue
            right = same(cell["rows"], truth)
            rows[number][system] = {"seconds": statistics.median(cell["seconds"]), "first": cell["seconds"][0], "right": right}
            if not right:
                wrong.append((number, system))
    return rows, wrong


def show(rows, results, scale):
    systems = [s for s in SYSTEMS if s in results]
    print(f"\nTPC-H, scale factor {scale:g}, Parquet; seconds a query, median")
    print("  query " + "".join(f"{TITLES[s]:>11}" for s in systems))
    totals = {s: 0.0 for s in systems}
    for number, cells in rows.items():
        line = f"  {number:5} "
        for s in systems:
            cell = cells.get(s, {"failed": "not run"})
            if "failed" in cell:
                totals[s] = math.nan
                line += f"{'failed':>11}"
            else:
                totals[s] += cell["seconds"]
                line += f"{cell['seconds']:10.3f}{' ' if cell['right'] else '!'}"
        print(line)
    print("  total " + "".join(f"{totals[s]:10.3f} " for s in systems))
    ours = totals.get("tinderbox")
    if ours:
        print("  ratio " + "".join(f"{totals[s] / ours:10.2f} " for s in systems) + " to Tinderbox")
    for s in systems:
        if "failed" in results[s]:
            print(f"  {TITLES[s]}: {results[s]['failed']}")
    for number, cells in rows.items():
        for s, cell in cells.items():
            if "failed" in cell:
                print(f"  query {number} on {TITLES[s]}: {cell['failed']}")
            elif not cell["right"]:
                print(f"  query {number} on {TITLES[s]}: another answer (!)")
    return totals


def main():
    arguments = argparse.ArgumentParser(prog="./dev bench tpch", description="Measures TPC-H on Tinderbox, DuckDB, Spark and Sail.")
    arguments.add_argument("program")
    arguments.add_argument("cache")
    arguments.add_argument("--scale", type=float, default=1)
    arguments.add_argument("--only", default=",".join(SYSTEMS), help="some systems only")
    arguments.add_argument("--queries", default="", help="some queries only: 1,6")
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--timeout", type=int, default=1800, help="seconds for one system")
    arguments.add_argument("--json", default="", help="the file of all numbers; default: a new one in the cache")
    options = arguments.parse_args()
    names = options.only.split(",")
    for name in names:
        if name not in SYSTEMS:
            sys.exit(f"no system {name}; there are: {' '.join(SYSTEMS)}")
    found = pins()
    pin = lambda name: f"{name}=={found[name][1]}"
    problem = pip(options.cache, "tpchgen", pin("tpchgen-cli"))
    if problem:
        sys.exit(f"the data cannot be made: {problem}")
    python = subprocess.run([os.path.join(HERE, "..", "..", "tests", "tools", "pyspark.sh")], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    data = make_data(options.cache, options.scale)
    needs = {"duckdb": ("tpch-duckdb", pin("duckdb")), "sail": ("sail", pin("pysail")), "spark": ("spark", pin("pyspark"))}
    for path in sorted(os.listdir(data)):  # into the page cache, for all alike
        subprocess.run(["cat", os.path.join(data, path)], stdout=subprocess.DEVNULL)
    results = {}
    for name in names:
        paths = ""
        if name in needs:
            folder, requirement = needs[name]
            problem = None if name == "spark" and os.path.exists(os.path.join(options.cache, "spark", "pyspark")) else pip(options.cache, folder, requirement)
            if problem:
                results[name] = {"failed": f"not installed: {problem}"}
                continue
            paths = os.path.join(options.cache, folder)
        print(f"    {TITLES[name]} …", flush=True)
        results[name] = run_system(name, options.program, data, python, paths, options)
    rows, wrong = table(results)
    totals = show(rows, results, options.scale)
    now = datetime.datetime.now(datetime.timezone.utc)
    path = options.json or os.path.join(options.cache, "results", now.strftime("tpch-%Y%m%dT%H%M%SZ.json"))
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "w") as out:
        machine = {"cpu": cpu_name(), "cores": len(os.sched_getaffinity(0)), "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
                   "load": os.getloadavg(), "system": platform.platform()}
        seconds = {s: {k: v for k, v in r.items() if k != "queries"} for s, r in results.items()}
        json.dump({"at": now.isoformat(), "machine": machine, "scale": options.scale, "runs": options.runs, "systems": seconds, "queries": rows, "totals": totals}, out, indent=1)
    print(f"\n{os.path.basename(path)} holds every number: {path}")
    failed = [n for n, cells in rows.items() if "failed" in cells.get("tinderbox", {})]
    if failed or any(s == "tinderbox" for _, s in wrong) or "failed" in results.get("tinderbox", {}):
        sys.exit("tinderbox has not all answers right")


if __name__ == "__main__":
    main()
