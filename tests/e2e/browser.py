# SPDX-License-Identifier: MIT
"""A page in a real browser, spoken to through the DevTools protocol over two pipes (no port, no library)."""
import json
import os
import select
import subprocess
import time

PATHS = ("/usr/bin/chromium", "/usr/bin/google-chrome", "/usr/bin/chromium-browser")


def installed():
    return next((path for path in PATHS if os.path.exists(path)), None)


class Browser:
    """with Browser(profile) as b: b.open(path); b.ask("document.title"); b.complaints"""

    def __init__(self, profile):
        self.to_read, to_write = os.pipe()
        from_read, self.from_write = os.pipe()
        self.number, self.session, self.complaints, self.waiting, self.loaded = 0, None, [], b"", False

        def arrange():  # commands come on descriptor 3, answers go to 4
            for source, target in ((from_read, 103), (to_write, 104)):
                os.dup2(source, target)
            os.dup2(103, 3)
            os.dup2(104, 4)
            os.close(103)
            os.close(104)
        self.process = subprocess.Popen(
            [installed(), "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=arrange, pass_fds=(3, 4, from_read, to_write))
        os.close(from_read)
        os.close(to_write)

    def __enter__(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Log", "Runtime", "Network"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.to_read)
        os.close(self.from_write)

    def message(self, until):
        while b"\0" not in self.waiting:
            ready, _, _ = select.select([self.to_read], [], [], max(0, until - time.monotonic()))
            if not ready:
                raise TimeoutError("the browser does not answer")
            got = os.read(self.to_read, 1 << 16)
            if not got:
                raise RuntimeError("the browser is gone")
            self.waiting += got
        text, self.waiting = self.waiting.split(b"\0", 1)
        return json.loads(text)

    def note(self, message):
        """What the page complained of: exceptions, violations of its policy, and anything it asked of a network."""
        method, params = message.get("method"), message.get("params", {})
        if method == "Log.entryAdded":
            self.complaints.append(params["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(params["exceptionDetails"])[:500])
        elif method == "Network.requestWillBeSent" and not params["request"]["url"].startswith(("file:", "about:")):
            self.complaints.append("asked for " + params["request"]["url"])
        self.loaded = self.loaded or method == "Page.loadEventFired"

    def call(self, method, **params):
        self.number += 1
        request = {"id": self.number, "method": method, "params": params, **({"sessionId": self.session} if self.session else {})}
        os.write(self.from_write, json.dumps(request).encode() + b"\0")
        until = time.monotonic() + 60
        while True:
            message = self.message(until)
            if message.get("id") == self.number:
                assert "error" not in message, message
                return message["result"]
            self.note(message)

    def open(self, path):
        self.loaded = False
        self.call("Page.navigate", url=f"file://{path}")
        until = time.monotonic() + 60
        while not self.loaded:
            self.note(self.message(until))

    def ask(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def scheme(self, name):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def width(self, pixels):
        self.call("Emulation.setDeviceMetricsOverride", width=pixels, height=900, deviceScaleFactor=1, mobile=False)
