"""CloudFront by path: what is kept and for how long, what reaches the storefront, what is added to its answers."""

from __future__ import annotations

import gzip
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.edge.origin import Origin, Says
from tests.edge.world import World, until

BROWSER = {
    "Host": "store.example.com",
    "User-Agent": "Firefox",
    "Cookie": "session=1; theme=dark",
    "Authorization": "Bearer 1",
    "Accept-Encoding": "gzip, deflate, br",
    "Accept-Language": "de",
}


@pytest.mark.parametrize("path", ["/static/shop.css", "/images/mug.webp"])
def test_static_files_and_images_are_asked_for_once(world: World, storefront: Origin, path: str) -> None:
    first, second = world.ask(path), world.ask(path)
    assert (first.cache, second.cache) == ("Miss", "Hit")
    assert first.body == second.body
    assert 0 <= int(second.headers["age"]) <= 60
    assert len(storefront.asked(path)) == 1


@pytest.mark.parametrize("path", ["/", "/account", "/api/products", "/Static/shop.css", "/apis"])
def test_all_other_paths_are_asked_for_each_time(world: World, storefront: Origin, path: str) -> None:
    assert [world.ask(path).cache for _ in range(2)] == ["Miss", "Miss"]
    assert len(storefront.asked(path)) == 2


@pytest.mark.parametrize("path", ["/api/search", "/basket"])
def test_uncached_requests_arrive_with_all_cookies_headers_and_parameters(
    world: World, storefront: Origin, path: str
) -> None:
    world.ask(f"{path}?q=mug&page=2", headers=BROWSER)
    heard = storefront.heard[0]
    assert heard.target == f"{path}?q=mug&page=2"
    assert {name: heard.headers[name.lower()] for name in BROWSER} == {
        **BROWSER,
        "Cookie": heard.headers["cookie"],
    }
    assert heard.headers["cookie"].replace(" ", "") == "session=1;theme=dark"


def test_cached_requests_arrive_without_anything_personal(world: World, storefront: Origin) -> None:
    world.ask("/images/plain.webp?session=1", headers=BROWSER)
    heard = storefront.heard[0]
    assert heard.target == "/images/plain.webp"
    assert not {"cookie", "authorization", "accept-language"} & set(heard.headers)
    assert heard.headers["host"] == "origin.store.example.com"
    assert heard.headers["user-agent"] == "Amazon CloudFront"
    assert heard.headers["accept-encoding"] == "br,gzip"


def test_neither_parameters_nor_cookies_tell_kept_answers_apart(world: World, storefront: Origin) -> None:
    world.ask("/static/same.js?v=1")
    assert world.ask("/static/same.js?v=2", headers={"Cookie": "session=2"}).cache == "Hit"


def test_a_kept_answer_signs_nobody_in(world: World, storefront: Origin) -> None:
    storefront.says["/images/cookie.webp"] = Says(headers={"Set-Cookie": "session=1"}, body=b"x")
    storefront.says["/login"] = Says(headers={"Set-Cookie": "session=1"}, body=b"x")
    assert "set-cookie" not in world.ask("/images/cookie.webp").headers
    assert world.ask("/login").headers["set-cookie"] == "session=1"


@pytest.mark.parametrize("said", ["no-store", "private", "no-cache", "max-age=0"])
def test_what_the_storefront_does_not_let_be_kept_is_not_kept(world: World, storefront: Origin, said: str) -> None:
    path = f"/images/{said}.webp"
    storefront.says[path] = Says(headers={"Cache-Control": said}, body=b"x")
    assert [world.ask(path).cache for _ in range(2)] == ["Miss", "Miss"]


def test_the_storefronts_own_age_limit_counts(world: World, storefront: Origin) -> None:
    storefront.says["/images/brief.webp"] = Says(headers={"Cache-Control": "max-age=1"}, body=b"x")
    until(lambda: world.ask("/images/brief.webp").cache == "Hit")  # a busy machine may come too late, and asks again
    time.sleep(1.1)
    assert world.ask("/images/brief.webp").cache == "Miss"


