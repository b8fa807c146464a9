"""Who may use the page, asked over HTTP."""

from __future__ import annotations

import re
from functools import partial

import httpx
import pytest

from tests.watch.recorded import PATIENCE_SECONDS, Recorded

get, post = partial(httpx.get, timeout=PATIENCE_SECONDS), partial(httpx.post, timeout=PATIENCE_SECONDS)


def token_of(address: str) -> str:
    found = re.search(r'data-token="([^"]+)"', get(address).text)
    assert found
    return found[1]


@pytest.mark.parametrize(
    "host", ["shop.example.com", "127.0.0.1.example.com:8080", "localhost.:80", "10.0.0.7:8080", ""]
)
def test_a_name_that_somebody_made_to_lead_here_is_refused(address: str, recorded: Recorded, host: str) -> None:
    for path in ("", "/frames", "/resources", "/static/platform.js"):
        assert get(address + path, headers={"Host": host}).status_code == 421
    told = {"Host": host, "X-Platform-Token": token_of(address)}
    assert post(f"{address}/do/curate", headers=told, json={}).status_code == 421
    assert recorded.pressed == []


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "localhost", "[::1]:8080"])
def test_a_loopback_name_is_let_in(address: str, host: str) -> None:
    assert get(address, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("token", [None, "", "guessed", "é"])
def test_a_button_without_the_pages_token_does_nothing(address: str, recorded: Recorded, token: str | None) -> None:
    headers = {} if token is None else {"X-Platform-Token": token.encode()}
    answer = post(f"{address}/do/stop", headers=headers, json={"name": "writer"})  # type: ignore[arg-type]  # bytes too
    assert answer.status_code == 403
    assert answer.json() == {"is_done": False, "text": "This page is of an earlier start: load it again."}
    assert recorded.pressed == []


def test_a_button_is_pressed_with_the_pages_token(address: str, recorded: Recorded) -> None:
    headers = {"X-Platform-Token": token_of(address)}
    answer = post(f"{address}/do/stop", headers=headers, json={"name": "writer"})
    assert (answer.status_code, answer.json()) == (200, {"is_done": True, "text": "stop: writer."})
    assert recorded.pressed == [("stop", "writer")]


@pytest.mark.parametrize(
    ("action", "body", "status"),
    [("nothing", "{}", 404), ("stop", "[]", 400), ("stop", "{", 400), ("stop", '{"name": 1}', 404),
     ("stop", " " * 5000, 413)],
)  # fmt: skip
def test_what_no_button_sends_is_refused_in_one_sentence(
    address: str, recorded: Recorded, action: str, body: str, status: int
) -> None:
    answer = post(f"{address}/do/{action}", headers={"X-Platform-Token": token_of(address)}, content=body)
    assert answer.status_code == status
    assert answer.json()["text"].endswith(".")
    assert recorded.pressed == []


def test_every_answer_keeps_scripts_and_frames_of_others_away(address: str) -> None:
    for path in ("", "/resources", "/static/platform.css", "/nowhere"):
        headers = get(address + path).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; connect-src 'self'")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_what_a_resource_is_called_is_text_and_never_markup(address: str, recorded: Recorded) -> None:
    recorded.name = "<script>alert(1)</script>"
    page = get(address).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
