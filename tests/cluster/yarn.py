"""YARN of a cluster: jobs in both modes, its logs, commands and pages, and what is killed comes back. A part of services.py."""

import getpass
import html
import json
import pathlib
import re
import tempfile
import threading
import urllib.parse

import pages
from common import get, kill_and_wait, timed, wait
from hdfs import all_text_in_hdfs


def run_on_yarn(cluster, mode):
    pi = f"{cluster.spark_home()}/examples/src/main/python/pi.py"
    out = cluster.run("submit", "--master", "yarn", "--deploy-mode", mode, "--num-executors", "1", pi, "2")
    assert mode == "cluster" or "Pi is roughly 3.1" in out, out
    applications = json.loads(get(cluster.address("resourcemanager"), "/ws/v1/cluster/apps")[1])["apps"]["app"]
    states = [(app["state"], app["finalStatus"]) for app in applications]
    assert states and all(state == ("FINISHED", "SUCCEEDED") for state in states), states


def crawl(gateway, starts):
    """Follows every link once, those in the scripts of the pages, too; returns the pages seen. None leads away or nowhere."""
    base, todo, seen, wrong = "http://" + gateway, list(starts), set(), []
    while todo:
        path = todo.pop(0)
        key = pages.without_order(path)
        if key in seen or pages.ends_the_job(path):
            continue
        seen.add(key)
        assert len(seen) < 300, seen
        status, body, location = get(gateway, path)
        if location:
            links = [location]
        else:
            links = re.findall(r"""(?:href|src)=\\?["']([^"'\\]+)""", body) if "<html" in body[:600].lower() else []
            if status != 200:
                wrong.append(f"{path}: {status}")
        for link in links:
            address = urllib.parse.urljoin(base + path, html.unescape(link)).split("#")[0]
            if address.startswith(base + "/"):
                todo.append(address.removeprefix(base))
            elif address.startswith(("http:", "https:")):
                wrong.append(f"{path} leads to {address}")
    assert not wrong, "\n".join(wrong)
    print(f"  {len(seen)} pages without an error", flush=True)
    return seen


def check_yarn_pages(cluster):
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "job.py"
        script.write_text(pages.JOB)
        job = cluster.start_job(script, options=("--master", "yarn", "--conf", "spark.executor.instances=1"))
        noise = []
        reader = threading.Thread(target=lambda: noise.extend(job.stderr))
        reader.start()
        try:
            gateway = cluster.address("gateway")

            def running():
                assert job.poll() is None, "".join(noise)[-3000:]
                apps = (json.loads(get(cluster.address("resourcemanager"), "/ws/v1/cluster/apps?states=RUNNING")[1])["apps"] or {})
                ids = [app["id"] for app in apps.get("app", [])]
                return ids and "Cached Partitions" in get(gateway, f"/proxy/{ids[0]}/storage/")[1]
            wait("the job has cached its table", running)
            seen = crawl(gateway, ["/yarn/cluster", "/nodemanager-1/node"])
            for part in ("/yarn/cluster/nodes", "/nodemanager-1/node/containerlogs/", "/proxy/application_", "/stages/stage/"):
                assert any(part in path for path in seen), (part, seen)
        finally:
            script.unlink()
            job.wait(120)
            reader.join(60)
        assert job.returncode == 0, "".join(noise)[-3000:]


def check_yarn(cluster):
    for number, mode in enumerate(("client", "cluster"), 1):
        timed(f"Pi on YARN, {mode} mode", lambda: run_on_yarn(cluster, mode))
        applications = json.loads(get(cluster.address("resourcemanager"), "/ws/v1/cluster/apps")[1])["apps"]["app"]
        assert len(applications) == number, applications
    # What the driver of cluster mode printed is in the logs that YARN gathers in HDFS.
    logs = "/tmp/logs/" + getpass.getuser()
    wait("logs are gathered", lambda: "Pi is roughly 3.1" in all_text_in_hdfs(cluster, logs))
    listed = cluster.run("yarn", "application", "-list", "-appStates", "FINISHED")
    assert len([line for line in listed.splitlines() if line.startswith("application_")]) == 2, listed
    assert "RUNNING" in cluster.run("yarn", "node", "-list")
    check_yarn_pages(cluster)
    kill_and_wait(cluster, "resourcemanager")
    wait("all is ready", lambda: cluster.status()["state"] == "ready")
    kill_and_wait(cluster, "nodemanager-1")
    # Ready means that it takes a container at once.
    node = json.loads(get(cluster.address("nodemanager-1"), "/ws/v1/node/info")[1])["nodeInfo"]
    known = json.loads(get(cluster.address("resourcemanager"), "/ws/v1/cluster/nodes?states=RUNNING")[1])["nodes"]["node"]
    assert [each["lastHealthUpdate"] >= node["nmStartupTime"] for each in known] == [True], (node, known)
