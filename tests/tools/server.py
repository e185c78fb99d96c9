"""A Tinderbox server of a test's own: started on a free port in an empty folder, stopped, nothing left."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time


class Server:
    """Use as a context manager. `remote` is its address, `process` the child; `words` go to `tinderbox server`."""

    def __init__(self, program, *words, port=0):
        self.folder = tempfile.mkdtemp(prefix="tinderbox-test-")
        port_file = os.path.join(self.folder, "port")
        self.log = open(os.path.join(self.folder, "log"), "w+b")
        started = time.monotonic()
        self.process = subprocess.Popen([os.path.abspath(program), "server", "--port", str(port), "--port-file", port_file, *words], cwd=self.folder,
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        # Python functions run in the Python that pickles them.
                                        env={"PYSPARK_PYTHON": sys.executable, **os.environ})
        while not (os.path.exists(port_file) and open(port_file).read().endswith("\n")):
            if self.process.poll() is not None or time.monotonic() - started > 60:
                self.process.kill()
                raise RuntimeError(f"the server did not start: {self.output()}")
            time.sleep(0.01)
        self.start_seconds = time.monotonic() - started
        self.remote = f"sc://127.0.0.1:{open(port_file).read().strip()}"

    def output(self):
        self.log.flush()
        with open(self.log.name, "rb") as file:
            return file.read()[-4000:].decode("utf-8", "replace")

    def alive(self):
        return self.process.poll() is None

    def status(self, key):
        """A number of /proc/PID/status: VmRSS and VmHWM in kB, Threads."""
        with open(f"/proc/{self.process.pid}/status") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith(key + ":"))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def stop(self):
        """The exit code after SIGTERM; 0 when all is well."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
