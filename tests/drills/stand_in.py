"""An HTTP server in place of a service of AWS that the local one lacks; what it answers is its user's word."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextmanager
def answering(media_type: str, answer: Callable[[Message, str], tuple[int, str]]) -> Iterator[str]:
    """The URL at which each request's headers and body get a status and a text of this type."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self) -> None:
            status, text = answer(self.headers, self.rfile.read(int(self.headers["Content-Length"])).decode())
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def answering_json(answer: Callable[[str, Any], Any]) -> AbstractContextManager[str]:
    """The same for a service that speaks JSON: each action with its arguments gets what AWS would tell."""

    def written(headers: Message, body: str) -> tuple[int, str]:
        return 200, json.dumps(answer(headers["X-Amz-Target"].rpartition(".")[2], json.loads(body)))

    return answering("application/x-amz-json-1.1", written)
