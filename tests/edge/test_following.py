"""What is deployed is what is acted out, also when it changes under way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from uuid import uuid4

import pytest

from retail.ops.stacks import INGRESS, INGRESS_WAF
from tests.edge.origin import Origin, Says
from tests.edge.world import Answer, World, until
from tests.emitted import OUT

Change = Callable[[str, Mapping[str, str]], None]

EMITTED = (OUT / "03-ingress.yaml").read_text()


@pytest.fixture
def change(world: World, storefront: Origin) -> Iterator[Change]:
    """Deploy a stack with some of its text replaced; afterwards it is the emitted one again."""
    changed: list[str] = []

    def deploy(title: str, replaced: Mapping[str, str]) -> None:
        text = EMITTED
        for before, after in replaced.items():
            assert before in text
            text = text.replace(before, after)
        changed.append(title)
        world.deploy(title, text)

    yield deploy
    for title in changed:
        world.deploy(title)
    world.followed()


@pytest.fixture
def emitted_after(world: World) -> Iterator[None]:
    """Afterwards the ingress stack has the emitted parameters again."""
    yield
    world.deploy(INGRESS)
    world.followed()


def test_another_path_pattern_moves_what_is_kept(world: World, storefront: Origin, change: Change) -> None:
    change(INGRESS, {"PathPattern: /images/*": "PathPattern: /pict?res/*"})
    until(lambda: world.ask("/pictures/mug.webp").cache == "Hit")
    assert [world.ask("/images/moved.webp").cache for _ in range(2)] == ["Miss", "Miss"]


@pytest.mark.slow
def test_a_parameter_in_the_cache_policy_tells_kept_answers_apart_and_reaches_the_storefront(
    world: World, storefront: Origin, change: Change
) -> None:
    change(INGRESS, {"QueryStringBehavior: none": "QueryStringBehavior: whitelist\n            QueryStrings: [size]"})

    def one_and_two() -> list[Answer]:
        return [world.ask(f"/images/a.webp?size={size}&session=9") for size in (1, 2)]

    until(lambda: len({each.body for each in one_and_two() if each.cache == "Hit"}) == 2)
    assert [each.target for each in storefront.asked("/images/a.webp")][-2:] == [
        "/images/a.webp?size=1",
        "/images/a.webp?size=2",
    ]


def test_another_header_in_the_listeners_rule_closes_the_load_balancer(
    world: World, storefront: Origin, change: Change
) -> None:
    change(INGRESS, {"HttpHeaderName: X-Origin-Verify": "HttpHeaderName: X-Other"})
    until(lambda: world.ask("/api/products").status == 403)
    answer = world.ask("/api/products", port=world.load_balancer_port, headers={"X-Other": world.secret()})
    assert answer.status == 200


@pytest.mark.slow
def test_another_rate_limit_counts_from_then_on(world: World, storefront: Origin, change: Change) -> None:
    change(INGRESS_WAF, {"Limit: 2000": "Limit: 10"})

    def blocked_by() -> str | None:
        return world.ask("/static/limit.js", address="127.0.0.20").headers.get("x-local-blocked-by")

    until(lambda: blocked_by() == "RateLimit")
    assert world.ask("/static/limit.js", address="127.0.0.21").status == 200


RATE = """RateBasedStatement:
            Limit: 2000
            EvaluationWindowSec: 300
            AggregateKeyType: IP
"""
STATEMENTS = """OrStatement:
            Statements:
            - AndStatement:
                Statements:
                - ByteMatchStatement:
                    FieldToMatch: {UriPath: {}}
                    PositionalConstraint: STARTS_WITH
                    SearchString: /admin
                    TextTransformations: [{Priority: 0, Type: URL_DECODE}, {Priority: 1, Type: LOWERCASE}]
                - NotStatement:
                    Statement:
                      ByteMatchStatement:
                        FieldToMatch: {Method: {}}
                        PositionalConstraint: EXACTLY
                        SearchString: HEAD
                        TextTransformations: [{Priority: 0, Type: NONE}]
            - RateBasedStatement:
                Limit: 10
                AggregateKeyType: IP
                ScopeDownStatement:
                  ByteMatchStatement:
                    FieldToMatch: {SingleHeader: {Name: X-Api-Key}}
                    PositionalConstraint: EXACTLY
                    SearchString: robot
                    TextTransformations: [{Priority: 0, Type: NONE}]
