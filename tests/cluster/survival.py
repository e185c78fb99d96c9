"""A job that shuffles survives the kill of a worker with its executors, and of the master."""

import os
import pathlib
import signal
import tempfile
import time

from chaos import ANSWER, JOB, executors
from common import kill_and_wait, wait


def run(cluster):
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "job.py"
        script.write_text(JOB)
        job = cluster.start_job(script, options=("--conf", "spark.task.maxFailures=50"))
        wait("the job has executors", lambda: job.poll() is not None or len(executors(cluster)) == 2)
        time.sleep(1)
        os.kill(executors(cluster)[0], signal.SIGKILL)
        kill_and_wait(cluster, "worker-2")
        kill_and_wait(cluster, "master")
        assert job.poll() is None, "the job ended before it could be disturbed"
        out, err = job.communicate(timeout=300)
        assert job.returncode == 0 and ANSWER in out, f"{out}\n{err[-5000:]}"
    wait("both workers are registered", lambda: cluster.alive_workers() == 2)
