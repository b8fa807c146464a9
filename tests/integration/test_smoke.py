"""What the smoke test makes of a shop's and an origin's answers, each of them a server on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from retail.ops import smoke
from retail.ops.cli import StackError


@contextmanager
def answering(status: int) -> Iterator[str]:
    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/healthz"
        server.shutdown()


def test_a_shop_that_answers_200_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    with answering(200) as url:
        smoke.shop_answers(url, patience=0)
    assert capsys.readouterr().out == f"smoke test: {url} answers 200\n"


def test_a_shop_that_answers_anything_else_fails_with_its_answer() -> None:
    with answering(503) as url, pytest.raises(StackError, match="it answers 503, and 200 is wanted"):
        smoke.shop_answers(url, patience=-1)


def test_an_origin_that_serves_everybody_fails() -> None:
    with answering(200) as url, pytest.raises(StackError, match="without CloudFront and its web ACL"):
        smoke.origin_refuses(url)


@pytest.mark.parametrize("status", [403, 502])
def test_an_origin_that_turns_strangers_away_is_well(status: int, capsys: pytest.CaptureFixture[str]) -> None:
    with answering(status) as url:
        smoke.origin_refuses(url)
    assert f"({status})" in capsys.readouterr().out


def test_an_origin_that_nobody_can_reach_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as held:  # but nobody listens
        held.bind(("127.0.0.1", 0))
        smoke.origin_refuses(f"http://127.0.0.1:{held.getsockname()[1]}/healthz")
    assert "Connection refused" in capsys.readouterr().out


def test_of_a_name_that_does_not_resolve_nothing_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    smoke.test("shop.invalid")
    assert "shop.invalid does not resolve from here" in capsys.readouterr().out
