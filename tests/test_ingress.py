"""03 Ingress: the security perimeter, the edge, and a load balancer that answers to nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emitted import find, imported, properties, resources, template

STACK = "03-ingress"
SHOP = {"Ref": "DomainName"}
ORIGIN = {"Fn::Sub": "origin.${DomainName}"}
ZONE = {"Ref": "HostedZoneId"}
PHASES = ("IsWaf", "IsCdn", "IsAccelerated")
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
ALL_METHODS = {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"}
A_YEAR = 31536000
A_DAY = 86400
NOTHING_PERSONAL = {
    "CookiesConfig": {"CookieBehavior": "none"},
    "HeadersConfig": {"HeaderBehavior": "none"},
    "QueryStringsConfig": {"QueryStringBehavior": "none"},
}
MANAGED = {
    "IpReputation": "AWSManagedRulesAmazonIpReputationList",
    "AnonymousIp": "AWSManagedRulesAnonymousIpList",
    "KnownBadInputs": "AWSManagedRulesKnownBadInputsRuleSet",
    "SqlInjection": "AWSManagedRulesSQLiRuleSet",
    "Common": "AWSManagedRulesCommonRuleSet",
}
ALARMS = {
    "StorefrontTasksUnhealthy": ("UnHealthyHostCount", "Maximum", 0),
    "StorefrontTooSlow": ("TargetResponseTime", "p99", 2),
}
UNANSWERED = "100 * answers / (answers + FILL(requests, 0))"
SHARES = {
    "LoadBalancerErrorsTooMany": (UNANSWERED, "HTTPCode_ELB_5XX_Count", 1),
    "LoadBalancerRefusalsTooMany": (UNANSWERED, "HTTP_Fixed_Response_Count", 20),
    "StorefrontErrorsTooMany": ("100 * errors / requests", "HTTPCode_Target_5XX_Count", 1),
}
CONDITIONED = (*template(STACK)["Resources"], *template(STACK)["Outputs"])


def _default(parameter: str) -> Any:
    return template(STACK)["Parameters"][parameter].get("Default")


def _rule(name: str) -> dict[str, Any]:
    (found,) = [rule for rule in properties(STACK, "WebAcl")["Rules"] if rule["Name"] == name]
    return dict(found)


def _distribution() -> dict[str, Any]:
    return dict(properties(STACK, "Distribution")["DistributionConfig"])


def _behaviour(path: str) -> dict[str, Any]:
    if path == "default":
        return dict(_distribution()["DefaultCacheBehavior"])
    (found,) = [one for one in _distribution()["CacheBehaviors"] if one["PathPattern"] == path]
    return dict(found)


def _attribute(key: str) -> Any:
    """An attribute of the load balancer."""
    listed = properties(STACK, "LoadBalancer")["LoadBalancerAttributes"]
    (value,) = [attribute["Value"] for attribute in listed if attribute["Key"] == key]
    return value


def _secret(version: str = "") -> dict[str, Any]:
    """The dynamic reference to the origin's secret."""
    text = f"{{{{resolve:secretsmanager:${{Secret}}:SecretString{version}}}}}"
    return {"Fn::Sub": [text, {"Secret": imported("security-OriginSecretArn")}]}


SENT = {"Fn::If": ["HasOriginVerifyVersionId", _secret(":::${OriginVerifyVersionId}"), _secret()]}


@pytest.mark.parametrize("logical_id", CONDITIONED)
def test_everything_belongs_to_one_of_the_two_phases(logical_id: str) -> None:
    """T67, T69: one template, deployed first as waf in us-east-1 and then as cdn."""
    section = "Resources" if logical_id in template(STACK)["Resources"] else "Outputs"
    assert template(STACK)[section][logical_id]["Condition"] in PHASES


def test_the_two_phases_exclude_each_other() -> None:
    """T69."""
    conditions = template(STACK)["Conditions"]
    assert conditions["IsWaf"] == {"Fn::Equals": [{"Ref": "Scope"}, "waf"]}
    assert conditions["IsCdn"] == {"Fn::Equals": [{"Ref": "Scope"}, "cdn"]}
    assert {"Condition": "IsCdn"} in conditions["IsAccelerated"]["Fn::And"]
    assert template(STACK)["Parameters"]["Scope"]["AllowedValues"] == ["waf", "cdn"]


