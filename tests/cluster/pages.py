"""Every page behind the one address of the gateway, in Chromium: master, worker, a running application, the history.
Every link is followed once; none leads away from the gateway, and no page has an error."""

import json
import pathlib
import re
import tempfile
import urllib.parse

from browser import Browser
from common import get, wait

# A job that is there to be looked at, as long as its script is there.
JOB = """
import os, time
from pyspark.sql import SparkSession
spark = SparkSession.builder.appName("looked-at").config("spark.sql.shuffle.partitions", "2").getOrCreate()
table = spark.range(0, 100, 1, 2).selectExpr("id % 7 as k").groupBy("k").count().cache()
assert table.count() == 7
while os.path.exists(__file__):
    time.sleep(0.2)
spark.stop()
"""

# Spark's own page of the master's environment, also without a gateway: it loads a module as if it were none.
KNOWN = re.compile(r"^http://[^/]*/environment/: .*Cannot use import statement outside a module")


def ends_the_job(address):
    return "/kill/" in address or "terminate=" in address


def without_order(address):
    """The tables of Spark's pages can be sorted by each of their columns: the same pages again."""
    parts = urllib.parse.urlsplit(address)
    query = [(name, value) for name, value in urllib.parse.parse_qsl(parts.query, keep_blank_values=True)
             if not re.search(r"\.(sort|desc|pageSize|page)$", name)]
    return urllib.parse.urlunsplit((*parts[:3], urllib.parse.urlencode(query), ""))


def follow(browser, gateway, starts, must_see):
    todo, seen, titles, wrong = list(starts), set(), [], []
    while todo:
        address = todo.pop(0)
        key = without_order(address)
        if key in seen:
            continue
        seen.add(key)
        assert len(seen) < 150, seen
        page = browser.open(address)
        if page is None:  # a file
            status, _, _ = get(gateway.removeprefix("http://"), address.removeprefix(gateway))
            if status != 200:
                wrong.append(f"{address}: {status}")
            continue
        titles.append(page.title)
        wrong += [error for error in page.errors if not KNOWN.search(error)]
        wrong += [f"{address} asks for {other}" for other in page.requests
                  if not other.startswith((gateway, "data:", "blob:"))]
        for link in page.links:
            if not link.startswith("http"):
                continue
            if not link.startswith(gateway):
                wrong.append(f"{address} leads to {link}")
            elif not ends_the_job(link):
                todo.append(link)
    assert not wrong, "\n".join(wrong)
    for title in must_see:
        assert any(title in seen_title for seen_title in titles), (title, titles)
    print(f"  {len(seen)} pages without an error", flush=True)


def run(cluster):
    cluster.run_pi()
    wait("the history server shows the job", lambda: "PythonPi" in get(
        cluster.address("history"), "/api/v1/applications")[1], 30)
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "job.py"
        script.write_text(JOB)
        job = cluster.start_job(script)
        browser = Browser()
        try:
            def driver_page():
                applications = json.loads(get(cluster.address("master"), "/json/")[1])["activeapps"]
                found = [a["id"] for a in applications if a["name"] == "looked-at"]
                if not found:
                    assert job.poll() is None, job.stderr.read()
                    return False
                status, page, _ = get(cluster.address("gateway"), f"/proxy/{found[0]}/storage/")
                return status == 200 and "2" in page and "Cached Partitions" in page
            wait("the job has cached its table", driver_page)
            gateway = f"http://{cluster.address('gateway')}"
            follow(browser, gateway, [gateway + "/", gateway + "/history-server/"],
                   ["Spark Master at spark://", "Spark Worker at", "looked-at - Spark Jobs", "looked-at - Executors",
                    "looked-at - Details for Stage", "looked-at - Details for Query", "History Server",
                    "PythonPi - Spark Jobs", "stdout log page"])
        finally:
            browser.close()
            script.unlink()
            _, err = job.communicate(timeout=120)
        assert job.returncode == 0, err[-3000:]
