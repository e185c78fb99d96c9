"""The C++ API's cases have the answers on the cluster that the embedded engine is held to; and clients of a
Connect server that is killed get the right answer or a typed error, and write once."""

import pathlib
import subprocess
import threading

from chaos import executors
from common import kill_and_wait, python, wait

TESTS = pathlib.Path(__file__).resolve().parents[1]
ROWS, FACTOR = 40_000, 30_000


def run(cluster):
    cases(cluster, f"sc://{cluster.address('connect', 'rpc')}")
    killed(cluster)


def cases(cluster, remote):
    program = pathlib.Path(cluster.program).with_name("api_program")
    done = subprocess.run([python(), str(TESTS / "api" / "run.py"), str(program), "--remote", remote], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-3000:]
    print("  " + done.stdout.strip(), flush=True)


def killed(cluster):
    """A query and a write that run while the server is killed: no wrong answer, and never the rows twice."""
    out = cluster.work / "written-once"
    statements = {
        "query": f"SELECT count(*) AS n, sum(a.id) AS s FROM range(0, {FACTOR}, 1, 40) a CROSS JOIN range(0, {ROWS}) b WHERE a.id + b.id >= 0",
        "write": f"INSERT OVERWRITE DIRECTORY '{out}' USING parquet SELECT id FROM range(0, {ROWS}, 1, 400)",
    }
    answer = f"{FACTOR * ROWS},{sum(range(FACTOR)) * ROWS}"
    ended = {}

    def ask(name):
        ended[name] = cluster.call("sql", "--on", "cluster", "--format", "csv", statements[name])

    threads = [threading.Thread(target=ask, args=(name,)) for name in statements]
    for thread in threads:
        thread.start()
    wait("the server has executors", lambda: len(executors(cluster)) >= 1 and not [t for t in threads if not t.is_alive()])
    kill_and_wait(cluster, "connect")
    for thread in threads:
        thread.join()
    for name, done in ended.items():
        assert done.returncode in (0, 1, 2), f"{name}: {done.returncode}\n{done.stderr}"
        assert done.returncode == 0 or "[" in done.stderr, f"{name}: an error without its condition: {done.stderr}"
        print(f"  {name} beside a kill of the server: {'answered' if done.returncode == 0 else ' '.join(done.stderr.split())[:160]}", flush=True)
    assert ended["query"].returncode != 0 or answer in ended["query"].stdout, ended["query"].stdout
    count = cluster.call("sql", "--on", "cluster", "--format", "csv", f"SELECT count(*), count(DISTINCT id) FROM parquet.`{out}`")
    rows = count.stdout.split()[1:]
    if ended["write"].returncode == 0:
        assert rows == [f"{ROWS},{ROWS}"], (rows, count.stderr)
    else:
        assert not rows or rows in ([f"{ROWS},{ROWS}"], ["0,0"]), rows

