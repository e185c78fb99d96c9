"""Every page behind the one address of the gateway."""

import json

from common import get, wait


def run(cluster):
    cluster.run_pi()
    wait("the history server shows the job", lambda: "PythonPi" in get(
        cluster.address("history"), "/api/v1/applications")[1], 30)
    gateway = cluster.address("gateway")
    status, page, _ = get(gateway, "/")
    assert status == 200 and "Spark Master at spark://" in page, page[:500]
    workers = json.loads(get(gateway, "/json/")[1])["workers"]
    for worker in workers:
        if worker["state"] == "ALIVE":
            status, page, _ = get(gateway, f"/proxy/{worker['id']}/")
            assert status == 200 and "Spark Worker at" in page, (worker, status, page[:500])
    status, page, _ = get(gateway, "/history-server/")
    assert status == 200 and "History Server" in page, (status, page[:500])
    applications = json.loads(get(gateway, "/history-server/api/v1/applications")[1])
    application = next(a for a in applications if a["name"] == "PythonPi")["id"]
    path = f"/history-server/history/{application}/jobs/"
    for _ in range(3):  # the server may first load it and redirect
        status, page, location = get(gateway, path)
        if status != 302:
            break
        path = location if location.startswith("/") else "/" + location.split("/", 3)[3]
    assert status == 200 and "Spark Jobs" in page, (status, path, page[:500])
