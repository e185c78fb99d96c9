"""Chromium without a window, driven over its own protocol through two pipes."""

import base64
import json
import os
import pathlib
import selectors
import shutil
import subprocess
import tempfile
import time


class Page:
    """What one page was, once nothing was loading any more."""

    def __init__(self):
        self.errors = []  # of the console, of scripts, of requests
        self.requests = []  # addresses of everything that was asked for
        self.links = []
        self.title = self.text = ""


class Browser:
    def __init__(self):
        program = shutil.which("chromium") or shutil.which("google-chrome")
        assert program, "there is no Chromium: ./dev setup installs it"
        self.folder = tempfile.mkdtemp(prefix="tinderbox-browser-")
        to_browser, self.out = os.pipe()
        self.into, from_browser = os.pipe()
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{to_browser} 4>&{from_browser}', "browser", program, "--headless=new", "--no-sandbox",
             "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--no-proxy-server", "--window-size=1400,1000",
             "--remote-debugging-pipe", f"--user-data-dir={self.folder}", "about:blank"],
            pass_fds=(to_browser, from_browser), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
            env={**os.environ, "HOME": self.folder})
        os.close(to_browser)
        os.close(from_browser)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.into, selectors.EVENT_READ)
        self.buffer = b""
        self.number = 0
        self.events = []
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.out)
        os.close(self.into)
        shutil.rmtree(self.folder, ignore_errors=True)

    def receive(self, seconds):
        """The next message, or None when none comes in time."""
        end = time.monotonic() + seconds
        while b"\0" not in self.buffer:
            if not self.selector.select(max(0, end - time.monotonic())):
                return None
            got = os.read(self.into, 1 << 20)
            assert got, "Chromium ended"
            self.buffer += got
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive(60)
            assert answer is not None, f"Chromium does not answer {method}"
            if answer.get("id") == self.number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self.events.append(answer)

    def evaluate(self, expression):
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def open(self, address, seconds=60):
        """Goes there, and waits until it is loaded and no request is under way. None when it is a file to be saved."""
        page, pending, loaded = Page(), set(), False
        self.events.clear()
        if self.call("Page.navigate", url=address).get("errorText") == "net::ERR_ABORTED":
            return None
        end = time.monotonic() + seconds
        while True:
            event = self.events.pop(0) if self.events else self.receive(0.3)
            if event is None:
                if loaded and not pending:
                    break
                assert time.monotonic() < end, f"{address} is still loading: {pending}"
                continue
            method, facts = event.get("method"), event.get("params", {})
            if method == "Page.loadEventFired":
                loaded = True
            elif method == "Network.requestWillBeSent":
                pending.add(facts["requestId"])
                page.requests.append(facts["request"]["url"])
            elif method == "Network.responseReceived" and facts["response"]["status"] >= 400:
                page.errors.append(f"{facts['response']['url']}: {facts['response']['status']}")
            elif method == "Network.loadingFinished":
                pending.discard(facts["requestId"])
            elif method == "Network.loadingFailed":
                pending.discard(facts["requestId"])
                if not facts.get("canceled"):
                    page.errors.append(f"{address}: {facts.get('errorText')}")
            elif method == "Runtime.exceptionThrown":
                page.errors.append(f"{address}: {json.dumps(facts['exceptionDetails'])[:500]}")
            elif method == "Runtime.consoleAPICalled" and facts["type"] in ("error", "assert"):
                page.errors.append(f"{address}: {json.dumps(facts['args'])[:500]}")
            elif method == "Log.entryAdded" and facts["entry"]["level"] == "error":
                page.errors.append(f"{facts['entry'].get('url', address)}: {facts['entry']['text']}")
        page.title = self.evaluate("document.title")
        page.text = self.evaluate("document.body ? document.body.innerText : ''")
        page.links = self.evaluate("[...document.querySelectorAll('a[href]')].map(a => a.href)")
        return page

    def screenshot(self, file):
        pathlib.Path(file).write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))