def test_a_missing_file_is_not_asked_for_again_at_once(world: World, storefront: Origin) -> None:
    storefront.says["/static/gone.js"] = Says(404, body=b"gone")
    answers = [world.ask("/static/gone.js") for _ in range(2)]
    assert [(each.status, each.cache) for each in answers] == [(404, "Error"), (404, "Error")]
    assert len(storefront.asked("/static/gone.js")) == 1


def test_many_who_want_the_same_at_once_cost_the_storefront_one_request(world: World, storefront: Origin) -> None:
    storefront.says["/images/banner.webp"] = Says(body=b"banner", after_seconds=0.5)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(world.ask, ["/images/banner.webp"] * 8))
    assert {(each.status, each.body) for each in answers} == {(200, b"banner")}
    assert len(storefront.asked("/images/banner.webp")) == 1


def test_who_has_the_object_already_is_only_told_so(world: World, storefront: Origin) -> None:
    storefront.says["/static/tagged.js"] = Says(headers={"ETag": '"abc"'}, body=b"let x")
    world.ask("/static/tagged.js")
    again = world.ask("/static/tagged.js", headers={"If-None-Match": '"abc"'})
    assert (again.status, again.body) == (304, b"")
    assert world.ask("/static/tagged.js", headers={"If-None-Match": '"other"'}).body == b"let x"


def test_the_storefronts_own_word_that_nothing_has_changed_is_passed_on(world: World, storefront: Origin) -> None:
    storefront.says["/account"] = Says(304, headers={"ETag": '"1"'}, body=b"what a 200 would have")
    answer = world.ask("/account", headers={"If-None-Match": '"1"'})
    assert (answer.status, answer.headers["etag"], answer.body) == (304, '"1"', b"")
    assert storefront.heard[0].headers["if-none-match"] == '"1"'


def test_a_head_request_gets_the_kept_answer_without_its_body(world: World, storefront: Origin) -> None:
    storefront.says["/static/head.js"] = Says(body=b"12345")
    world.ask("/static/head.js")
    answer = world.ask("/static/head.js", "HEAD")
    assert (answer.status, answer.cache, answer.headers["content-length"], answer.body) == (200, "Hit", "5", b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/static/shop.css", "/images/mug.webp"])
def test_cached_paths_are_for_reading_only(world: World, storefront: Origin, path: str, method: str) -> None:
    assert world.ask(path, method).status == 403
    assert storefront.heard == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"])
def test_the_api_takes_every_method(world: World, storefront: Origin, method: str) -> None:
    assert world.ask("/api/cart", method).status == 200
    assert storefront.heard[0].method == method


def test_text_that_is_kept_is_compressed_for_who_takes_it(world: World, storefront: Origin) -> None:
    text = b"body { color: black }\n" * 200
    storefront.says["/static/long.css"] = Says(headers={"Content-Type": "text/css", "ETag": '"1"'}, body=text)
    packed = world.ask("/static/long.css", headers={"Accept-Encoding": "gzip"})
    assert (packed.headers["content-encoding"], packed.headers["etag"]) == ("gzip", 'W/"1"')
    assert gzip.decompress(packed.body) == text
    assert world.ask("/static/long.css", headers={"Accept-Encoding": "identity"}).body == text


@pytest.mark.parametrize("path", ["/", "/api/products", "/static/secure.js", "/images/secure.webp"])
def test_every_answer_has_the_security_headers(world: World, storefront: Origin, path: str) -> None:
    storefront.says[path] = Says(headers={"X-Frame-Options": "ALLOWALL", "Referrer-Policy": "same-origin"}, body=b"x")
    told = world.ask(path).headers
    assert told["x-content-type-options"] == "nosniff"
    assert told["x-frame-options"] == "DENY"
    assert told["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    assert told["referrer-policy"] == "same-origin"


def test_static_files_stay_in_a_browser_for_a_year_unless_the_storefront_says_otherwise(
    world: World, storefront: Origin
) -> None:
    storefront.says["/static/gone.css"] = Says(404, headers={"Cache-Control": "no-store"}, body=b"x")
    paths = ("/static/year.css", "/static/gone.css", "/")
    told = {path: world.ask(path).headers.get("cache-control") for path in paths}
    assert told == {
        "/static/year.css": "public, max-age=31536000, immutable",
        "/static/gone.css": "no-store",
        "/": None,
    }
