"""A real browser for tests: Chromium, driven through chromedriver by the W3C WebDriver protocol, with no library."""

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars"),
    *("--disable-component-update", "--disable-sync", "--no-first-run", "--disable-dev-shm-usage"),
)


def missing() -> str | None:
    """What is not installed, or None."""
    if shutil.which("chromedriver") is None:
        return "chromedriver"
    return None if any(map(shutil.which, BROWSERS)) else "chromium"


class Browser:
    """One window.

    Args:
        width: of the page, in CSS pixels.
        height: likewise.
        dark: whether the system prefers dark.
    """

    def __init__(self, width: int, height: int, *, dark: bool = False) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._server = subprocess.Popen(
            ["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._address = f"http://127.0.0.1:{port}"
        try:
            self._wait()
            options = {
                "binary": next(filter(None, map(shutil.which, BROWSERS))),
                "args": [*FLAGS, *(["--force-dark-mode"] if dark else [])],
            }
            capabilities = {"alwaysMatch": {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}
            self._session = "/session/" + self._post("/session", {"capabilities": capabilities})["sessionId"]
        except BaseException:
            self._server.kill()
            raise
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.command("Emulation.setDeviceMetricsOverride", metrics)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.command("Emulation.setEmulatedMedia", {"features": scheme})

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._send("DELETE", self._session)
        finally:
            self._server.terminate()
            self._server.wait(10)

    def open(self, address: str) -> None:
        self._post(self._session + "/url", {"url": address})

    def run(self, script: str, *arguments: object):
        """What a script returns."""
        return self._post(self._session + "/execute/sync", {"script": script, "args": list(arguments)})

    def command(self, name: str, parameters: dict):
        """One command of the Chrome DevTools protocol."""
        return self._post(self._session + "/goog/cdp/execute", {"cmd": name, "params": parameters})

    def mouse(self, *steps: dict) -> None:
        """Pointer steps of the protocol: pointerMove (with x, y of the window), pointerDown, pointerUp."""
        actions = [{"duration": 0} | step if step["type"] == "pointerMove" else {"button": 0} | step for step in steps]
        rounded = [{k: round(v) if k in "xy" else v for k, v in step.items()} for step in actions]
        pointer = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": rounded}
        self._post(self._session + "/actions", {"actions": [pointer]})

    def click(self, x: float, y: float) -> None:
        self.mouse({"type": "pointerMove", "x": x, "y": y}, {"type": "pointerDown"}, {"type": "pointerUp"})

    def keys(self, *keys: str) -> None:
        """Press and release keys, by WebDriver's code points, one after the other."""
        steps = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._post(self._session + "/actions", {"actions": [{"type": "key", "id": "keys", "actions": steps}]})

    def errors(self) -> list[str]:
        """What the page wrote to the console as errors since the last call."""
        entries = self._post(self._session + "/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]

    def picture(self, file: Path) -> None:
        """What the window shows, as a PNG."""
        file.write_bytes(base64.b64decode(self._send("GET", self._session + "/screenshot")))

    def _post(self, path: str, body: dict):
        return self._send("POST", path, body)

    def _send(self, method: str, path: str, body: dict | None = None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self._address + path, data, {"Content-Type": "application/json"}, method=method
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{path}: {json.load(error)['value']['message']}") from None

    def _wait(self) -> None:
        for _ in range(300):
            try:
                if self._send("GET", "/status")["ready"]:
                    return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("chromedriver does not answer")
