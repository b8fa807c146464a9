"""What is deployed, read from the emulator, and read again for as long as the edge runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from retail.local.edge.balancer import Balancer
from retail.local.edge.behaviours import Policies, distribution
from retail.local.edge.distribution import Edge
from retail.local.edge.firewall import Rates, WebAcl, web_acl
from retail.local.edge.rules import Forward, listener_rules
from retail.local.edge.targets import TargetGroup
from retail.local.edge.unsupported import UnsupportedError
from retail.local.platform.deployed import Deployed, NotDeployedError
from retail.ops.cli import say
from retail.ops.stacks import EDGE_REGION, INGRESS

READ_EVERY_SECONDS = 2.0

HTTPS = 443
IDLE_SECONDS = "60"
"""The load balancer's idle timeout where none is set."""

DISTRIBUTION = "AWS::CloudFront::Distribution"
BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"


class UnreadableError(Exception):
    """What is deployed cannot be acted out; one line that says why."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """All that the edge acts out."""

    edge: Edge
    balancer: Balancer


class Reader:
    """Reads the configuration; the counts of the rate-based rules stay the same from one reading to the next."""

    def __init__(self, deployed: Deployed) -> None:
        self._deployed, self._rates = deployed, Rates()

    def read(self) -> Configuration:
        """What is deployed now. Raises UnreadableError."""
        try:
            ids = self._ids()
            return Configuration(self._edge(ids[DISTRIBUTION]), self._balancer(ids[BALANCER]))
        except (UnsupportedError, NotDeployedError) as error:
            raise UnreadableError(str(error)) from None
        except (ClientError, BotoCoreError) as error:
            raise UnreadableError(f"the emulator: {error}") from None
        except (KeyError, ValueError) as error:
            raise UnreadableError(f"a setting is missing, or not of the kind expected: {error}") from None

    def _ids(self) -> Mapping[str, str]:
        found = {each.type: each.physical_id for each in self._deployed.resources(INGRESS).values()}
        for kind in (DISTRIBUTION, BALANCER):
            if kind not in found:
                raise NotDeployedError(f"{self._deployed.stacks[INGRESS].name} has no {kind}")
        return found

    def _edge(self, distribution_id: str) -> Edge:
        ask = self._deployed.client("cloudfront")
        policies = Policies(
            cache=lambda each: ask.get_cache_policy(Id=each)["CachePolicy"]["CachePolicyConfig"],
            origin_request=lambda each: ask.get_origin_request_policy(Id=each)["OriginRequestPolicy"][
                "OriginRequestPolicyConfig"
            ],
            headers=lambda each: ask.get_response_headers_policy(Id=each)["ResponseHeadersPolicy"][
                "ResponseHeadersPolicyConfig"
            ],
        )
        said = ask.get_distribution_config(Id=distribution_id)["DistributionConfig"]
        acl_arn = said.get("WebACLId")
        return Edge(distribution(said, policies), self._web_acl(acl_arn) if acl_arn else None)

    def _web_acl(self, arn: str) -> WebAcl:
        ask = self._deployed.client("wafv2", EDGE_REGION)

        *_, name, acl_id = arn.split("/")
        said = ask.get_web_acl(Name=name, Id=acl_id, Scope="CLOUDFRONT")["WebACL"]
        return web_acl(said, self._rates)

    def _balancer(self, arn: str) -> Balancer:
        ask = self._deployed.client("elbv2")
        listeners = ask.describe_listeners(LoadBalancerArn=arn)["Listeners"]
        listener = next((each for each in listeners if each["Port"] == HTTPS), None)
        if listener is None:
            raise UnsupportedError(f"the load balancer has no listener on {HTTPS}, where the distribution asks")
        rules = listener_rules(ask.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"])
        attributes = {
            each["Key"]: each["Value"]
            for each in ask.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
        }
        arns = {rule.action.group_arn for rule in rules if isinstance(rule.action, Forward)}
        return Balancer(
            listener_port=HTTPS,
            rules=rules,
            groups=tuple(self._groups(ask, sorted(arns))),
            idle_seconds=float(attributes.get("idle_timeout.timeout_seconds", IDLE_SECONDS)),
            drops_invalid_headers=attributes.get("routing.http.drop_invalid_header_fields.enabled") == "true",
        )

    def _groups(self, ask: Any, arns: list[str]) -> Iterator[TargetGroup]:
        for arn in arns:
            said = ask.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"][0]
            yield TargetGroup.of(said, ask.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"])


class Follower:
    """Reads again and again in a thread, and tells of each reading; of each new failure it says one line."""

    def __init__(self, reader: Reader, tell: Callable[[Configuration], None]) -> None:
        self._reader, self._tell = reader, tell
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="configuration", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Read no more."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        failure = ""
        while not self._stopping.wait(READ_EVERY_SECONDS):
            try:
                self._tell(self._reader.read())
                failure = ""
            except UnreadableError as error:
                if str(error) != failure:
                    failure = str(error)
                    say(f"edge: stays with what it has read before: {failure}")
