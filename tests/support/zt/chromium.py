"""A headless Chromium under a test's control, over DevTools' pipe: no port, no library, no driver. Ended with the test, by pid."""
import base64
import json
import os
import shutil
import subprocess
import threading
import time
from pathlib import Path

from zt.lab import Failure, Skip, time_factor, wait_for

ANSWER_S = 30
START_S = 60
# Its sandbox needs rights that root and containers lack; it shows pages of ours only, and resolves no names.
FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-breakpad", "--disable-crash-reporter", "--remote-debugging-pipe", "--no-first-run", "--no-default-browser-check", "--disable-gpu", "--disable-dev-shm-usage",
    "--disable-extensions", "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-sync",
    "--disable-background-timer-throttling", "--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows", "--hide-scrollbars",
    "--mute-audio", "--password-store=basic", "--use-mock-keychain", "--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


class Chromium:
    """One browser with one page. `errors` collects what its console, its scripts and its network complained of."""

    def __init__(self, folder):
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        if not program:
            raise Skip("Chromium is not installed: apt-get install chromium")
        self.folder = Path(folder) / "chromium"
        self.folder.mkdir()
        to_browser, self._to = os.pipe()
        self._from, from_browser = os.pipe()
        environment = dict(os.environ, HOME=str(self.folder), XDG_CONFIG_HOME=str(self.folder), XDG_CACHE_HOME=str(self.folder))
        self._log = open(self.folder / "log", "wb")
        # The pipe is descriptors 3 and 4 of the browser.
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", f'exec "$@" 3<&{to_browser} 4>&{from_browser}', "sh", program, *FLAGS, f"--user-data-dir={self.folder / 'profile'}", "about:blank"],
            pass_fds=(to_browser, from_browser), stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, env=environment)
        os.close(to_browser)
        os.close(from_browser)
        self._lock = threading.Condition()
        self._answers, self._number, self._ended = {}, 0, False
        self.errors, self.requests = [], []
        threading.Thread(target=self._read, daemon=True).start()
        self.session = None
        target = self.call("Target.createTarget", url="about:blank", deadline_s=START_S)["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def _read(self):
        rest = b""
        while True:
            piece = os.read(self._from, 1 << 16)
            if not piece:
                break
            *messages, rest = (rest + piece).split(b"\0")
            for message in messages:
                self._take(json.loads(message))
        with self._lock:
            self._ended = True
            self._lock.notify_all()

    def _take(self, message):
        with self._lock:
            if "id" in message:
                self._answers[message["id"]] = message
                self._lock.notify_all()
                return
            method, details = message["method"], message.get("params", {})
            if method == "Runtime.exceptionThrown":
                exception = details["exceptionDetails"]
                self.errors.append(exception.get("exception", {}).get("description") or exception["text"])
            elif method == "Runtime.consoleAPICalled" and details["type"] in ("error", "warning", "assert"):
                self.errors.append("console: " + " ".join(str(arg.get("value", arg.get("description"))) for arg in details["args"]))
            elif method == "Log.entryAdded" and details["entry"]["level"] in ("error", "warning"):
                self.errors.append(f"{details['entry']['text']} {details['entry'].get('url', '')}")
            elif method == "Network.requestWillBeSent":
                self.requests.append(details["request"]["url"])

    def call(self, method, deadline_s=ANSWER_S, **params):
        with self._lock:
            self._number += 1
            number = self._number
        message = {"id": number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        with self._lock:
            if not self._lock.wait_for(lambda: number in self._answers or self._ended, deadline_s * time_factor()):
                raise Failure(f"Chromium did not answer {method}")
            if number not in self._answers:
                raise Failure(f"Chromium has ended:\n{(self.folder / 'log').read_text(errors='replace')[-2000:]}")
            answer = self._answers.pop(number)
        if "error" in answer:
            raise Failure(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def evaluate(self, expression):
        """The value of a JavaScript expression, promises awaited."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise Failure(f"{expression}: {result['exceptionDetails'].get('exception', {}).get('description')}")
        return result["result"].get("value")

    def wait(self, expression, what=None, deadline_s=30):
        """Until the expression is true; returns its value."""
        return wait_for(lambda: self.evaluate(expression), what or expression, deadline_s, pause_s=0.05)

    def open(self, url):
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'", f"the page at {url}")

    def size(self, width, height, dark=False, still=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                                                          {"name": "prefers-reduced-motion", "value": "reduce" if still else "no-preference"}])

    def key(self, key, text=None):
        """One key, as from a keyboard."""
        codes = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        text = text or ("\r" if key == "Enter" else key if len(key) == 1 else None)
        down = {"type": "keyDown" if text else "rawKeyDown", "key": key, "windowsVirtualKeyCode": codes.get(key) or ord(key.upper()[0])}
        self.call("Input.dispatchKeyEvent", **down, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=down["windowsVirtualKeyCode"])

    def screenshot(self, path, whole=True):
        """A PNG; `whole`: of all of the page, not of the window only."""
        picture = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        Path(path).write_bytes(base64.b64decode(picture["data"]))

    def close(self):
        self.session = None
        if self.process.poll() is None:
            try:
                self.call("Browser.close", deadline_s=10)
            except (Failure, OSError):
                pass
        deadline = time.monotonic() + 10
        try:
            self.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for end in (self._to, self._from):
            try:
                os.close(end)
            except OSError:
                pass
        self._log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