def test_the_first_phase_imports_nothing_as_its_region_has_no_exports() -> None:
    """T5, T69."""
    first = [one for one in resources(STACK).values() if one["Condition"] == "IsWaf"]
    early = [template(STACK)["Conditions"], template(STACK)["Rules"], first]
    assert {one["Type"] for one in first} == {
        "AWS::WAFv2::WebACL",
        "AWS::WAFv2::LoggingConfiguration",
        "AWS::Logs::LogGroup",
        "AWS::CertificateManager::Certificate",
    }
    assert list(find(early, "Fn::ImportValue")) == []


@pytest.mark.parametrize("output", ["WebAclArn", "ViewerCertificateArn"])
def test_the_second_phase_refuses_to_begin_without_what_the_first_made(output: str) -> None:
    """T70: it travels by parameter, as an export stays in its Region."""
    rule = template(STACK)["Rules"]["SecondPhaseFollowsFirst"]
    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "Scope"}, "cdn"]}
    missing = {"Fn::Not": [{"Fn::Equals": [{"Ref": output}, "none"]}]}
    assert missing in [assertion["Assert"] for assertion in rule["Assertions"]]
    assert "Export" not in template(STACK)["Outputs"][output]


def test_the_web_acl_stands_at_the_edge_before_the_distribution() -> None:
    """T67, T71."""
    assert properties(STACK, "WebAcl")["Scope"] == "CLOUDFRONT"
    attached = {"Fn::If": ["HasWebAclArn", {"Ref": "WebAclArn"}, {"Ref": "AWS::NoValue"}]}
    assert _distribution()["WebACLId"] == attached


def test_requests_are_examined_by_cheap_rules_first_and_by_each_in_its_turn() -> None:
    """T72, T74, T78: no two priorities are equal."""
    rules = sorted(properties(STACK, "WebAcl")["Rules"], key=lambda rule: rule["Priority"])
    assert [rule["Name"] for rule in rules] == [
        "IpReputation",
        "AnonymousIp",
        "RateLimit",
        "KnownBadInputs",
        "SqlInjection",
        "Common",
    ]
    assert len({rule["Priority"] for rule in rules}) == 6


@pytest.mark.parametrize("name", MANAGED)
def test_each_managed_group_is_amazons_and_keeps_its_own_actions(name: str) -> None:
    """T72-T74: a group takes OverrideAction, and Action is refused."""
    rule = _rule(name)
    group = rule["Statement"]["ManagedRuleGroupStatement"]
    assert (group["VendorName"], group["Name"]) == ("AWS", MANAGED[name])
    assert rule["OverrideAction"] == {"None": {}}
    assert "Action" not in rule


def test_an_address_that_sends_more_than_2000_requests_in_five_minutes_is_blocked() -> None:
    """T73, T77: by the viewer's own address, which the edge sees."""
    rule = _rule("RateLimit")
    limit = {"Limit": 2000, "EvaluationWindowSec": 300, "AggregateKeyType": "IP"}
    assert rule["Statement"]["RateBasedStatement"] == limit
    assert rule["Action"] == {"Block": {}}
    assert "OverrideAction" not in rule


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("AnonymousIp", ["HostingProviderIPList"]),
        ("Common", ["SizeRestrictions_BODY"]),
        ("IpReputation", []),
        ("KnownBadInputs", []),
        ("SqlInjection", []),
    ],
)
def test_only_the_two_rules_that_turn_away_shoppers_are_merely_counted(name: str, counted: list[str]) -> None:
    """T74, T76: shoppers behind a VPN or a cloud, and carts of more than 8 KB."""
    group = _rule(name)["Statement"]["ManagedRuleGroupStatement"]
    overridden = group.get("RuleActionOverrides", [])
    assert [one["Name"] for one in overridden] == counted
    assert all(one["ActionToUse"] == {"Count": {}} for one in overridden)
    assert "ExcludedRules" not in group


def test_a_request_that_no_rule_stops_goes_through() -> None:
    assert properties(STACK, "WebAcl")["DefaultAction"] == {"Allow": {}}


@pytest.mark.parametrize("name", ["RateLimit", *MANAGED])
def test_what_each_rule_stops_is_measured_by_its_name(name: str) -> None:
    """T78."""
    seen = _rule(name)["VisibilityConfig"]
    assert (seen["CloudWatchMetricsEnabled"], seen["MetricName"]) == (True, name)


