"""03 Ingress: the front door. First, in us-east-1, the web ACL and the viewer's certificate; then, in the primary
Region, CloudFront, and a load balancer that answers to nobody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from troposphere import And, Equals, GetAtt, If, Ref, Sub
from troposphere.certificatemanager import Certificate, DomainValidationOption
from troposphere.cloudfront import (
    CacheBehavior,
    CacheCookiesConfig,
    CacheHeadersConfig,
    CachePolicy,
    CachePolicyConfig,
    CacheQueryStringsConfig,
    ContentTypeOptions,
    CustomHeader,
    CustomHeadersConfig,
    CustomOriginConfig,
    DefaultCacheBehavior,
    Distribution,
    DistributionConfig,
    FrameOptions,
    Logging,
    Origin,
    OriginCustomHeader,
    ParametersInCacheKeyAndForwardedToOrigin,
    ReferrerPolicy,
    ResponseHeadersPolicy,
    ResponseHeadersPolicyConfig,
    SecurityHeadersConfig,
    StrictTransportSecurity,
    ViewerCertificate,
)
from troposphere.elasticloadbalancingv2 import (
    Action,
    Condition,
    FixedResponseConfig,
    HttpHeaderConfig,
    Listener,
    ListenerRule,
    ListenerRuleAction,
    LoadBalancer,
    LoadBalancerAttributes,
    Matcher,
    TargetGroup,
    TargetGroupAttribute,
)
from troposphere.elasticloadbalancingv2 import Certificate as ListenerCertificate
from troposphere.globalaccelerator import (
    Accelerator,
    EndpointConfiguration,
    EndpointGroup,
    PortRange,
)
from troposphere.globalaccelerator import Listener as AcceleratorListener
from troposphere.route53 import AliasTarget, RecordSetType
from troposphere.s3 import LifecycleRule

from retail import names
from retail.blocks import alarms, buckets, firewall
from retail.config import Config
from retail.stack import Stack, Value, accepted, both, either
from templates.networking import Networking
from templates.security import Security

SHOP = "The shop's name"
FIRST_PHASE = "From the first phase"
FEATURES = "Features"
ROTATION = "Rotating X-Origin-Verify"

ORIGIN_HEADER = "X-Origin-Verify"

# Managed by AWS, the same in every account (T87).
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"

CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
ACCELERATOR_ZONE = "Z2BJ6XQ5FK7U4H"
"""The hosted zones that aliases to CloudFront and Global Accelerator name (T99, T101)."""


@dataclass(frozen=True, kw_only=True)
class Ingress:
    """What this stack, in its second phase, hands to later ones."""

    target_group_arn: Annotated[Value, "Where the service registers its tasks."]
    target_group_full_name: Annotated[Value, "The target group in metrics and scaling policies."]
    load_balancer_full_name: Annotated[Value, "The load balancer in metrics and scaling policies."]
    distribution_id: Annotated[Value, "The CloudFront distribution."]


def build(config: Config, networking: Networking, security: Security) -> tuple[Stack, Ingress]:
    """Build the ingress stack; only its second phase imports from networking and security."""
    stack = Stack(3, "ingress", __doc__ or "")
    scope = stack.parameter(
        "Scope",
        group="Which phase",
        label="Phase",
        Description="waf: the web ACL and the viewer's certificate, in us-east-1, first. cdn: the rest, in the primary "
        "Region, second.",
        AllowedValues=["waf", "cdn"],
        Default="cdn",
    )
    is_waf = stack.condition("IsWaf", Equals(scope, "waf"))
    is_cdn = stack.condition("IsCdn", Equals(scope, "cdn"))
    domain = stack.parameter(
        "DomainName",
        group=SHOP,
        label="Domain name",
        Description="Name that shoppers type, such as store.example.com.",
        AllowedPattern=r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}",
        ConstraintDescription="a domain name in lower case, such as store.example.com",
    )
    zone = stack.parameter(
        "HostedZoneId",
        group=SHOP,
        label="Hosted zone",
        Description="Id of the public Route 53 zone that holds the name, already delegated to: certificates wait for it.",
        AllowedPattern="Z[A-Z0-9]{1,31}",
        ConstraintDescription="the id of a hosted zone, such as Z0123456789ABCDEFGHIJ",
    )

    with stack.when(is_waf):
        web_acl(stack, config)
        certificate = stack.add_resource(certify("ViewerCertificate", [domain], zone))
        stack.output("ViewerCertificateArn", Description="For the second phase.", Value=Ref(certificate))

    ingress = content_delivery(stack, config, networking, security, is_cdn, domain, zone)
    return stack, ingress


def certify(title: str, domains: list[Any], zone: Ref) -> Certificate:
    """A certificate that ACM validates and renews by itself through the hosted zone (T83)."""
    return Certificate(
        title,
        DomainName=domains[0],
        SubjectAlternativeNames=domains,
        ValidationMethod="DNS",
        DomainValidationOptions=[DomainValidationOption(DomainName=domain, HostedZoneId=zone) for domain in domains],
    )


def web_acl(stack: Stack, config: Config) -> None:
    """The security perimeter: what is dropped at the edge, before it reaches any code."""
    key_arn, has_key = stack.optional(
        "WafLogsKmsKeyArn",
        group=FEATURES,
        label="Key of the WAF's log",
        pattern=r"arn:[a-z-]+:kms:us-east-1:\d{12}:key/[a-z0-9-]+",
        Description="ARN of the platform's key, if the primary Region is us-east-1 (T49).",
    )
    acl = stack.add_resource(firewall.web_acl(config, stack.tags("web-acl")))
    stack.add_resource(firewall.log(acl, either(has_key, key_arn), config.log_retention_days))
    stack.output("WebAclArn", Description="For the second phase.", Value=GetAtt(acl, "Arn"))


def content_delivery(
    stack: Stack,
    config: Config,
    networking: Networking,
    security: Security,
    is_cdn: str,
    domain: Ref,
    zone: Ref,
) -> Ingress:
    """CloudFront in front, the load balancer behind it, and the names of both."""
    acl_arn, has_acl = stack.optional(
        "WebAclArn",
        group=FIRST_PHASE,
        label="Web ACL",
        pattern=r"arn:[a-z-]+:wafv2:us-east-1:\d{12}:global/webacl/.+",
        Description="Output WebAclArn of the first phase.",
    )
    certificate_arn, has_certificate = stack.optional(
        "ViewerCertificateArn",
        group=FIRST_PHASE,
        label="Viewer's certificate",
        pattern=r"arn:[a-z-]+:acm:us-east-1:\d{12}:certificate/.+",
        Description="Output ViewerCertificateArn of the first phase.",
    )
    stack.add_rule(
        "SecondPhaseFollowsFirst",
        {
            "RuleCondition": Equals(Ref("Scope"), "cdn"),
            "Assertions": [
                stack.is_given("WebAclArn", "Phase cdn needs the web ACL of phase waf, or the shop stands unguarded."),
                stack.is_given("ViewerCertificateArn", "Phase cdn needs the viewer's certificate of phase waf."),
            ],
        },
    )
    stack.switch(
        "GlobalAccelerator",
        default=True,
        group=FEATURES,
        label="Global Accelerator",
        Description="Let CloudFront reach the load balancer by Global Accelerator's anycast addresses.",
    )
    is_accelerated = stack.condition("IsAccelerated", And(*both(is_cdn, "HasGlobalAccelerator")))
    protection = stack.parameter(
        "DeletionProtection",
        group=FEATURES,
        label="Deletion protection",
        Description="Whether the load balancer refuses to be deleted.",
        AllowedValues=["true", "false"],
        Default="true",
    )
    accepted_values = origin_header_values(stack, security)
    origin_name = Sub("origin.${DomainName}")

    with stack.when(is_cdn):
        balancer = stack.add_resource(
            LoadBalancer(
                "LoadBalancer",
                Type="application",
                Scheme="internet-facing",
                IpAddressType="ipv4",
                Subnets=networking.public_subnet_ids,
                SecurityGroups=[security.alb_security_group_id],
                LoadBalancerAttributes=[
                    LoadBalancerAttributes(Key=key, Value=value)
                    for key, value in {
                        "access_logs.s3.enabled": "true",
                        "access_logs.s3.bucket": security.logs_bucket_name,
                        "access_logs.s3.prefix": "alb",
                        "deletion_protection.enabled": protection,
                        "routing.http.drop_invalid_header_fields.enabled": "true",
                        "routing.http2.enabled": "true",
                    }.items()
                ],
                Tags=stack.tags("alb"),
            )
        )
        # Port, protocol and VPC are for ever (T98). The health path needs no dependency: this stack's tasks run
        # before the database does (T113).
        targets = stack.add_resource(
            TargetGroup(
                "StorefrontTargets",
                TargetType="ip",
                Port=config.container_port,
                Protocol="HTTP",
                VpcId=networking.vpc_id,
                HealthCheckPath="/healthz",
                HealthCheckIntervalSeconds=15,
                HealthCheckTimeoutSeconds=5,
                HealthyThresholdCount=2,
                UnhealthyThresholdCount=3,
                Matcher=Matcher(HttpCode="200"),
                TargetGroupAttributes=[
                    TargetGroupAttribute(Key="deregistration_delay.timeout_seconds", Value="30"),
                ],
                Tags=stack.tags("storefront"),
                Metadata=accepted(
                    CKV_AWS_378="The load balancer ends TLS, so that the containers never handle encryption "
                    "(narrative, step 4).",
                ),
            )
        )
        origin_certificate = stack.add_resource(certify("OriginCertificate", [domain, origin_name], zone))
        listener = stack.add_resource(
            Listener(
                "HttpsListener",
                LoadBalancerArn=Ref(balancer),
                Port=443,
                Protocol="HTTPS",
                SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06",
                Certificates=[ListenerCertificate(CertificateArn=Ref(origin_certificate))],
                DefaultActions=[
                    Action(
                        Type="fixed-response",
                        FixedResponseConfig=FixedResponseConfig(
                            StatusCode="403", ContentType="text/plain", MessageBody="Forbidden"
                        ),
                    )
                ],
            )
        )
        stack.add_resource(
            ListenerRule(
                "FromCloudFrontRule",
                ListenerArn=Ref(listener),
                Priority=1,
                Conditions=[
                    Condition(
                        Field="http-header",
                        HttpHeaderConfig=HttpHeaderConfig(HttpHeaderName=ORIGIN_HEADER, Values=accepted_values),
                    )
                ],
                Actions=[ListenerRuleAction(Type="forward", TargetGroupArn=Ref(targets))],
            )
        )
        distribution = stack.add_resource(
            Distribution(
                "Distribution",
                DistributionConfig=DistributionConfig(
                    Comment=Sub(names.PREFIX),
                    Enabled=True,
                    Aliases=[domain],
                    HttpVersion="http2and3",
                    IPV6Enabled=True,
                    WebACLId=either(has_acl, acl_arn),
                    ViewerCertificate=either(
                        has_certificate,
                        ViewerCertificate(
                            AcmCertificateArn=certificate_arn,
                            MinimumProtocolVersion="TLSv1.2_2021",
                            SslSupportMethod="sni-only",
                        ),
                    ),
                    Origins=[
                        Origin(
                            Id="storefront",
                            DomainName=origin_name,
                            CustomOriginConfig=CustomOriginConfig(
                                OriginProtocolPolicy="https-only",
                                OriginSSLProtocols=["TLSv1.2"],
                                OriginReadTimeout=30,
                                OriginKeepaliveTimeout=60,
                            ),
                            OriginCustomHeaders=[
                                OriginCustomHeader(HeaderName=ORIGIN_HEADER, HeaderValue=accepted_values[0])
                            ],
                        )
                    ],
                    Logging=Logging(
                        Bucket=GetAtt(edge_logs_bucket(stack, config), "RegionalDomainName"),
                        Prefix="cloudfront/",
                        IncludeCookies=False,
                    ),
                    **behaviours(stack, config),
                ),
                Tags=stack.tags("cdn"),
                Metadata=accepted(
                    CKV_AWS_174="It is TLSv1.2_2021; the check does not look into a condition.",
                    CKV_AWS_305="The storefront renders the front page itself; there is no object to name.",
                    CKV_AWS_310="One load balancer over two zones is the origin; a second one would be a second Region.",
                    CKV_AWS_374="Where the retailer sells is not ours to restrict.",
                ),
            )
        )
        for title, kind in (("ShopRecord", "A"), ("ShopRecordIpv6", "AAAA")):
            stack.add_resource(
                RecordSetType(
                    title,
                    HostedZoneId=zone,
                    Name=domain,
                    Type=kind,
                    AliasTarget=AliasTarget(
                        HostedZoneId=CLOUDFRONT_ZONE,
                        DNSName=GetAtt(distribution, "DomainName"),
                        EvaluateTargetHealth=False,
                    ),
                )
            )

    accelerator = accelerate(stack, is_accelerated, balancer)

    with stack.when(is_cdn):
        stack.add_resource(
            RecordSetType(
                "OriginRecord",
                HostedZoneId=zone,
                Name=origin_name,
                Type="A",
                AliasTarget=AliasTarget(
                    HostedZoneId=If(is_accelerated, ACCELERATOR_ZONE, GetAtt(balancer, "CanonicalHostedZoneID")),
                    DNSName=If(is_accelerated, GetAtt(accelerator, "DnsName"), GetAtt(balancer, "DNSName")),
                    EvaluateTargetHealth=False,
                ),
            )
        )
        load_balancer_alarms(stack, security, balancer, targets)
        return stack.export(
            Ingress,
            target_group_arn=Ref(targets),
            target_group_full_name=GetAtt(targets, "TargetGroupFullName"),
            load_balancer_full_name=GetAtt(balancer, "LoadBalancerFullName"),
            distribution_id=Ref(distribution),
        )


def origin_header_values(stack: Stack, security: Security) -> list[Any]:
    """The values of X-Origin-Verify that the load balancer accepts; the first is the one that CloudFront sends.

    To rotate without a 403, deploy three times: accept the new version besides, send it, drop the old (T94). The
    version's id in the reference is what tells CloudFormation that something changed (T20).
    """
    conditions = []
    for title, label, description in (
        (
            "OriginVerifyVersionId",
            "Version sent",
            "Version of the secret that CloudFront sends, if not the current.",
        ),
        (
            "OriginVerifyAcceptedVersionId",
            "Version accepted too",
            "Further version that the load balancer accepts.",
        ),
    ):
        _, condition = stack.optional(
            title, group=ROTATION, label=label, pattern="[A-Za-z0-9-]{32,64}", Description=description
        )
        conditions.append(condition)

    def reference(version: str) -> Sub:
        return Sub(
            "{{resolve:secretsmanager:${Secret}:SecretString" + version + "}}",
            Secret=security.origin_secret_arn,
        )

    return [
        If(conditions[0], reference(":::${OriginVerifyVersionId}"), reference("")),
        either(conditions[1], reference(":::${OriginVerifyAcceptedVersionId}")),
    ]


def behaviours(stack: Stack, config: Config) -> dict[str, Any]:
    """What CloudFront does with a request by its path; the first pattern that matches wins (T90)."""

    def kept(title: str, name: str, seconds: int, comment: str) -> CachePolicy:
        # Neither cookies nor headers reach the origin: what is cached for all must not be personal (T89).
        return stack.add_resource(
            CachePolicy(
                title,
                CachePolicyConfig=CachePolicyConfig(
                    Name=Sub(f"{names.PREFIX}-${{AWS::Region}}-{name}"),
                    Comment=comment,
                    MinTTL=0,
                    DefaultTTL=seconds,
                    MaxTTL=config.static_cache_seconds,
                    ParametersInCacheKeyAndForwardedToOrigin=ParametersInCacheKeyAndForwardedToOrigin(
                        CookiesConfig=CacheCookiesConfig(CookieBehavior="none"),
                        HeadersConfig=CacheHeadersConfig(HeaderBehavior="none"),
                        QueryStringsConfig=CacheQueryStringsConfig(QueryStringBehavior="none"),
                        EnableAcceptEncodingBrotli=True,
                        EnableAcceptEncodingGzip=True,
                    ),
                ),
            )
        )

    def headers(title: str, name: str, **more: Any) -> ResponseHeadersPolicy:
        return stack.add_resource(
            ResponseHeadersPolicy(
                title,
                ResponseHeadersPolicyConfig=ResponseHeadersPolicyConfig(
                    Name=Sub(f"{names.PREFIX}-${{AWS::Region}}-{name}"),
                    SecurityHeadersConfig=SecurityHeadersConfig(
                        ContentTypeOptions=ContentTypeOptions(Override=True),
                        FrameOptions=FrameOptions(FrameOption="DENY", Override=True),
                        ReferrerPolicy=ReferrerPolicy(ReferrerPolicy="strict-origin-when-cross-origin", Override=False),
                        StrictTransportSecurity=StrictTransportSecurity(
                            AccessControlMaxAgeSec=31_536_000, IncludeSubdomains=True, Override=True
                        ),
                    ),
                    **more,
                ),
            )
        )

    secure = headers("SecurityHeaders", "secure")
    for_a_year = headers(
        "StaticHeaders",
        "static",
        CustomHeadersConfig=CustomHeadersConfig(
            Items=[
                CustomHeader(
                    Header="Cache-Control",
                    Value=f"public, max-age={config.static_cache_seconds}, immutable",
                    Override=True,
                )
            ]
        ),
    )
    static = kept("StaticCachePolicy", "static", config.static_cache_seconds, "Files whose names change when they do")
    images = kept("ImagesCachePolicy", "images", config.image_cache_seconds, "Product photos and banners")

    everything = ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]
    reading = ["GET", "HEAD", "OPTIONS"]
    common: dict[str, Any] = {"TargetOriginId": "storefront", "Compress": True}
    uncached = {
        **common,
        "AllowedMethods": everything,
        "CachePolicyId": CACHING_DISABLED,
        "OriginRequestPolicyId": ALL_VIEWER,
        "ResponseHeadersPolicyId": Ref(secure),
    }
    cached = {**common, "AllowedMethods": reading, "ViewerProtocolPolicy": "redirect-to-https"}
    return {
        "CacheBehaviors": [
            CacheBehavior(PathPattern="/api/*", ViewerProtocolPolicy="https-only", **uncached),
            CacheBehavior(
                PathPattern="/static/*",
                CachePolicyId=Ref(static),
                ResponseHeadersPolicyId=Ref(for_a_year),
                **cached,
            ),
            CacheBehavior(
                PathPattern="/images/*",
                CachePolicyId=Ref(images),
                ResponseHeadersPolicyId=Ref(secure),
                **cached,
            ),
        ],
        "DefaultCacheBehavior": DefaultCacheBehavior(ViewerProtocolPolicy="redirect-to-https", **uncached),
    }


def edge_logs_bucket(stack: Stack, config: Config) -> Any:
    """CloudFront's logs need a bucket with ACLs, so one of their own (T63)."""
    bucket = stack.add_resource(
        buckets.bucket(
            "EdgeLogsBucket",
            encryption=buckets.BY_S3,
            ownership="BucketOwnerPreferred",
            rules=[LifecycleRule(Id="Expire", Status="Enabled", ExpirationInDays=config.log_retention_days)],
            tags=stack.tags("edge-logs"),
            Metadata=buckets.LOG_OF_LOGS,
        )
    )
    stack.add_resource(buckets.bucket_policy(bucket))
    return bucket


