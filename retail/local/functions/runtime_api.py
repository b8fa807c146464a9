"""The Runtime API for one execution environment: where the runtime fetches events and leaves answers.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from typing import Any

from retail.local.processes import HOST

PREFIX = "/2018-06-01/runtime"


@dataclass(frozen=True, slots=True)
class Invocation:
    """What the runtime is given."""

    request_id: str
    function_arn: str
    deadline_ms: int
    event: bytes


@dataclass(frozen=True, slots=True)
class Told:
    """What the environment says: ready, answer, error, init error, or ended."""

    kind: str
    content: Any = None  # an answer's JSON, or an error's errorType and errorMessage
    request_id: str = ""


class RuntimeApi:
    """A server on a free loopback port. `told` holds what the runtime has said, in its order."""

    def __init__(self) -> None:
        self.told: Queue[Told] = Queue()
        self._given: Queue[Invocation | None] = Queue()
        self._server = ThreadingHTTPServer((HOST, 0), _handler(self.told, self._given))
        self._server.daemon_threads = True
        Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="runtime-api", daemon=True
        ).start()

    @property
    def address(self) -> str:
        return f"{HOST}:{self._server.server_port}"

    def give(self, invocation: Invocation) -> None:
        """Hand the runtime its next event."""
        self._given.put(invocation)

    def close(self) -> None:
        """End, and let whoever waits for an event go."""
        self._given.put(None)
        self._server.shutdown()
        self._server.server_close()


def _handler(told: Queue[Told], given: Queue[Invocation | None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # else each header line is a packet that waits for the last one's receipt

        def do_GET(self) -> None:
            if self.path != f"{PREFIX}/invocation/next":
                return self._answer(404, {"errorMessage": self.path})
            told.put(Told("ready"))
            invocation = given.get()
            if invocation is None:
                return self._answer(410, {"errorMessage": "this execution environment has ended"})
            headers = {
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
            }
            self._send(200, invocation.event, headers)

        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or b"null")
            match self.path.removeprefix(PREFIX).strip("/").split("/"):
                case ["init", "error"]:
                    told.put(Told("init error", content))
                case ["invocation", request_id, "response"]:
                    told.put(Told("answer", content, request_id))
                case ["invocation", request_id, "error"]:
                    told.put(Told("error", content, request_id))
                case _:
                    return self._answer(404, {"errorMessage": self.path})
            self._answer(202, {"status": "OK"})

        def _answer(self, status: int, content: dict[str, str]) -> None:
            self._send(status, json.dumps(content).encode(), {})

        def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    return Handler
