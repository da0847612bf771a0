"""A real HTTP server on this machine that answers byte ranges, as object storage does, and can be told to misbehave."""

import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Storage(ThreadingHTTPServer):
    """Serves the files of a folder.

    Attributes:
        asked: (path, first, last) of each range sent; first is None for a whole file.
        ranges: whether ranges are answered; if not, the whole file is sent.
        failures: how many of the next requests for bytes are answered with 503.
    """

    daemon_threads = True

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder, self.asked, self.ranges, self.failures = folder, [], True, 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Storage

    def do_HEAD(self):
        self._answer(body=False)

    def do_GET(self):
        self._answer(body=True)

    def _answer(self, body):
        file = self.server.folder / self.path.partition("?")[0].lstrip("/")
        if not file.is_file():
            return self._send(404, b"", {}, body)
        if body and self.server.failures:
            self.server.failures -= 1
            return self._send(503, b"", {}, body)
        data = file.read_bytes()
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", "")) if self.server.ranges else None
        if not wanted:
            if body:
                self.server.asked.append((self.path, None, None))
            return self._send(200, data, {"Accept-Ranges": "bytes"} if self.server.ranges else {}, body)
        first, last = int(wanted[1]), min(int(wanted[2]), len(data) - 1)
        self.server.asked.append((self.path, first, last))
        return self._send(206, data[first : last + 1], {"Content-Range": f"bytes {first}-{last}/{len(data)}"}, body)

    def _send(self, status, data, headers, body):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, *_):
        pass


@contextmanager
def serve(folder):
    """A running server for a folder."""
    server = Storage(folder)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
