"""The verbs that look into a cluster and work in it: info, shell, exec, status --watch, logs, why, cleanup's refusals."""

import json
import re
import signal
import subprocess

from common import get, wait


def start(cluster, *words):
    """A verb that runs until it is interrupted."""
    return subprocess.Popen([cluster.program, *words], env=cluster.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, cwd=cluster.work)


def interrupted(process):
    """Ends it as Ctrl-C does: without a complaint."""
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and err == "", (process.returncode, err)


def lines_until(process, wanted):
    lines = []
    for line in process.stdout:
        lines.append(line)
        if wanted(line):
            return lines
    raise AssertionError(f"it ended before that came:\n{''.join(lines[-20:])}{process.stderr.read()}")


def check_info(cluster):
    info = json.loads(cluster.run("info", "--json"))
    assert info["state"] == "ready", info
    assert info["endpoints"] == {"master": f"spark://127.0.0.1:{cluster.service('master')['ports']['rpc']}",
                                 "connect": f"sc://127.0.0.1:{cluster.service('connect')['ports']['rpc']}"}, info
    assert info["versions"]["spark"] == "4.2.0" and info["versions"]["scala"].startswith("2.13"), info["versions"]
    urls = dict(line.split("\t") for line in cluster.run("info", "--urls").splitlines())
    assert urls == info["endpoints"] | info["pages"], urls
    for name, page in info["pages"].items():
        address, path = re.fullmatch(r"http://([^/]+)(/.*)", page).groups()
        assert get(address, path)[0] in (200, 302), f"{name}: {page}"
    exported = subprocess.run(["sh", "-c", 'eval "$1"; echo "$SPARK_REMOTE"', "sh", cluster.run("info", "--env")],
                              capture_output=True, text=True, check=True, env={"PATH": cluster.env["PATH"]}).stdout
    assert exported == info["connect"]["SPARK_REMOTE"] + "\n", exported
    for value in info["endpoints"].values():
        assert value in cluster.run("info")
    assert "one of" in cluster.run("info", "--urls", "--json", expect=2)


def check_shell_and_exec(cluster):
    work = cluster.home() / "work"
    script = 'pwd; echo "$MASTER"; command -v spark-submit; echo "$SPARK_CONF_DIR|$SPARK_REMOTE|$TINDERBOX_CLUSTER_ID"; exit 5'
    cluster.env["SHELL"] = "/bin/sh"
    done = cluster.call("shell", "spark-worker-1", text=script)
    master = f"spark://127.0.0.1:{cluster.service('master')['ports']['rpc']}"
    assert done.returncode == 5, done
    assert done.stdout.splitlines() == [str(work / "worker-1"), master, f"{cluster.spark_home()}/bin/spark-submit",
                                        f"{cluster.home()}/conf||"], done.stdout
    done = cluster.call("shell", "connect", text='echo "$SPARK_REMOTE|$MASTER|$SPARK_CONF_DIR"')
    assert done.stdout == f"sc://{cluster.address('connect', 'rpc')}||\n", done

    assert cluster.run("exec", "master", "--", "sh", "-c", "basename $PWD") == "master\n"
    assert cluster.run("exec", "worker-2", "basename", "$PWD") == "$PWD\n", "nothing is read by a shell"
    done = cluster.call("exec", "master", "--", "sh", "-c", "cat; exit 7", text="to be read")
    assert (done.stdout, done.returncode) == ("to be read", 7), done
    assert "There is no program" in cluster.run("exec", "master", "--", "no-such-program", expect=127)
    assert "4.2.0" in cluster.call("exec", "master", "--", "spark-submit", "--version").stderr
    out = cluster.run("exec", "--all", "--", "sh", "-c", "echo one; basename $PWD").splitlines()
    names = [service["name"] for service in cluster.status()["services"]]
    assert sorted(out) == sorted(f"{name:<8} | {word}" for name in names for word in ("one", name)), out
    done = cluster.call("exec", "worker", "--", "sh", "-c", "basename $PWD >&2; test $(basename $PWD) != worker-2 || exit 4")
    assert done.returncode == 4 and sorted(done.stderr.splitlines()) == ["worker-1 | worker-1", "worker-2 | worker-2"], done
    assert "Which command?" in cluster.run("exec", "master", expect=2)
    assert "Did you mean master?" in cluster.run("exec", "mastr", "--", "true", expect=6)
    assert "no service" in cluster.run("shell", "minio", expect=6)


def check_watch(cluster):
    watch = start(cluster, "status", "--watch", "--json", "--interval", "50ms")
    lines_until(watch, lambda line: json.loads(line)["state"] == "ready")
    cluster.run("restart", "gateway")
    seen = lines_until(watch, lambda line: json.loads(line)["state"] == "ready")
    states = {service["state"] for line in seen for service in json.loads(line)["services"] if service["name"] == "gateway"}
    assert len(states) > 1, f"no change was shown: {states}"
    interrupted(watch)


def check_logs(cluster):
    follow = start(cluster, "logs", "worker-1", "-f")
    lines_until(follow, lambda line: "Successfully registered with master" in line)
    cluster.run("restart", "worker-1")
    lines_until(follow, lambda line: "Successfully registered with master" in line)
    interrupted(follow)
    assert "Registering worker" in cluster.run("logs", "spark-master", "--grep", "registering WORKER", "-i")
    assert cluster.run("logs", "master", "--grep", "no such thing at all") == ""
    workers = list((cluster.home() / "logs").glob("worker-*.log"))  # also of those that are gone
    assert len(cluster.run("logs", "worker", "--tail", "1").splitlines()) == len(workers), "one line of each"
    lines = [json.loads(line) for line in cluster.run("logs", "--json").splitlines()]
    times = [line["time"] for line in lines if line["time"]]
    assert times == sorted(times) and {"master", "worker-1", "worker-2", "connect"} <= {line["source"] for line in lines}
    recent = [line for line in lines if line["time"] and line["time"] >= times[-1] - 2000]
    assert len(cluster.run("logs", "--since", "1h").splitlines()) > len(recent)
    assert cluster.run("logs", "--since", "2999-01-01") == ""
    assert "neither a time" in cluster.run("logs", "--since", "yesterday", expect=2)
    assert "no regular expression" in cluster.run("logs", "--grep", "(", expect=2)
    assert "Did you mean worker-1" in cluster.run("logs", "worker-11", expect=6)

    cluster.run_pi()
    application = max(path.name for path in cluster.home().glob("work/worker-*/app-*"))
    out = cluster.run("logs", "--app", application)
    assert re.search(r"^worker-\d/executor-\d+/stderr \| .*CoarseGrainedExecutorBackend", out, re.MULTILINE), out[:1000]
    assert application in cluster.run("logs", "--app", "app-none", expect=6)
    assert "not both" in cluster.run("logs", "master", "--app", application, expect=2)


def run(cluster):
    check_info(cluster)
    check_shell_and_exec(cluster)
    check_watch(cluster)
    check_logs(cluster)
    why = json.loads(cluster.run("why", "worker-1", "--json"))
    assert why["services"][0]["state"] == "ready" and "Nothing is wrong" in why["services"][0]["explanation"], why
    refused = cluster.run("cleanup", "--yes", expect=2)
    assert "runs" in refused and "--force" in refused, refused
    left = json.loads(cluster.run("cleanup", "--all", "--dry-run", "--json"))
    assert not left["removed"] and {"logs of services", "histories of applications"} <= {one["what"] for one in left["what"]}
    wait("two workers", lambda: cluster.alive_workers() == 2)