def test_the_web_acl_writes_to_a_log_group_by_the_name_that_waf_demands() -> None:
    """T79: the ARN without the asterisk that GetAtt puts behind it."""
    (destination,) = properties(STACK, "WebAclLogging")["LogDestinationConfigs"]
    name = properties(STACK, "WebAclLogs")["LogGroupName"]["Fn::Sub"]
    arn = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:"
    assert name.startswith("aws-waf-logs-")
    assert destination == {"Fn::Sub": arn + name}
    assert properties(STACK, "WebAclLogging")["ResourceArn"] == {"Fn::GetAtt": ["WebAcl", "Arn"]}


def test_the_web_acl_waits_for_its_log_group() -> None:
    """T23, T79: it names the group by text."""
    assert resources(STACK)["WebAclLogging"]["DependsOn"] == "WebAclLogs"


def test_no_session_or_password_of_a_shopper_is_logged_by_the_web_acl() -> None:
    redacted = properties(STACK, "WebAclLogging")["RedactedFields"]
    assert [field["SingleHeader"]["Name"] for field in redacted] == ["authorization", "cookie"]


@pytest.mark.parametrize(
    ("certificate", "phase", "names"),
    [("ViewerCertificate", "IsWaf", [SHOP]), ("OriginCertificate", "IsCdn", [SHOP, ORIGIN])],
)
def test_each_certificate_covers_its_names_and_proves_every_one_by_dns(
    certificate: str, phase: str, names: list[Any]
) -> None:
    """T68, T83, T86: a name without its zone waits for 72 hours."""
    settings = properties(STACK, certificate)
    assert resources(STACK)[certificate]["Condition"] == phase
    assert (settings["DomainName"], settings["ValidationMethod"]) == (SHOP, "DNS")
    assert settings["SubjectAlternativeNames"] == names
    proved = [{"DomainName": name, "HostedZoneId": ZONE} for name in names]
    assert settings["DomainValidationOptions"] == proved


def test_paths_are_matched_in_the_narratives_order_and_everything_else_last() -> None:
    """T90: the first match wins."""
    paths = [behaviour["PathPattern"] for behaviour in _distribution()["CacheBehaviors"]]
    assert sorted(paths) == ["/api/*", "/images/*", "/static/*"]
    assert paths[0] == "/api/*"
    assert "PathPattern" not in _distribution()["DefaultCacheBehavior"]


@pytest.mark.parametrize("path", ["/api/*", "default"])
def test_personal_answers_are_never_cached_and_requests_go_through_whole(path: str) -> None:
    """T87, T88: all cookies, headers and query parameters, by any method."""
    behaviour = _behaviour(path)
    assert behaviour["CachePolicyId"] == CACHING_DISABLED
    assert behaviour["OriginRequestPolicyId"] == ALL_VIEWER
    assert set(behaviour["AllowedMethods"]) == ALL_METHODS


@pytest.mark.parametrize(("path", "policy"), [("/static/*", "StaticCachePolicy"), ("/images/*", "ImagesCachePolicy")])
def test_what_all_shoppers_share_is_cached_without_anything_personal(path: str, policy: str) -> None:
    """T89: with a cookie in the request, one shopper's answer would be another's."""
    behaviour = _behaviour(path)
    assert behaviour["CachePolicyId"] == {"Ref": policy}
    assert "OriginRequestPolicyId" not in behaviour
    assert not set(behaviour["AllowedMethods"]) - {"GET", "HEAD", "OPTIONS"}
    keyed = properties(STACK, policy)["CachePolicyConfig"]["ParametersInCacheKeyAndForwardedToOrigin"]
    assert NOTHING_PERSONAL.items() <= keyed.items()


def test_static_files_stay_at_the_edge_and_in_the_browser_for_a_year() -> None:
    """T89."""
    kept = properties(STACK, "StaticCachePolicy")["CachePolicyConfig"]
    assert (kept["DefaultTTL"], kept["MaxTTL"]) == (A_YEAR, A_YEAR)
    assert _behaviour("/static/*")["ResponseHeadersPolicyId"] == {"Ref": "StaticHeaders"}
    (headers,) = find(properties(STACK, "StaticHeaders"), "CustomHeadersConfig")
    (header,) = headers["Items"]
    assert (header["Header"], header["Value"]) == ("Cache-Control", "public, max-age=31536000, immutable")


def test_images_stay_at_the_edge_for_a_day_and_longer_if_the_origin_says_so() -> None:
    """T89."""
    kept = properties(STACK, "ImagesCachePolicy")["CachePolicyConfig"]
    assert (kept["DefaultTTL"], kept["MaxTTL"]) == (A_DAY, A_YEAR)


