"""A small HTTP server in the storefront's place: it says what it has heard, and answers what it is told to."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Heard:
    """A request as it has arrived; names of headers in lower case, several of a name joined."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Says:
    """An answer to a path."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    after_seconds: float = 0.0
    breaks_off: bool = False
    """Closes the connection instead of answering."""

    stops_after: int | None = None
    """Closes the connection after so many bytes of the body."""


@dataclass
class Origin:
    """What it has heard, but for health checks, and what it answers by path; to others with its name and a number."""

    name: str
    host: str
    port: int = 0
    heard: list[Heard] = field(default_factory=list)
    says: dict[str, Says] = field(default_factory=dict)
    health: int = 200

    def asked(self, path: str) -> list[Heard]:
        """The requests for a path."""
        return [each for each in self.heard if each.target.partition("?")[0] == path]


@contextmanager
def origin(name: str, host: str = "127.0.0.1") -> Iterator[Origin]:
    """Serve on a free port. Two targets of a group need two addresses: the emulator tells them apart by these alone."""
    this = Origin(name, host)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def answer(self) -> None:
            if self.path == "/healthz":
                self.say(Says(this.health, body=b"ok"))
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {key.lower(): ", ".join(self.headers.get_all(key, [])) for key in self.headers}
            this.heard.append(Heard(self.command, self.path, headers, body))
            number = len(this.heard)
            self.say(this.says.get(self.path.partition("?")[0], Says(body=f"{this.name} {number}".encode())))

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

        def say(self, told: Says) -> None:
            time.sleep(told.after_seconds)
            if told.breaks_off:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            self.send_response(told.status)
            for key, value in told.headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(told.body)))
            self.end_headers()
            if self.command != "HEAD" and told.status != 304:
                self.wfile.write(told.body[: told.stops_after])
            if told.stops_after is not None:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((host, 0), Handler) as server:
        server.daemon_threads = True
        this.port = server.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield this
        server.shutdown()
