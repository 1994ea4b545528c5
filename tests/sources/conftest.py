"""A real HTTP server that misbehaves on request, small disks, and the real command line."""

import contextlib
import gzip
import http.server
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest


class Server(http.server.ThreadingHTTPServer):
    """Serves ``data`` at every address; each request takes the next action of ``script`` (then ``"ok"``).

    Actions: ``"ok"``; a number, sent as status; ``("cut", n)``, which breaks the connection after n bytes of
    the body; ``("redirect", address)``; ``("slow", seconds)`` between blocks of 16 kB; ``"hold"``, which
    sends half and waits for ``gate``; ``"silent"``, which waits longer than the client; ``"chunked"``;
    ``("chunked", n)``, which breaks off after n bytes; ``("packed", n)``, a gzip body of which n bytes come
    (None: all); ``("endless", n)``, a body without a length that ends after n bytes; ``("drip", n)``, n bytes
    now and then.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.data = b""
        self.etag: str | None = '"first"'
        self.ranges = self.if_range = True
        self.gate = threading.Event()
        self.script: list = []
        self.requests: list[dict[str, str]] = []
        self.url = f"http://127.0.0.1:{self.server_port}/file.bin"

    @property
    def asked(self) -> list[str | None]:
        """The Range header of every request so far."""
        return [request.get("Range") for request in self.requests]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *arguments) -> None:
        pass

    def do_GET(self) -> None:
        server = self.server
        server.requests.append(dict(self.headers))
        action = server.script.pop(0) if server.script else "ok"
        name, value = action if isinstance(action, tuple) else (action, None)
        if isinstance(name, int):
            self.send_error(name)
        elif name == "redirect":
            self.send_response(302)
            self.send_header("Location", value)
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif name == "silent":
            time.sleep(1)
            self.close_connection = True
        elif name == "chunked":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            half = len(server.data) // 2
            for chunk in (server.data[:half], server.data[half:], b"") if value is None else ():
                self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            if value is not None:
                self.wfile.write(b"%x\r\n%s" % (len(server.data), server.data[:value]))
                self.close_connection = True
        elif name == "packed":
            body = gzip.compress(server.data)
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:value])
            self.close_connection = value is not None
        elif name == "endless":
            self.send_response(200)
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(server.data[:value])
            self.close_connection = True
        else:
            self.send_body(name, value)

    def send_body(self, action: str, value: float | None) -> None:
        data, start = self.server.data, 0
        span = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        condition = self.headers.get("If-Range") if self.server.if_range else None
        if span and self.server.ranges and condition in (None, self.server.etag):
            start = int(span[1])
        if start and start >= len(data):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(data) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        if self.server.etag:
            self.send_header("ETag", self.server.etag)
        self.end_headers()
        body = memoryview(data)[start:]
        if action == "cut":
            self.wfile.write(body[:value])
            self.close_connection = True
        elif action == "hold":
            self.wfile.write(body[: len(body) // 2])
            self.server.gate.wait(30)
            self.wfile.write(body[len(body) // 2 :])
        elif action == "slow":
            with contextlib.suppress(ConnectionError):  # the client is killed on purpose
                for at in range(0, len(body), 2**14):
                    self.wfile.write(body[at : at + 2**14])
                    time.sleep(value)
        else:
            self.wfile.write(body)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def command(*arguments: object) -> list[str]:
    return [str(Path(sys.executable).with_name("groundstate")), "fetch", *map(str, arguments)]


@pytest.fixture
def fetch():
    """Run ``groundstate fetch`` as its own process; ``fetch.start`` only starts it."""

    def run(*arguments: object, user: int | None = None) -> subprocess.CompletedProcess:
        drop = ["setpriv", "--reuid", str(user), "--regid", str(user), "--clear-groups"] if user else []
        return subprocess.run([*drop, *command(*arguments)], capture_output=True, text=True, timeout=60)

    started: list[subprocess.Popen] = []

    def start(*arguments: object) -> subprocess.Popen:
        started.append(subprocess.Popen(command(*arguments), stderr=subprocess.PIPE, text=True, bufsize=1))
        return started[-1]

    run.start = start
    yield run
    for process in started:
        process.kill()
        process.communicate()
