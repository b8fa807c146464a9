"""03 Ingress: the front door. First, in us-east-1, the web ACL and the viewer's certificate; then, in the primary
Region, CloudFront, and a load balancer that answers to nobody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from troposphere import And, Equals, GetAtt, If, Ref, Sub
from troposphere.certificatemanager import Certificate, DomainValidationOption
from troposphere.cloudfront import (
    CustomOriginConfig,
    Distribution,
    DistributionConfig,
    Logging,
    Origin,
    OriginCustomHeader,
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
from retail.blocks import alarms, buckets, edge, firewall
from retail.config import Config
from retail.stack import Stack, Value, accepted, both, either
from templates.networking import Networking
from templates.security import Security

SHOP = "The shop's name"
FIRST_PHASE = "From the first phase"
FEATURES = "Features"
ROTATION = "Rotating X-Origin-Verify"

ORIGIN_HEADER = "X-Origin-Verify"

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
        # RFC 5280's common name, by which ACM issues the certificate.
        MaxLength=64,
        ConstraintDescription="a domain name in lower case of 64 letters at the most, such as store.example.com",
    )
    zone = stack.parameter(
        "HostedZoneId",
        group=SHOP,
        label="Hosted zone",
        Description="Id of the public Route 53 zone of the name, already delegated to: certificates wait for it.",
        AllowedPattern="Z[A-Z0-9]{1,31}",
        ConstraintDescription="the id of a hosted zone, such as Z0123456789ABCDEFGHIJ",
    )

    with stack.when(is_waf):
        web_acl(stack, config)
        certificate = stack.add_resource(certify("ViewerCertificate", [domain], zone))
        stack.output("ViewerCertificateArn", Description="For the second phase.", Value=Ref(certificate))

    origin_name = Sub("origin.${DomainName}")
    with stack.when(is_cdn):
        balancer = load_balancer(stack, networking, security)
        targets = storefront_targets(stack, config, networking)
        header_values = origin_header_values(stack, security)
        origin_certificate = stack.add_resource(certify("OriginCertificate", [domain, origin_name], zone))
        listen(stack, balancer, targets, origin_certificate, header_values)
        cdn = distribution(stack, config, security, domain, origin_name, header_values[0])
        shop_records(stack, domain, zone, cdn)
        origin_record(stack, origin_name, zone, balancer)
        load_balancer_alarms(stack, security, balancer, targets)
        return stack, stack.export(
            Ingress,
            target_group_arn=Ref(targets),
            target_group_full_name=GetAtt(targets, "TargetGroupFullName"),
            load_balancer_full_name=GetAtt(balancer, "LoadBalancerFullName"),
            distribution_id=Ref(cdn),
        )


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


def load_balancer(stack: Stack, networking: Networking, security: Security) -> LoadBalancer:
    """The load balancer in the public subnets."""
    protection = stack.parameter(
        "DeletionProtection",
        group=FEATURES,
        label="Deletion protection",
        Description="Whether the load balancer refuses to be deleted.",
        AllowedValues=["true", "false"],
        Default="true",
    )
    return stack.add_resource(
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


def storefront_targets(stack: Stack, config: Config, networking: Networking) -> TargetGroup:
    """Where the storefront's tasks register.

    Port, protocol and VPC are for ever (T98). The health path needs no dependency: the tasks run before the database
    does (T113).
    """
    return stack.add_resource(
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


def origin_header_values(stack: Stack, security: Security) -> list[Any]:
    """The values of X-Origin-Verify that the load balancer accepts; the first is the one that CloudFront sends.

    To rotate without a 403, deploy three times: accept the new version too; send it and accept the old one too, as
    edges send that for minutes; accept no other (T94). The version's id in the reference is what tells CloudFormation
    that something changed (T20).
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


def listen(
    stack: Stack, balancer: LoadBalancer, targets: TargetGroup, certificate: Certificate, header_values: list[Any]
) -> None:
    """HTTPS, and 403 for whoever does not bring the header that CloudFront adds."""
    listener = stack.add_resource(
        Listener(
            "HttpsListener",
            LoadBalancerArn=Ref(balancer),
            Port=443,
            Protocol="HTTPS",
            SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06",
            Certificates=[ListenerCertificate(CertificateArn=Ref(certificate))],
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
                    HttpHeaderConfig=HttpHeaderConfig(HttpHeaderName=ORIGIN_HEADER, Values=header_values),
                )
            ],
            Actions=[ListenerRuleAction(Type="forward", TargetGroupArn=Ref(targets))],
        )
    )


