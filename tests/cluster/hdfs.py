"""HDFS of a cluster: what lies in it, Hadoop's own commands, scaling, restarts. Parts of services.py."""

import getpass
import json
import subprocess
import sys

from common import get, timed


def hdfs_url(cluster):
    return "hdfs://" + cluster.address("namenode", "rpc")


def read_hdfs(cluster, path):
    """A file's content, read from a DataNode."""
    status, _, where = get(cluster.address("namenode"), f"/webhdfs/v1{path}?op=OPEN&user.name={getpass.getuser()}")
    assert status == 307, status
    address, _, rest = where.removeprefix("http://").partition("/")
    status, body, _ = get(address, "/" + rest)
    assert status == 200, (status, body)
    return body


def in_hdfs(cluster, path):
    """Bytes of all files of a folder, each read whole."""
    names = json.loads(get(cluster.address("namenode"), f"/webhdfs/v1{path}?op=LISTSTATUS")[1])
    total = 0
    for file in names["FileStatuses"]["FileStatus"]:
        # Of an empty file the NameNode names any DataNode, also one that has gone a moment ago.
        if file["length"] > 0:
            read_hdfs(cluster, f"{path}/{file['pathSuffix']}")
        total += file["length"]
    return total


def all_text_in_hdfs(cluster, path):
    """What every file at or under a folder holds."""
    status, body, _ = get(cluster.address("namenode"), f"/webhdfs/v1{path}?op=LISTSTATUS&user.name={getpass.getuser()}")
    assert status in (200, 404), body
    if status == 404:
        return ""
    text = ""
    for entry in json.loads(body)["FileStatuses"]["FileStatus"]:
        below = f"{path}/{entry['pathSuffix']}"
        text += all_text_in_hdfs(cluster, below) if entry["type"] == "DIRECTORY" else read_hdfs(cluster, below)
    return text


def live_nodes(cluster):
    bean = json.loads(get(cluster.address("namenode"), "/jmx?get=Hadoop:service=NameNode,name=NameNodeInfo::LiveNodes")[1])
    return json.loads(bean["beans"][0]["LiveNodes"])


def check_hadoop_commands(cluster):
    """Hadoop's own commands, as people know them."""
    file = cluster.folder / "put.txt"
    file.write_text("a line\n")
    cluster.run("hdfs", "dfs", "-put", str(file), "/tmp/put.txt")
    done = cluster.call("hdfs", "dfs", "-cat", "/tmp/put.txt")
    assert (done.returncode, done.stdout, done.stderr) == (0, "a line\n", ""), done
    assert cluster.call("hdfs", "dfs", "-test", "-e", "/tmp/none").returncode == 1
    assert cluster.call("hdfs", "dfs", "-rm", "/tmp/put.txt").returncode == 0
    assert "Live datanodes (1)" in cluster.run("hdfs", "dfsadmin", "-report")
    assert "is HEALTHY" in cluster.run("hdfs", "fsck", "/")
    assert "Did you mean dfs" in cluster.run("hdfs", "dsf", expect=2)
    if cluster.call("yarn", "node", "-list").returncode != 0:
        said = cluster.run("yarn", "node", "-list", expect=6)
        assert "has no resourcemanager now. `tinderbox up --with yarn` brings one up." in said, said


def check_never_formatted_over(cluster):
    cluster.run("stop", "namenode")
    data = cluster.home() / "data"
    (data / "namenode").rename(data / "aside")
    code = cluster.call("up", "namenode", "--timeout", "5min").returncode
    assert code in (7, 8), code
    assert "holds the blocks" in cluster.run("why", "namenode"), cluster.run("why", "namenode")
    assert not (data / "namenode").exists()
    (data / "aside").rename(data / "namenode")
    cluster.run("stop", "namenode")
    cluster.run("up", "namenode", "--timeout", "10min")


def check_scaling(cluster, up):
    timed("scale to 2 DataNodes", lambda: cluster.run("scale", "datanode=2", "--timeout", "10min"))
    assert len(live_nodes(cluster)) == 2
    text = cluster.run(*up, expect=3)
    assert "scale datanode=1" in text, text
    # What stands on the second one alone must be on the first afterwards.
    where = f"http://{cluster.address('namenode')}/webhdfs/v1/tmp/more/file?op=CREATE&user.name={getpass.getuser()}"
    out = subprocess.run(["curl", "-sSfL", "-X", "PUT", "-T", sys.executable, where], capture_output=True, text=True)
    assert out.returncode == 0, out.stderr
    size = in_hdfs(cluster, "/tmp/more")
    timed("scale to 1 DataNode", lambda: cluster.run("scale", "datanode=1", "--timeout", "10min"))
    assert in_hdfs(cluster, "/tmp/more") == size and in_hdfs(cluster, "/tmp/numbers") > 100000
    assert "exactly one namenode" in cluster.run("scale", "namenode=2", expect=2)


def check_restarts(cluster, times):
    for number in range(times):
        timed(f"restart {number + 1} of HDFS", lambda: cluster.run("restart", "namenode", "datanode", "--timeout", "10min"))
        assert in_hdfs(cluster, "/tmp/numbers") > 100000
    assert cluster.run("logs", "namenode").count("has been successfully formatted") == 1