@pytest.mark.parametrize("path", ["/api/*", "/static/*", "/images/*", "default"])
def test_a_browser_is_told_to_come_by_https_and_not_to_be_framed(path: str) -> None:
    policy = _behaviour(path)["ResponseHeadersPolicyId"]["Ref"]
    secure = properties(STACK, policy)["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    assert secure["StrictTransportSecurity"]["AccessControlMaxAgeSec"] == A_YEAR
    assert secure["FrameOptions"]["FrameOption"] == "DENY"
    assert secure["ContentTypeOptions"] == {"Override": True}


@pytest.mark.parametrize(
    ("path", "protocol"),
    [
        ("/api/*", "https-only"),
        ("/static/*", "redirect-to-https"),
        ("/images/*", "redirect-to-https"),
        ("default", "redirect-to-https"),
    ],
)
def test_no_viewer_is_served_without_tls(path: str, protocol: str) -> None:
    assert _behaviour(path)["ViewerProtocolPolicy"] == protocol


def test_viewers_use_tls_1_2_of_2021_or_better() -> None:
    """T97."""
    condition, certificate, _ = _distribution()["ViewerCertificate"]["Fn::If"]
    assert condition == "HasViewerCertificateArn"
    assert certificate == {
        "AcmCertificateArn": {"Ref": "ViewerCertificateArn"},
        "MinimumProtocolVersion": "TLSv1.2_2021",
        "SslSupportMethod": "sni-only",
    }


def test_cloudfront_reaches_the_origin_by_tls_1_2_under_a_name_its_certificate_covers() -> None:
    """T86, T97."""
    (origin,) = _distribution()["Origins"]
    assert origin["DomainName"] == ORIGIN
    reached = origin["CustomOriginConfig"]
    assert (reached["OriginProtocolPolicy"], reached["OriginSSLProtocols"]) == ("https-only", ["TLSv1.2"])


def test_viewers_speak_http_2_and_3_over_ipv4_and_ipv6() -> None:
    """T96: the default would be HTTP/1.1."""
    assert (_distribution()["HttpVersion"], _distribution()["IPV6Enabled"]) == ("http2and3", True)


def test_the_load_balancer_speaks_http_2() -> None:
    """T96."""
    assert _attribute("routing.http2.enabled") == "true"


def test_cloudfront_sends_the_secret_header_with_every_request() -> None:
    """T92: read from the secret, so that no template holds it."""
    (origin,) = _distribution()["Origins"]
    assert origin["OriginCustomHeaders"] == [{"HeaderName": "X-Origin-Verify", "HeaderValue": SENT}]
    targets = [behaviour["TargetOriginId"] for behaviour in _distribution()["CacheBehaviors"]]
    targets.append(_distribution()["DefaultCacheBehavior"]["TargetOriginId"])
    assert set(targets) == {origin["Id"]}


def test_requests_without_the_origin_header_get_403() -> None:
    """T95."""
    (action,) = properties(STACK, "HttpsListener")["DefaultActions"]
    assert action["Type"] == "fixed-response"
    assert action["FixedResponseConfig"]["StatusCode"] == "403"


def test_only_requests_with_the_origin_header_are_forwarded() -> None:
    """T92, T95."""
    (rule,) = resources(STACK, "AWS::ElasticLoadBalancingV2::ListenerRule").values()
    (condition,) = rule["Properties"]["Conditions"]
    assert condition["Field"] == "http-header"
    header = condition["HttpHeaderConfig"]
    assert (header["HttpHeaderName"], header["Values"][0]) == ("X-Origin-Verify", SENT)
    (action,) = rule["Properties"]["Actions"]
    assert action == {"Type": "forward", "TargetGroupArn": {"Ref": "StorefrontTargets"}}
    assert rule["Properties"]["ListenerArn"] == {"Ref": "HttpsListener"}


def test_while_the_secret_rotates_the_load_balancer_accepts_the_other_version_too() -> None:
    """T94: or there would be minutes of 403."""
    (condition,) = properties(STACK, "FromCloudFrontRule")["Conditions"]
    accepted = _secret(":::${OriginVerifyAcceptedVersionId}")
    other = {"Fn::If": ["HasOriginVerifyAcceptedVersionId", accepted, {"Ref": "AWS::NoValue"}]}
    assert condition["HttpHeaderConfig"]["Values"][1:] == [other]
    assert _default("OriginVerifyAcceptedVersionId") == "none"


def test_the_load_balancer_listens_by_https_alone_and_ends_tls_itself() -> None:
    """T95, T97."""
    (listener,) = resources(STACK, "AWS::ElasticLoadBalancingV2::Listener").values()
    settings = listener["Properties"]
    assert (settings["Port"], settings["Protocol"]) == (443, "HTTPS")
    assert settings["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    assert settings["Certificates"] == [{"CertificateArn": {"Ref": "OriginCertificate"}}]


def test_the_load_balancer_stands_in_the_public_subnets_in_its_own_group() -> None:
    """T58."""
    balancer = properties(STACK, "LoadBalancer")
    assert (balancer["Scheme"], balancer["Type"]) == ("internet-facing", "application")
    assert balancer["Subnets"] == {"Fn::Split": [",", imported("networking-PublicSubnetIds")]}
    assert balancer["SecurityGroups"] == [imported("security-AlbSecurityGroupId")]


def test_the_load_balancer_refuses_to_be_deleted_unless_told_otherwise() -> None:
    assert _attribute("deletion_protection.enabled") == {"Ref": "DeletionProtection"}
    assert _default("DeletionProtection") == "true"


def test_the_load_balancer_logs_each_request_and_drops_malformed_headers() -> None:
    """T64: under the prefix that the bucket's policy allows."""
    assert _attribute("access_logs.s3.enabled") == "true"
    assert _attribute("access_logs.s3.bucket") == imported("security-LogsBucketName")
    assert _attribute("access_logs.s3.prefix") == "alb"
    assert _attribute("routing.http.drop_invalid_header_fields.enabled") == "true"


def test_tasks_are_targets_by_address_and_judged_by_a_path_that_needs_nothing_else() -> None:
    """T98, T113."""
    group = properties(STACK, "StorefrontTargets")
    assert (group["TargetType"], group["Port"], group["Protocol"]) == ("ip", 8080, "HTTP")
    assert (group["HealthCheckPath"], group["Matcher"]) == ("/healthz", {"HttpCode": "200"})


def test_a_task_that_leaves_gets_thirty_seconds_to_finish() -> None:
    """T98."""
    attributes = properties(STACK, "StorefrontTargets")["TargetGroupAttributes"]
    assert {"Key": "deregistration_delay.timeout_seconds", "Value": "30"} in attributes


@pytest.mark.parametrize("logical_id", ["LoadBalancer", "StorefrontTargets"])
def test_what_others_import_can_be_replaced_as_it_has_no_name_of_ours(logical_id: str) -> None:
    """T6, T8, T10."""
    assert "Name" not in properties(STACK, logical_id)


@pytest.mark.parametrize(("record", "kind"), [("ShopRecord", "A"), ("ShopRecordIpv6", "AAAA")])
def test_the_shops_name_leads_to_cloudfront(record: str, kind: str) -> None:
    """T99."""
    settings = properties(STACK, record)
    assert (settings["Type"], settings["Name"], settings["HostedZoneId"]) == (kind, SHOP, ZONE)
    assert settings["AliasTarget"] == {
        "HostedZoneId": "Z2FDTNDATAQYW2",
        "DNSName": {"Fn::GetAtt": ["Distribution", "DomainName"]},
        "EvaluateTargetHealth": False,
    }
    assert _distribution()["Aliases"] == [SHOP]


def test_the_origins_name_leads_through_global_accelerator_or_straight_to_the_load_balancer() -> None:
    """T101: CloudFront cannot stand behind the accelerator, so it stands before it."""
    record = properties(STACK, "OriginRecord")
    assert (record["Name"], record["Type"]) == (ORIGIN, "A")
    accelerated = {"Fn::GetAtt": ["GlobalAccelerator", "DnsName"]}
    straight = {"Fn::GetAtt": ["LoadBalancer", "DNSName"]}
    straight_zone = {"Fn::GetAtt": ["LoadBalancer", "CanonicalHostedZoneID"]}
    target = record["AliasTarget"]
    assert target["DNSName"] == {"Fn::If": ["IsAccelerated", accelerated, straight]}
    assert target["HostedZoneId"] == {"Fn::If": ["IsAccelerated", "Z2BJ6XQ5FK7U4H", straight_zone]}


def test_global_accelerator_is_there_unless_switched_off() -> None:
    """T101."""
    assert _default("EnableGlobalAccelerator") == "true"
    kinds = [one for one in resources(STACK).values() if one["Type"].startswith("AWS::GlobalAccelerator::")]
    assert {one["Condition"] for one in kinds} == {"IsAccelerated"}
    wanted = {"Fn::Equals": [{"Ref": "EnableGlobalAccelerator"}, "true"]}
    assert template(STACK)["Conditions"]["HasGlobalAccelerator"] == wanted


def test_the_accelerator_keeps_cloudfronts_address_so_that_the_load_balancer_knows_it() -> None:
    """T102: else the prefix list would drop everything."""
    (endpoint,) = properties(STACK, "AcceleratorEndpoints")["EndpointConfigurations"]
    assert endpoint == {"EndpointId": {"Ref": "LoadBalancer"}, "ClientIPPreservationEnabled": True}
    assert properties(STACK, "AcceleratorListener")["PortRanges"] == [{"FromPort": 443, "ToPort": 443}]


@pytest.mark.parametrize("policy", ["StaticCachePolicy", "ImagesCachePolicy", "StaticHeaders", "SecurityHeaders"])
def test_copies_of_the_platform_do_not_fight_over_the_name_of_a_policy(policy: str) -> None:
    """T91: CloudFront's names are one list for the whole account."""
    (settings,) = properties(STACK, policy).values()
    assert settings["Name"]["Fn::Sub"].startswith("${Project}-${Environment}-${AWS::Region}-")


def test_cloudfront_logs_to_a_bucket_that_takes_its_acl_without_shoppers_cookies() -> None:
    """T63."""
    assert _distribution()["Logging"] == {
        "Bucket": {"Fn::GetAtt": ["EdgeLogsBucket", "RegionalDomainName"]},
        "Prefix": "cloudfront/",
        "IncludeCookies": False,
    }
    (rule,) = properties(STACK, "EdgeLogsBucket")["OwnershipControls"]["Rules"]
    assert rule == {"ObjectOwnership": "BucketOwnerPreferred"}


@pytest.mark.parametrize("alarm", ALARMS)
def test_an_alarm_tells_of_unhealthy_tasks_and_slow_answers(alarm: str) -> None:
    settings = properties(STACK, alarm)
    statistic = settings.get("Statistic") or settings["ExtendedStatistic"]
    assert (settings["MetricName"], statistic, settings["Threshold"]) == ALARMS[alarm]
    assert settings["ComparisonOperator"] == "GreaterThanThreshold"
    balancer = {"Fn::GetAtt": ["LoadBalancer", "LoadBalancerFullName"]}
    assert {"Name": "LoadBalancer", "Value": balancer} in settings["Dimensions"]


@pytest.mark.parametrize("alarm", SHARES)
def test_an_alarm_tells_of_errors_by_their_share_so_that_a_quiet_night_counts(alarm: str) -> None:
    settings = properties(STACK, alarm)
    result, wrong, requests = settings["Metrics"]
    shown = [query["MetricStat"]["Metric"]["MetricName"] for query in (wrong, requests)]
    assert (result["Expression"], shown[0], settings["Threshold"]) == SHARES[alarm]
    assert shown[1] == "RequestCount"
    for query in (wrong, requests):
        assert query["Id"] in result["Expression"]
        assert (query["MetricStat"]["Stat"], query["MetricStat"]["Period"], query["ReturnData"]) == ("Sum", 60, False)
        balancer = {"Fn::GetAtt": ["LoadBalancer", "LoadBalancerFullName"]}
        assert {"Name": "LoadBalancer", "Value": balancer} in query["MetricStat"]["Metric"]["Dimensions"]
    assert (settings["DatapointsToAlarm"], settings["EvaluationPeriods"]) == (5, 10)
    assert settings["TreatMissingData"] == "notBreaching"


def test_the_edge_closes_an_idle_connection_before_the_load_balancer_does() -> None:
    """Or both may close it at once, and a shopper gets a 502; the load balancer waits 60 seconds unless told."""
    (origin,) = _distribution()["Origins"]
    assert origin["CustomOriginConfig"]["OriginKeepaliveTimeout"] == 55
    assert "idle_timeout.timeout_seconds" not in {
        each["Key"] for each in properties(STACK, "LoadBalancer")["LoadBalancerAttributes"]
    }


def test_the_target_group_is_handed_to_the_application_only_by_the_second_phase() -> None:
    """T69, T125."""
    exported = {name: output["Condition"] for name, output in template(STACK)["Outputs"].items() if "Export" in output}
    assert "TargetGroupArn" in exported
    assert set(exported.values()) == {"IsCdn"}


def test_the_distribution_and_the_accelerator_are_switched_on() -> None:
    assert _distribution()["Enabled"] is True
    assert properties(STACK, "GlobalAccelerator")["Enabled"] is True
