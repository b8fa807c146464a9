from __future__ import annotations

import hashlib
import hmac
import os
import signal
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from retail.local.cache import Cache as LocalCache
from retail.runtime import cache
from retail.runtime.cache import Cache, IamCredentials
from tests.lambdas.conftest import Logs
from tests.lambdas.messages import until


@pytest.fixture
def key() -> str:
    """A key that no other test has."""
    return f"test:{{{time.monotonic_ns()}}}"


def test_what_is_added_is_found_until_its_time_is_over(shop: Cache, key: str) -> None:
    brief = f"{key}:brief"
    assert (shop.add(key, b"value", 60), shop.add(brief, b"value", 1)) == (True, True)
    time.sleep(1.1)
    assert (shop.get(key), shop.get(brief)) == (b"value", None)


def test_what_is_there_is_not_overwritten(shop: Cache, key: str) -> None:
    shop.add(key, b"first", 60)
    assert shop.add(key, b"second", 60) is False
    assert shop.get(key) == b"first"


def test_what_was_read_before_a_change_cannot_be_put_back_after_it(
    shop: Cache, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled = f"{key}:settled"
    for each, seconds in ((key, 60), (settled, 1)):
        monkeypatch.setattr(cache, "SETTLING_SECONDS", seconds)
        shop.add(each, b"old", 60)
        assert shop.drop(each) is True
        assert shop.get(each) is None
    time.sleep(1.1)
    assert shop.add(key, b"read from a reader that lags", 60) is False
    assert shop.add(settled, b"new", 60) is True


def test_keys_of_different_slots_are_dropped_together(shop: Cache, key: str) -> None:
    keys = [f"{key}{{{number}}}" for number in range(20)] + [cache.product_key(f"SKU-{n}") for n in range(20)]
    for each in keys:
        shop.add(each, b"old", 60)
    assert shop.drop(*keys) is True
    assert [shop.get(each) for each in keys] == [None] * 40


def test_keys_tell_every_page_and_query_apart() -> None:
    keys = {
        cache.listing_key(None, 1, 24),
        cache.listing_key("all", 1, 24),
        cache.listing_key("a}:1:{b", 1, 24),
        cache.listing_key("a", 2, 24),
        cache.listing_key("a", 2, 12),
        cache.search_key("tea", 1, 24),
        cache.search_key("tea ", 1, 24),
        cache.product_key("TEA"),
    }
    assert len(keys) == 8


def test_a_cache_that_is_down_is_a_miss_within_the_time_and_is_left_alone_for_a_while(
    shop_cache: LocalCache, key: str, logs: Logs
) -> None:
    now = [0.0]
    login = cache.password(shop_cache.user, shop_cache.password)
    shop = Cache(lambda: cache.connect(shop_cache.host, shop_cache.port, login, seconds=30), clock=lambda: now[0])
    shop.add(key, b"value", 60)
    shop_cache.stop()
    try:
        waits = []
        for _ in range(3):  # the shortest, as the machine may be busy
            now[0] += cache.PAUSE_SECONDS
            began = time.monotonic()
            assert shop.get(key) is None
            waits.append(time.monotonic() - began)
        assert min(waits) <= 0.1
        assert (shop.add(key, b"value", 60), shop.drop(key), shop.delete(key)) == (None, False, False)
        told = [line["message"] for line in logs.lines if line["logger"] == "retail.runtime.cache"]
        assert told == ["the cache did not answer"] * 3
    finally:
        shop_cache.start()
    assert shop.get(key) is None, "it is left alone"
    now[0] += cache.PAUSE_SECONDS
    assert shop.add(key, b"back", 60) is True
    assert shop.get(key) == b"back"


def test_a_cache_that_hangs_is_a_miss_in_little_more_than_its_time(shop_cache: LocalCache, key: str) -> None:
    login = cache.password(shop_cache.user, shop_cache.password)
    now = [0.0]
    shop = Cache(lambda: cache.connect(shop_cache.host, shop_cache.port, login), clock=lambda: now[0])

    def answers() -> bool:
        now[0] += cache.PAUSE_SECONDS
        return shop.add(key, b"value", 60) is not None

    until(answers)  # a busy machine may need more than the time for its first handshake
    front = shop_cache.servers[-1].child
    assert front is not None
    os.kill(front.pid, signal.SIGSTOP)
    try:
        waits = []
        for _ in range(5):  # the shortest, as above
            began = time.monotonic()
            assert shop.get(key) is None
            waits.append(time.monotonic() - began)
            now[0] += cache.PAUSE_SECONDS
        assert min(waits) < 3 * cache.ANSWER_SECONDS
    finally:
        os.kill(front.pid, signal.SIGCONT)


def test_a_certificate_that_nobody_trusts_is_a_miss(
    shop_cache: LocalCache, key: str, monkeypatch: pytest.MonkeyPatch, logs: Logs
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    login = cache.password(shop_cache.user, shop_cache.password)
    shop = Cache(lambda: cache.connect(shop_cache.host, shop_cache.port, login, seconds=30))
    assert shop.get(key) is None
    assert "CERTIFICATE_VERIFY_FAILED" in logs.lines[0]["error"]


def test_the_iam_login_is_a_signed_request_of_this_user_for_this_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "a/session+token",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    user, token = IamCredentials("retail-dev-cache", "retail-dev-shop").get_credentials()
    url = urlsplit(f"http://{token}")
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert (user, url.netloc, url.path) == ("retail-dev-shop", "retail-dev-cache", "/")
    assert query["Action"] == "connect"
    assert query["User"] == "retail-dev-shop"
    assert query["ResourceType"] == "ServerlessCache"
    assert query["X-Amz-Expires"] == "900"
    assert query["X-Amz-Security-Token"] == "a/session+token"
    assert query["X-Amz-Signature"] == _signature(url.query, query)


def _signature(text: str, query: dict[str, str]) -> str:
    """Signature version 4 of the request, from AWS's description of it."""
    parameters = "&".join(sorted(part for part in text.split("&") if not part.startswith("X-Amz-Signature=")))
    canonical = f"GET\n/\n{parameters}\nhost:retail-dev-cache\n\nhost\n{hashlib.sha256(b'').hexdigest()}"
    day = query["X-Amz-Date"][:8]
    scope = f"{day}/eu-west-1/elasticache/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{query['X-Amz-Date']}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    sign: Callable[[bytes, str], bytes] = lambda key, part: hmac.new(key, part.encode(), "sha256").digest()  # noqa: E731
    key = b"AWS4secret"
    for part in scope.split("/"):
        key = sign(key, part)
    return sign(key, to_sign).hex()