"""


@pytest.mark.slow
def test_a_rule_by_path_method_and_header_is_acted_out(world: World, storefront: Origin, change: Change) -> None:
    change(INGRESS_WAF, {RATE: STATEMENTS})
    until(lambda: (world.ask("/%41dmin/stock").status, world.ask("/stock").status) == (403, 200))
    assert world.ask("/ADMIN").headers["x-local-blocked-by"] == "RateLimit"
    assert world.ask("/admin", "HEAD").status == 200
    assert world.ask("/administer").status == 403
    assert world.ask("/stock/admin").status == 200
    robot = [world.ask("/static/r.js", headers={"X-Api-Key": "robot"}).status for _ in range(11)]
    assert robot == [200] * 10 + [403]
    assert world.ask("/static/r.js").status == 200


HEADER = """    - Field: http-header
        HttpHeaderConfig:
          HttpHeaderName: X-Origin-Verify
"""
CONDITIONS = """    - Field: path-pattern
        PathPatternConfig: {Values: ["/api/*"]}
      - Field: host-header
        HostHeaderConfig: {Values: ["*.EXAMPLE.com"]}
      - Field: http-request-method
        HttpRequestMethodConfig: {Values: [PUT]}
      - Field: source-ip
        SourceIpConfig: {Values: [127.0.0.0/30]}
  """


@pytest.mark.slow
def test_a_listener_rule_by_path_host_and_method_is_acted_out(world: World, storefront: Origin, change: Change) -> None:
    change(INGRESS, {HEADER: CONDITIONS + HEADER})

    def status(target: str = "/api/cart", method: str = "PUT", host: str = "store.example.com") -> int:
        return world.ask(target, method, headers={"Host": host}).status

    until(lambda: status("/cart") == 403)
    assert status() == 200
    assert status(method="POST") == 403
    assert status(host="store.example.org") == 403


@pytest.mark.slow
def test_a_group_that_no_longer_only_counts_a_rule_blocks_by_it(
    world: World, storefront: Origin, change: Change
) -> None:
    change(INGRESS_WAF, {"Name: SizeRestrictions_BODY": "Name: NoUserAgent_HEADER"})
    until(lambda: world.ask("/", "POST", body=b"x" * 9_000).status == 403)
    assert world.ask("/", headers={"User-Agent": ""}).status == 200


@pytest.mark.slow
def test_a_storefront_slower_than_the_origins_read_timeout_is_a_gateway_timeout(
    world: World, storefront: Origin, change: Change
) -> None:
    storefront.says["/api/slow"] = Says(body=b"late", after_seconds=3)
    assert world.ask("/api/slow").body == b"late"
    change(INGRESS, {"OriginReadTimeout: 30": "OriginReadTimeout: 1"})
    until(lambda: world.ask("/api/slow").status == 504)


@pytest.mark.slow
def test_the_secret_is_rotated_without_a_403(world: World, storefront: Origin, emitted_after: None) -> None:
    """Three deployments: accept the new one besides, send it, drop the old (T94)."""
    secrets = world.deployed.client("secretsmanager")
    arn = world.deployed.output("security", "OriginSecretArn")
    stages = secrets.describe_secret(SecretId=arn)["VersionIdsToStages"]
    old = next(version for version, labels in stages.items() if "AWSCURRENT" in labels)
    new, value = str(uuid4()), uuid4().hex + uuid4().hex[:16]
    first = world.secret()
    secrets.put_secret_value(SecretId=arn, SecretString=value, ClientRequestToken=new, VersionStages=["AWSPENDING"])
    statuses = set()

    def sent() -> str:
        statuses.add(world.ask("/api/products").status)
        return storefront.heard[-1].headers["x-origin-verify"]

    def accepts(header: str) -> bool:
        sent()
        answer = world.ask("/", port=world.load_balancer_port, headers={"X-Origin-Verify": header})
        return answer.status == 200

    world.deploy(INGRESS, OriginVerifyVersionId=old, OriginVerifyAcceptedVersionId=new)
    until(lambda: accepts(value))
    world.deploy(INGRESS, OriginVerifyVersionId=new, OriginVerifyAcceptedVersionId=old)
    until(lambda: sent() == value)
    world.deploy(INGRESS, OriginVerifyVersionId=new)
    until(lambda: not accepts(first))
    assert sent() == value
    assert statuses == {200}


@pytest.mark.slow
def test_what_cannot_be_acted_out_is_said_once_and_leaves_all_as_it_was(
    world: World, storefront: Origin, change: Change
) -> None:
    change(INGRESS_WAF, {"Action:\n          Block: {}": "Action:\n          Captcha: {}"})
    said = "edge: stays with what it has read before: rule RateLimit: the action Captcha is not acted out"
    until(lambda: said in world.log.read_text())
    assert world.ask("/").status == 200
    assert world.ask("/?file=../../secret").status == 403