def distribution(
    stack: Stack, config: Config, security: Security, domain: Ref, origin_name: Value, header_value: Value
) -> Distribution:
    """CloudFront under the shop's name, with what the first phase made."""
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
    return stack.add_resource(
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
                        Id=edge.ORIGIN,
                        DomainName=origin_name,
                        CustomOriginConfig=CustomOriginConfig(
                            OriginProtocolPolicy="https-only",
                            OriginSSLProtocols=["TLSv1.2"],
                            OriginReadTimeout=30,
                            # Below the load balancer's 60 seconds, or both may close at once: a 502.
                            OriginKeepaliveTimeout=55,
                        ),
                        OriginCustomHeaders=[OriginCustomHeader(HeaderName=ORIGIN_HEADER, HeaderValue=header_value)],
                    )
                ],
                Logging=Logging(
                    Bucket=GetAtt(edge_logs_bucket(stack, config, security), "RegionalDomainName"),
                    Prefix="cloudfront/",
                    IncludeCookies=False,
                ),
                **edge.behaviours(stack, config),
            ),
            Tags=stack.tags("cdn"),
            Metadata=accepted(
                CKV_AWS_174="It is TLSv1.2_2021; the check does not look into a condition.",
                CKV_AWS_305="The storefront renders the front page itself; there is no object to name.",
                CKV_AWS_310="The origin is one load balancer over two zones; another would be another Region.",
                CKV_AWS_374="Where the retailer sells is not ours to restrict.",
            ),
        )
    )


def edge_logs_bucket(stack: Stack, config: Config, security: Security) -> Any:
    """CloudFront's logs need a bucket with ACLs, so one of their own (T63)."""
    bucket = stack.add_resource(
        buckets.bucket(
            "EdgeLogsBucket",
            encryption=buckets.under_key(security.key_arn),
            ownership="BucketOwnerPreferred",
            rules=[LifecycleRule(Id="Expire", Status="Enabled", ExpirationInDays=config.log_retention_days)],
            tags=stack.tags("edge-logs"),
            Metadata=buckets.LOG_OF_LOGS,
        )
    )
    stack.add_resource(buckets.bucket_policy(bucket))
    return bucket


def shop_records(stack: Stack, domain: Ref, zone: Ref, cdn: Distribution) -> None:
    """The shop's name leads to CloudFront, by IPv4 and IPv6 (T99)."""
    for title, kind in (("ShopRecord", "A"), ("ShopRecordIpv6", "AAAA")):
        stack.add_resource(
            RecordSetType(
                title,
                HostedZoneId=zone,
                Name=domain,
                Type=kind,
                AliasTarget=AliasTarget(
                    HostedZoneId=CLOUDFRONT_ZONE,
                    DNSName=GetAtt(cdn, "DomainName"),
                    EvaluateTargetHealth=False,
                ),
            )
        )


def origin_record(stack: Stack, origin_name: Value, zone: Ref, balancer: LoadBalancer) -> None:
    """The origin's name leads to the load balancer, by Global Accelerator if that is enabled."""
    stack.switch(
        "GlobalAccelerator",
        default=True,
        group=FEATURES,
        label="Global Accelerator",
        Description="Let CloudFront reach the load balancer by Global Accelerator's anycast addresses.",
    )
    is_accelerated = stack.condition("IsAccelerated", And(*both("IsCdn", "HasGlobalAccelerator")))
    accelerator = accelerate(stack, is_accelerated, balancer)
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
    """What is wrong at the front door.

    Errors are told by their share, so that a quiet night counts as much as a sale. What the load balancer answers
    itself is no request of its count, which knows only those that a task was chosen for.
    """
    whole = {"LoadBalancer": GetAtt(balancer, "LoadBalancerFullName")}
    door, tasks = (
        alarms.Watched(topic_arn=security.operations_topic_arn, namespace="AWS/ApplicationELB", dimensions=dimensions)
        for dimensions in (whole, {**whole, "TargetGroup": GetAtt(targets, "TargetGroupFullName")})
    )
    unanswered = "100 * answers / (answers + FILL(requests, 0))"
    stack.add_resource(
        [
            door.calculated(
                "LoadBalancerErrorsTooMany",
                "The load balancer itself answers with 5xx: no healthy task takes the request, or it takes too long.",
                unanswered,
                of={"answers": ("HTTPCode_ELB_5XX_Count", {}), "requests": ("RequestCount", {})},
                runbook="load-balancer-errors",
                threshold=1,
                times=5,
                within=10,
            ),
            door.calculated(
                "LoadBalancerRefusalsTooMany",
                "The load balancer answers with 403: CloudFront's X-Origin-Verify is not the one that it accepts, and "
                "the shop is closed.",
                unanswered,
                of={"answers": ("HTTP_Fixed_Response_Count", {}), "requests": ("RequestCount", {})},
                runbook="load-balancer-refusals",
                threshold=20,
                times=5,
                within=10,
            ),
            tasks.calculated(
                "StorefrontErrorsTooMany",
                "The storefront answers with 5xx.",
                "100 * errors / requests",
                of={"errors": ("HTTPCode_Target_5XX_Count", {}), "requests": ("RequestCount", {})},
                runbook="storefront-errors",
                threshold=1,
                times=5,
                within=10,
            ),
            tasks.alarm(
                "StorefrontTasksUnhealthy",
                "A task fails its health check.",
                "UnHealthyHostCount",
                runbook="storefront-unhealthy",
                statistic="Maximum",
                threshold=0,
                times=5,
            ),
            tasks.alarm(
                "StorefrontTooSlow",
                "One request in a hundred takes longer than two seconds.",
                "TargetResponseTime",
                runbook="storefront-slow",
                statistic="p99",
                threshold=2,
                times=5,
            ),
        ]
    )
