"""What holds for every request: headers, cookies, limits, and where it may come from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.requests import Request

from retail.storefront.middleware import MAX_BODY
from retail.storefront.sessions import ForgedError, Sessions
from tests.storefront.conftest import World

EVERYWHERE = ("/api/products", "/api/cart", "/api/no-such-path", "/healthz", "/readyz", "/", "/no-such-page")


@pytest.mark.parametrize("path", EVERYWHERE)
def test_every_answer_has_the_security_headers(visitor: TestClient, path: str) -> None:
    headers = visitor.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["strict-transport-security"].startswith("max-age=63072000")
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


def test_an_answer_to_what_nobody_thought_of_has_them_too(
    app: FastAPI, visitor: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("a secret of ours")

    monkeypatch.setattr(app.state.shop.catalogue, "categories", fail)
    answer = visitor.get("/api/categories")
    assert answer.status_code == 500
    assert "content-security-policy" in answer.headers
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(customer: TestClient) -> None:
    cookie = customer.get("/api/cart").headers["set-cookie"]
    assert cookie.startswith("session=")
    attributes = cookie.split("; ")[1:]
    assert {"HttpOnly", "SameSite=Lax", "Secure", "Path=/"} <= set(attributes)


def test_the_cookie_is_set_once(customer: TestClient) -> None:
    assert "set-cookie" in customer.get("/api/cart").headers
    assert "set-cookie" not in customer.get("/api/cart").headers


def test_a_session_is_issued_anew_once_a_week_and_is_still_the_same(world: World, customer: TestClient) -> None:
    sku = world.product()
    customer.put(f"/api/cart/{sku}", json={"quantity": 1})
    session = customer.cookies["session"]
    first = customer.get("/api/cart", headers={"Cookie": f"session={session}"}).headers.get_list("set-cookie")
    assert [cookie.split("; ")[0] for cookie in first] == [f"session={session}", "session_fresh=yes"]
    assert ["Max-Age=15552000" in first[0], "Max-Age=604800" in first[1]] == [True, True], "180 days and seven"
    assert "set-cookie" not in customer.get("/api/cart").headers, "while the browser still has the second"
    customer.cookies.delete("session_fresh")
    after_a_week = customer.get("/api/cart")
    assert [item["sku"] for item in after_a_week.json()["items"]] == [sku]
    assert "set-cookie" in after_a_week.headers


def test_what_is_the_same_for_everybody_sets_no_cookie(customer: TestClient) -> None:
    for path in ("/api/products", "/api/categories", "/api/openapi.json", "/healthz", "/readyz"):
        assert "set-cookie" not in customer.get(path).headers


def test_over_plain_http_the_cookie_comes_back_too(visitor: TestClient) -> None:
    plain = TestClient(visitor.app, base_url="http://localhost:8080")
    plain.portal = visitor.portal
    assert "Secure" not in plain.get("/api/cart").headers["set-cookie"]
    assert "set-cookie" not in plain.get("/api/cart").headers


def test_a_cookie_that_was_changed_is_nobodys(customer: TestClient, stranger: TestClient) -> None:
    customer.get("/api/cart")
    value = customer.cookies["session"]
    payload, signature = value.rsplit(".", 1)
    for forged in (f"{payload}.{signature[::-1]}", f"x{value}", payload, "", "a.b.c", '"'):
        stranger.cookies.clear()
        answer = stranger.get("/api/cart", headers={"Cookie": f"session={forged}"})
        assert answer.status_code == 200
        assert "set-cookie" in answer.headers, "it is somebody new"


@pytest.mark.parametrize("other", ['consent={"a": 1}', "a b=c", ";; bare", "name=M\xfcller", 'open="'])
def test_whatever_another_site_of_the_domain_keeps_in_a_cookie_a_shopper_stays_the_same(
    customer: TestClient, stranger: TestClient, other: str
) -> None:
    customer.get("/api/cart")
    session = f"session={customer.cookies['session']}; session_fresh=yes"
    for cookies in (f"{other}; {session}", f"{session}; {other}"):
        answer = stranger.get("/api/cart", headers=[(b"cookie", cookies.encode("latin-1"))])
        assert "set-cookie" not in answer.headers, cookies
        stranger.cookies.clear()


def test_a_cookie_signed_by_another_password_is_nobodys() -> None:
    cookie, _ = Sessions("old password").cookies(Sessions("old password").new(), is_secure=True)
    assert Sessions("old password").read(cookie)
    assert Sessions("new password").read(cookie) is None


def test_staff_are_logged_out_after_twelve_hours() -> None:
    moment = datetime(2026, 11, 22, 10, tzinfo=UTC)
    sessions = Sessions("password", lambda: moment)
    request = cast(Request, SimpleNamespace(state=SimpleNamespace(session=sessions.new())))
    sessions.log_in(request, "ada")
    cookie, _ = sessions.cookies(sessions.of(request), is_secure=True)
    for hours, staff in ((11, "ada"), (13, None)):
        moment = datetime(2026, 11, 22, 10, tzinfo=UTC) + timedelta(hours=hours)
        session = sessions.read(cookie)
        assert session
        assert session.staff == staff


def test_a_form_is_only_taken_with_its_sessions_token() -> None:
    sessions = Sessions("password")
    request = cast(Request, SimpleNamespace(state=SimpleNamespace(session=sessions.new())))
    sessions.check(request, sessions.of(request).csrf_token)
    for token in ("", "ä", sessions.new().csrf_token):
        with pytest.raises(ForgedError):
            sessions.check(request, token)
    before = sessions.of(request).csrf_token
    sessions.log_in(request, "ada")
    with pytest.raises(ForgedError):
        sessions.check(request, before)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_changes_nothing(customer: TestClient, site: str) -> None:
    customer.get("/api/cart")
    assert customer.delete("/api/cart", headers={"Sec-Fetch-Site": site}).status_code == 403
    assert customer.get("/api/cart", headers={"Sec-Fetch-Site": site}).status_code == 200
    assert customer.delete("/api/cart", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 204


def test_a_body_is_taken_up_to_its_limit(world: World, customer: TestClient) -> None:
    headers = {"Idempotency-Key": str(uuid4()), "Content-Type": "application/json"}
    small, large = (b" " * (size - 2) + b"{}" for size in (MAX_BODY, MAX_BODY + 1))
    assert customer.post("/api/orders", content=small, headers=headers).status_code == 422
    assert customer.post("/api/orders", content=large, headers=headers).status_code == 413
    assert customer.post("/api/orders", content=b"{}", headers=headers | {"Content-Length": "-1"}).status_code == 413


def test_a_body_that_does_not_say_how_long_it_is_has_the_same_limit(customer: TestClient) -> None:
    def parts() -> Any:
        for _ in range(MAX_BODY // 1000 + 1):
            yield b" " * 1000

    answer = customer.post("/api/orders", content=parts(), headers={"Idempotency-Key": str(uuid4())})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
