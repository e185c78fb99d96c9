"""A Redis of a test's own: on a free port, in a folder that goes, and stopped at the end."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PASSWORD = "pass/word:of@the test"
IN_URL = "pass%2Fword%3Aof%40the%20test"


class Redis:
    """Use as a context manager; `url` is what TINDERBOX_REDIS_URL takes."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="tinderbox-test-")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"redis://:{IN_URL}@127.0.0.1:{self.port}"
        with open(os.path.join(self.folder, "redis.conf"), "w") as conf:
            conf.write(f'bind 127.0.0.1\nport {self.port}\nrequirepass "{PASSWORD}"\nsave ""\ndir {self.folder}\n')
        self.start()

    def start(self):
        log = open(os.path.join(self.folder, "log"), "ab")
        self.process = subprocess.Popen(["redis-server", os.path.join(self.folder, "redis.conf")], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        end = time.monotonic() + 20
        while not self.answers():
            assert self.process.poll() is None and time.monotonic() < end, open(os.path.join(self.folder, "log")).read()
            time.sleep(0.02)

    def answers(self):
        try:
            return self.run("PING") == "+PONG"
        except OSError:
            return False

    def run(self, *words):
        """What Redis answers, as its protocol has it, to a command whose answer is one line."""
        with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
            stream = connection.makefile("rwb")
            for command in (("AUTH", PASSWORD), words):
                stream.write(f"*{len(command)}\r\n".encode())
                for word in command:
                    stream.write(f"${len(word.encode())}\r\n{word}\r\n".encode())
            stream.flush()
            assert stream.readline() == b"+OK\r\n"
            return stream.readline().decode().strip()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
