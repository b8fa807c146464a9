"""An AWS endpoint of a test's own on this machine: it keeps what it was asked, and answers as the test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass(frozen=True)
class Request:
    """What a client has sent."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What it gets."""

    body: bytes = b"{}"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait: Callable[[], object] | None = None
    """Called before each byte of the body, which is sent by itself then."""


@dataclass
class Endpoint:
    """Where it listens, and what it was asked so far."""

    url: str
    requests: list[Request] = field(default_factory=list)


@contextmanager
def endpoint(answer: Callable[[Request], Answer]) -> Iterator[Endpoint]:
    """Serve until the block ends; `answer` may take its time, and is called in a thread for each connection."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            request = Request(self.path, dict(self.headers), self.rfile.read(length))
            there.requests.append(request)
            given = answer(request)
            try:
                self.send_response(given.status)
                for name, value in (given.headers | {"Content-Length": str(len(given.body))}).items():
                    self.send_header(name, value)
                self.end_headers()
                size = 1 if given.wait else max(1, len(given.body))
                for start in range(0, len(given.body), size):
                    if given.wait:
                        given.wait()
                    self.wfile.write(given.body[start : start + size])
                    self.wfile.flush()
                self.wfile.flush()
            except ConnectionError:
                # Whoever asked has not waited.
                self.close_connection = True

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    there = Endpoint(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield there
    finally:
        server.shutdown()
        server.server_close()
