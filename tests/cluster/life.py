"""What the supervisor does on a running cluster of two workers: takeover, killed services, scaling; and what commands refuse."""

import json
import os
import signal
import socket

from common import kill_and_wait, timed, wait


def run(cluster):
    pids = {service["name"]: service["pid"] for service in cluster.status()["services"]}
    timed("up again", lambda: cluster.run("up", "--workers", "2"))
    assert pids == {service["name"]: service["pid"] for service in cluster.status()["services"]}

    supervisor = int((cluster.home() / "supervisor.pid").read_text())
    os.kill(supervisor, signal.SIGKILL)
    wait("the supervisor is gone", lambda: cluster.status()["state"] == "not supervised", 10)
    assert cluster.alive_workers() == 2, "the cluster lives on"
    timed("taken over", lambda: cluster.run("up", "--workers", "2"))
    assert pids == {service["name"]: service["pid"] for service in cluster.status()["services"]}

    before = cluster.run("events").count("backing off")
    for name in ("worker-1", "gateway", "master"):
        kill_and_wait(cluster, name)
    wait("both workers are registered", lambda: cluster.alive_workers() == 2)
    assert cluster.run("events").count("backing off") == before + 3

    timed("scale to 3", lambda: cluster.run("scale", "worker=3"))
    assert cluster.alive_workers() == 3
    timed("scale to 1", lambda: cluster.run("scale", "1"))
    assert [s["name"] for s in cluster.status()["services"] if s["name"].startswith("worker")] == ["worker-1"]
    timed("scale to 2", lambda: cluster.run("scale", "2"))
    assert "exactly one master" in cluster.run("scale", "master=2", expect=2)
    assert "--force" in cluster.run("scale", "worker=0", expect=2)

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = cluster.run("up", "--name", "other", "--set", f"ports.master={port}", expect=5)
        assert f"pid {os.getpid()}" in text and "is free" in text, text
    other = json.loads(cluster.run("up", "--name", "other", "--dry-run"))
    mine = {port for service in cluster.status()["services"] for port in service["ports"].values()}
    assert not mine & {port for service in other for port in service["ports"].values()}, "two clusters share a port"
    assert "Did you mean worker-1" in cluster.run("why", "worker-11", expect=6)
    assert "worker-1 is ready" in cluster.run("why", "worker-1")
    assert "Registering worker" in cluster.run("logs", "master", "--grep", "Registering worker")
