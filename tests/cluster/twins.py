"""A second cluster by --name beside the first: both run jobs at the same time, and one goes without the other noticing."""

from common import Cluster, timed


def run(cluster):
    other = Cluster(cluster.program, cluster.folder, "other", cluster.work)
    timed("up other", lambda: other.run(
        "up", "--workers", "1", "--set", "connect.enabled=false", "--set", "history.enabled=false", "--set",
        "gateway.enabled=false"))
    try:
        mine = {port for service in cluster.status()["services"] for port in service["ports"].values()}
        others = {port for service in other.status()["services"] for port in service["ports"].values()}
        assert mine and others and not mine & others, (mine, others)
        pi = f"{cluster.spark_home()}/examples/src/main/python/pi.py"
        jobs = [each.start_job(pi, "2") for each in (cluster, other)]
        for job in jobs:
            out, err = job.communicate(timeout=300)
            assert job.returncode == 0 and "Pi is roughly 3.1" in out, out + err[-3000:]
        names = cluster.run("list")
        assert "default" in names and "other" in names, names
    finally:
        timed("down other", lambda: other.run("down"))
    assert other.status()["state"] == "down"
    assert {service["state"] for service in cluster.status()["services"]} == {"ready"}
