"""`tinderbox verify`: scripts run on the embedded engine and on the cluster, and all that they leave is compared."""

import json
import pathlib

from common import python

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "tests" / "verify" / "scripts"
EXAMPLES = ("sales_etl", "sessionise")


def verify(cluster, script, *options, expect=0):
    done = cluster.call("verify", "--on", "cluster", "--python", python(), "--json", *options, str(script), "{out}")
    assert done.returncode == expect, f"{script}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout) if expect < 2 else " ".join(done.stderr.split())


def run(cluster):
    scripts = sorted(SCRIPTS.glob("*.py")) + [ROOT / "examples" / f"{name}.py" for name in EXAMPLES]
    for script in scripts:
        if script.stem == "engine_dependent":
            continue
        told = verify(cluster, script)
        outputs = told["outputs"]
        print(f"  {script.stem}: {len(outputs)} outputs and {told['printed']['lines']} lines alike; embedded "
              f"{told['left']['seconds']:.1f} s, cluster {told['right']['seconds']:.1f} s", flush=True)
        assert told["left"]["exit_code"] == 0, told
        assert outputs or told["printed"]["lines"], told
        assert all(output["kind"] == "file" or output["left_rows"] > 0 for output in outputs), told
    different(cluster)
    refused(cluster)


def different(cluster):
    script = SCRIPTS / "engine_dependent.py"
    report = cluster.work / "report"
    told = verify(cluster, script, "--report", str(report), expect=1)
    same = {output["name"]: output["same"] for output in told["outputs"]}
    assert same == {"files/stamped": False, "tables/alike": True, "tables/random": False}, same
    assert not told["printed"]["same"]
    index = (report / "index.html").read_text()
    assert 'href="tables-random.html"' in index and (report / "tables-random.html").exists()
    for page in report.iterdir():
        page.unlink()
    report.rmdir()
    meant = ("--ignore-column", "random,stamp", "--ignore-line", "^[0-9a-f-]{36}$")
    assert verify(cluster, script, *meant)["same"]


def refused(cluster):
    assert "Cannot read" in verify(cluster, "nowhere.py", expect=2)
    assert "regular expression" in verify(cluster, SCRIPTS / "sets.py", "--ignore-line", "(", expect=2)
    left = cluster.call("sql", "--on", "cluster", "--format", "csv", "SHOW DATABASES LIKE 'verify_*'").stdout
    assert "verify_" not in left, left
