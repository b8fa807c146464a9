"""Services that refuse: a local endpoint for one of the clients, which answers for AWS or passes on what it lets by."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from retail.local.processes import HOST

Answer = tuple[int, str, bytes]
"""Status, content type and body."""

DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


@contextmanager
def s3_that_refuses() -> Iterator[str]:
    """The URL of an S3 that denies everything."""
    with _endpoint(lambda _headers, _body: (403, "application/xml", DENIED)) as url:
        yield url


@contextmanager
def bus_that_refuses(real: str, refuses: Callable[[dict[str, Any]], bool]) -> Iterator[str]:
    """The URL of an EventBridge that takes only some entries of a PutEvents, and passes those on to the real one."""

    def answer(headers: dict[str, str], body: bytes) -> Answer:
        entries = json.loads(body)["Entries"]
        taken = [entry for entry in entries if not refuses(entry)]
        results = iter(_put(real, headers, taken) if taken else [])
        refused = {"ErrorCode": "InternalFailure", "ErrorMessage": "try again"}
        answers = [next(results) if entry in taken else refused for entry in entries]
        failed = len(entries) - len(taken)
        return 200, "application/x-amz-json-1.1", json.dumps({"Entries": answers, "FailedEntryCount": failed}).encode()

    with _endpoint(answer) as url:
        yield url


def _put(real: str, headers: dict[str, str], entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept = {name: value for name, value in headers.items() if name.lower() not in ("host", "content-length")}
    request = urllib.request.Request(real, data=json.dumps({"Entries": entries}).encode(), headers=kept)
    with urllib.request.urlopen(request, timeout=60) as answer:
        results: list[dict[str, Any]] = json.load(answer)["Entries"]
    return results


@contextmanager
def _endpoint(answer: Callable[[dict[str, str], bytes], Answer]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, kind, content = answer(dict(self.headers), body)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PUT

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