def accelerate(stack: Stack, is_accelerated: str, balancer: LoadBalancer) -> Accelerator:
    """Two anycast addresses in front of the load balancer. They cannot stand before CloudFront (T101)."""
    with stack.when(is_accelerated):
        accelerator = stack.add_resource(
            Accelerator(
                "GlobalAccelerator",
                Name=Sub(f"{names.PREFIX}-${{AWS::Region}}"),
                Enabled=True,
                IpAddressType="IPV4",
                Tags=stack.tags("accelerator"),
            )
        )
        listener = stack.add_resource(
            AcceleratorListener(
                "AcceleratorListener",
                AcceleratorArn=Ref(accelerator),
                Protocol="TCP",
                PortRanges=[PortRange(FromPort=443, ToPort=443)],
            )
        )
        # The client's address must survive, or the load balancer's group, which knows CloudFront's, drops all (T102).
        stack.add_resource(
            EndpointGroup(
                "AcceleratorEndpoints",
                ListenerArn=Ref(listener),
                EndpointGroupRegion=Ref("AWS::Region"),
                EndpointConfigurations=[
                    EndpointConfiguration(EndpointId=Ref(balancer), ClientIPPreservationEnabled=True)
                ],
            )
        )
    return accelerator


def load_balancer_alarms(stack: Stack, security: Security, balancer: LoadBalancer, targets: TargetGroup) -> None:
    """What is wrong at the front door."""
    both_names = {
        "LoadBalancer": GetAtt(balancer, "LoadBalancerFullName"),
        "TargetGroup": GetAtt(targets, "TargetGroupFullName"),
    }
    whole = {"LoadBalancer": both_names["LoadBalancer"]}
    for title, description, metric, dimensions, options in (
        (
            "LoadBalancerErrorsTooMany",
            "The load balancer itself answers with 5xx: no healthy task takes the request, or it takes too long.",
            "HTTPCode_ELB_5XX_Count",
            whole,
            {"threshold": 10, "times": 3},
        ),
        (
            "StorefrontErrorsTooMany",
            "The storefront answers with 5xx.",
            "HTTPCode_Target_5XX_Count",
            both_names,
            {"threshold": 10, "times": 3},
        ),
        (
            "StorefrontTasksUnhealthy",
            "A task fails its health check.",
            "UnHealthyHostCount",
            both_names,
            {"threshold": 0, "times": 5, "statistic": "Maximum"},
        ),
        (
            "StorefrontTooSlow",
            "One request in a hundred takes longer than two seconds.",
            "TargetResponseTime",
            both_names,
            {"threshold": 2, "times": 5, "statistic": "p99"},
        ),
    ):
        stack.add_resource(
            alarms.alarm(
                title,
                description,
                topic_arn=security.operations_topic_arn,
                namespace="AWS/ApplicationELB",
                metric=metric,
                dimensions=dimensions,
                **options,  # type: ignore[arg-type]  # each value has the type of its keyword
            )
        )
