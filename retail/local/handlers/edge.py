"""WAF, CloudFront and the load balancer."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from retail.local import touchpoints
from retail.local.handlers.api import Refused, client
from retail.local.handlers.resource import Mend, Properties, without

EDGE_REGION = "us-east-1"

# Web ACL capacity units that AWS's documentation gives for its managed rule groups.
_MANAGED_CAPACITY = {
    "AWSManagedRulesAdminProtectionRuleSet": 100,
    "AWSManagedRulesAmazonIpReputationList": 25,
    "AWSManagedRulesAnonymousIpList": 50,
    "AWSManagedRulesCommonRuleSet": 700,
    "AWSManagedRulesKnownBadInputsRuleSet": 200,
    "AWSManagedRulesLinuxRuleSet": 200,
    "AWSManagedRulesSQLiRuleSet": 200,
    "AWSManagedRulesUnixRuleSet": 100,
}
_RULE_CAPACITY = 2  # a rate-based rule; other statements differ


def _prepared_acl(properties: Properties) -> Properties:
    if properties.get("Scope") == "CLOUDFRONT" and touchpoints.region() != EDGE_REGION:
        raise Refused(
            "Error reason: The scope is not valid., field: SCOPE_VALUE, parameter: CLOUDFRONT "
            f"(Service: Wafv2, Status Code: 400): a CLOUDFRONT web ACL belongs in {EDGE_REGION}"
        )
    return _as_in_the_api(properties)


def _as_in_the_api(node: Any) -> Any:
    """What to search for is text in a template, or said to be base64; WAF's API knows only the latter."""
    match node:
        case {"SearchString": str(text)}:
            return node | {"SearchString": b64encode(text.encode()).decode()}
        case {"SearchStringBase64": encoded}:
            return without(node, "SearchStringBase64") | {"SearchString": encoded}
        case dict():
            return {key: _as_in_the_api(value) for key, value in node.items()}
        case list():
            return [_as_in_the_api(value) for value in node]
    return node


def _web_acl(ref: str, old: Properties, new: Properties) -> dict[str, Any]:
    managed = [rule["Statement"].get("ManagedRuleGroupStatement", {}).get("Name") for rule in new.get("Rules", [])]
    return {
        "Capacity": sum(_MANAGED_CAPACITY.get(name, _RULE_CAPACITY) for name in managed),
        "LabelNamespace": f"awswaf:{touchpoints.account()}:webacl:{ref.split('|')[0]}:",
    }


def _modified(kind: str) -> Mend:
    """A CloudFront policy; `kind` as in `get_cache_policy`."""

    def attributes(ref: str, old: Properties, new: Properties) -> dict[str, Any]:
        policy = getattr(client("cloudfront"), f"get_{kind}")(Id=ref)
        body = next(value for name, value in policy.items() if name.endswith("Policy"))
        return {"LastModifiedTime": str(body["LastModifiedTime"])}

    return Mend(finish=attributes)


def _target_group(ref: str, old: Properties, new: Properties) -> dict[str, Any]:
    group = client("elbv2").describe_target_groups(TargetGroupArns=[ref])["TargetGroups"][0]
    return {"LoadBalancerArns": group.get("LoadBalancerArns", [])}


def _must_be_unprotected(ref: str, properties: Properties) -> None:
    attributes = client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=ref)["Attributes"]
    if {"Key": "deletion_protection.enabled", "Value": "true"} in attributes:
        raise Refused(
            f"Load balancer '{ref}' cannot be deleted because deletion protection is enabled "
            "(Service: ElasticLoadBalancingV2, Status Code: 400)"
        )


TYPES = {
    "AWS::ElasticLoadBalancingV2::LoadBalancer": Mend(before_delete=_must_be_unprotected),
    "AWS::ElasticLoadBalancingV2::TargetGroup": Mend(finish=_target_group),
    "AWS::ElasticLoadBalancingV2::ListenerRule": Mend(finish=lambda ref, old, new: {"IsDefault": False}),
    "AWS::WAFv2::WebACL": Mend(prepare=_prepared_acl, finish=_web_acl),
    "AWS::CloudFront::CachePolicy": _modified("cache_policy"),
    "AWS::CloudFront::OriginRequestPolicy": _modified("origin_request_policy"),
    "AWS::CloudFront::ResponseHeadersPolicy": _modified("response_headers_policy"),
}
