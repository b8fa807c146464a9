"""02 Security: one key for all data at rest, tier to tier only, and alarms that reach somebody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.emitted import FILES, everywhere, find, granted, imported, properties, resources, statements, template

STACK = "02-security"
OWN_KEY = {"Fn::GetAtt": ["Key", "Arn"]}
KEY = imported("security-KeyArn")
TRAIL = {
    "Fn::Sub": "arn:${AWS::Partition}:cloudtrail:${AWS::Region}:${AWS::AccountId}:trail/${Project}-${Environment}-trail"
}
THIS_ACCOUNT = {"StringEquals": {"aws:SourceAccount": {"Fn::Sub": "${AWS::AccountId}"}}}

KEYS_OF_STORES = {
    "AWS::Logs::LogGroup": "KmsKeyId",
    "AWS::SQS::Queue": "KmsMasterKeyId",
    "AWS::SNS::Topic": "KmsMasterKeyId",
    "AWS::Events::EventBus": "KmsKeyIdentifier",
    "AWS::Events::Archive": "KmsKeyIdentifier",
    "AWS::RDS::DBCluster": "KmsKeyId",
    "AWS::ElastiCache::ServerlessCache": "KmsKeyId",
    "AWS::DynamoDB::Table": "SSESpecification.KMSMasterKeyId",
    "AWS::Backup::BackupVault": "EncryptionKeyArn",
    "AWS::SecretsManager::Secret": "KmsKeyId",
    "AWS::ECR::Repository": "EncryptionConfiguration.KmsKey",
    "AWS::Lambda::Function": "KmsKeyArn",
    "AWS::CloudTrail::Trail": "KMSKeyId",
    "AWS::Athena::WorkGroup": "WorkGroupConfiguration.ResultConfiguration.EncryptionConfiguration.KmsKey",
    "AWS::RedshiftServerless::Namespace": "KmsKeyId",
}
NOT_UNDER_THE_KEY = {
    "FlowLogs": "made before the key; under it on the second pass (T35)",
    "WebAclLogs": "stands in us-east-1; under the key if the platform does too (T49)",
    "LogsBucket": "the writers of the load balancer's and S3's access logs demand S3's own encryption (T62)",
}

DESCRIPTIONS = {
    "EndpointSecurityGroup": "Interface endpoints: HTTPS from inside the VPC",
    "AlbSecurityGroup": "Load balancer: HTTPS from CloudFront",
    "ServiceSecurityGroup": "Storefront tasks: from the load balancer",
    "FunctionSecurityGroup": "Functions in the VPC: from nobody",
    "DatabaseSecurityGroup": "Aurora: from tasks and functions",
    "CacheSecurityGroup": "ElastiCache: from tasks and functions",
    "WarehouseSecurityGroup": "Redshift: from its clients",
    "WarehouseClientSecurityGroup": "Held by whoever queries the warehouse",
}
HEARS = {
    "AlbSecurityGroup": {("CloudFrontPrefixListId", 443, 443)},
    "ServiceSecurityGroup": {("AlbSecurityGroup", 8080, 8080)},
    "FunctionSecurityGroup": set(),
    "DatabaseSecurityGroup": {("ServiceSecurityGroup", 5432, 5432), ("FunctionSecurityGroup", 5432, 5432)},
    "CacheSecurityGroup": {("ServiceSecurityGroup", 6379, 6380), ("FunctionSecurityGroup", 6379, 6380)},
    "WarehouseSecurityGroup": {("WarehouseClientSecurityGroup", 5439, 5439)},
    "WarehouseClientSecurityGroup": set(),
}
REACHES = {
    "AlbSecurityGroup": {("ServiceSecurityGroup", 8080, 8080)},
    "ServiceSecurityGroup": {
        ("DatabaseSecurityGroup", 5432, 5432),
        ("CacheSecurityGroup", 6379, 6380),
        ("0.0.0.0/0", 443, 443),
    },
    "FunctionSecurityGroup": {
        ("DatabaseSecurityGroup", 5432, 5432),
        ("CacheSecurityGroup", 6379, 6380),
        ("0.0.0.0/0", 443, 443),
    },
    "DatabaseSecurityGroup": set(),
    "CacheSecurityGroup": set(),
    "WarehouseSecurityGroup": {("0.0.0.0/0", 443, 443)},
    "WarehouseClientSecurityGroup": {("WarehouseSecurityGroup", 5439, 5439)},
}
TRUSTED = {
    "FlowLogsRole": {"vpc-flow-logs.amazonaws.com"},
    "ExecutionRole": {"ecs-tasks.amazonaws.com"},
    "TaskRole": {"ecs-tasks.amazonaws.com"},
    "BackupRole": {"backup.amazonaws.com"},
    "OrderProcessorRole": {"lambda.amazonaws.com"},
    "InventoryHandlerRole": {"lambda.amazonaws.com"},
    "NotificationRole": {"lambda.amazonaws.com"},
    "CrawlerTriggerRole": {"lambda.amazonaws.com"},
    "CrawlerRole": {"glue.amazonaws.com"},
    "CurateRole": {"glue.amazonaws.com"},
    "WarehouseRole": {"redshift-serverless.amazonaws.com", "redshift.amazonaws.com"},
}
WITHOUT_RESOURCE = {
    "ecr:GetAuthorizationToken",
    "glue:GetSecurityConfiguration",
    "cloudwatch:PutMetricData",
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
}
WRONG = (
    "Failing",
    "Throttled",
    "NotEmpty",
    "TooOld",
    "TooMany",
    "TooFew",
    "TooHigh",
    "TooSlow",
    "Unhealthy",
    "Exhausted",
    "Lagging",
    "Oversold",
)


def _stores() -> Iterator[Any]:
    """Every store and log of the platform: its id, and the key that it names."""
    for kind, path in KEYS_OF_STORES.items():
        for _, logical_id, settings in everywhere(kind):
            value: Any = settings
            for part in path.split("."):
                value = value.get(part, {})
            yield pytest.param(logical_id, value, id=logical_id)
    for _, logical_id, settings in everywhere("AWS::S3::Bucket"):
        (rule,) = settings["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        yield pytest.param(logical_id, rule["ServerSideEncryptionByDefault"].get("KMSMasterKeyID"), id=logical_id)


def _key_statements(service: str | dict[str, str]) -> list[dict[str, Any]]:
    """What the key's policy allows a service."""
    policy = properties(STACK, "Key")["KeyPolicy"]
    return [part for part in statements(policy) if part["Principal"].get("Service") == service]


def _group(reference: dict[str, Any]) -> str:
    """The group that a rule belongs to or names."""
    logical_id, attribute = reference["Fn::GetAtt"]
    assert attribute == "GroupId"
    return str(logical_id)


def _rules(kind: str, group: str) -> set[tuple[str, int, int]]:
    """The other ends and ports of a group's rules in one direction."""
    found = set()
    for _, _, rule in everywhere(f"AWS::EC2::SecurityGroup{kind}"):
        if _group(rule["GroupId"]) != group:
            continue
        assert rule["IpProtocol"] == "tcp"
        other = rule.get("SourceSecurityGroupId") or rule.get("DestinationSecurityGroupId")
        listed = rule.get("SourcePrefixListId", {}).get("Ref")
        found.add((_group(other) if other else listed or rule["CidrIp"], rule["FromPort"], rule["ToPort"]))
    return found


def _roles() -> Iterator[Any]:
    for file, logical_id, _ in everywhere("AWS::IAM::Role"):
        yield pytest.param(file, logical_id, id=logical_id)


def _alarms() -> Iterator[Any]:
    for file, logical_id, settings in everywhere("AWS::CloudWatch::Alarm"):
        yield pytest.param(file, settings, id=logical_id)


def _bucket_statement(principal: str, action: str) -> dict[str, Any]:
    (found,) = [
        part
        for part in statements(properties(STACK, "LogsBucketPolicy")["PolicyDocument"])
        if part["Principal"] == {"Service": principal} and part["Action"] == [action]
    ]
    return found


@pytest.mark.parametrize(("logical_id", "key"), [store for store in _stores() if store.id not in NOT_UNDER_THE_KEY])
def test_every_store_and_log_names_the_one_key(logical_id: str, key: Any) -> None:
    """The narrative's single key, but for the exceptions that AWS forces (T228)."""
    assert key in (KEY, OWN_KEY, {"Ref": "Key"})


@pytest.mark.parametrize("logical_id", NOT_UNDER_THE_KEY)
def test_no_store_is_an_exception_that_could_name_the_key_like_the_others(logical_id: str) -> None:
    """T35, T49, T62: an exception that has lost its reason must leave the table."""
    (key,) = [store.values[1] for store in _stores() if store.id == logical_id]
    assert key not in (KEY, OWN_KEY, {"Ref": "Key"})


def test_there_is_one_key_and_no_other() -> None:
    kinds = ("AWS::KMS::Key", "AWS::KMS::ReplicaKey")
    assert [(file, name) for kind in kinds for file, name, _ in everywhere(kind)] == [(STACK, "Key")]
    assert template(STACK)["Outputs"]["KeyArn"]["Value"] == OWN_KEY


def test_the_key_rotates_every_year() -> None:
    """T48."""
    key = properties(STACK, "Key")
    assert (key["EnableKeyRotation"], key["RotationPeriodInDays"]) == (True, 365)


def test_a_deleted_key_can_be_called_back_for_thirty_days() -> None:
    """T213, T214."""
    assert properties(STACK, "Key")["PendingWindowInDays"] == 30


def test_the_account_itself_governs_the_key() -> None:
    """T39: or IAM policies do nothing, and nobody can mend the key's policy."""
    policy = properties(STACK, "Key")["KeyPolicy"]
    root = {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}
    (owner,) = [part for part in statements(policy) if part["Principal"] == root]
    assert (owner["Effect"], owner["Action"], owner["Resource"]) == ("Allow", ["kms:*"], ["*"])


def test_log_groups_of_this_account_use_the_key_and_no_others() -> None:
    """T40."""
    (allowed,) = _key_statements({"Fn::Sub": "logs.${AWS::Region}.amazonaws.com"})
    wanted = {"kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"}
    assert set(allowed["Action"]) == wanted
    groups = {"Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:*"}
    assert allowed["Condition"] == {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}}


def test_rules_can_put_events_into_encrypted_queues_and_topics() -> None:
    """T41, T42: without a condition, as EventBridge sends none of the keys that one could ask for."""
    (plain,) = [part for part in _key_statements("events.amazonaws.com") if "Condition" not in part]
    assert set(plain["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey*", "kms:DescribeKey"}


def test_the_bus_and_its_archive_use_the_key_for_that_bus() -> None:
    """T42, T47: the archive's context is the bus's too."""
    (bound,) = [part for part in _key_statements("events.amazonaws.com") if "Condition" in part]
    assert set(bound["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey", "kms:ReEncrypt*"}
    (bus,) = find(bound["Condition"]["StringEquals"], "kms:EncryptionContext:aws:events:event-bus:arn")
    name = properties("06-events", "RetailEventBus")["Name"]["Fn::Sub"]
    arn = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/"
    assert bus == {"Fn::Sub": arn + name}


def test_alarms_of_this_account_reach_the_encrypted_topic() -> None:
    """T44: else the alarm changes its state and nobody is told."""
    (allowed,) = _key_statements("cloudwatch.amazonaws.com")
    assert set(allowed["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey*"}
    assert allowed["Condition"] == THIS_ACCOUNT


def test_the_audit_trail_encrypts_under_the_key_for_this_trail_only() -> None:
    """T45."""
    (encrypting,) = [
        part for part in _key_statements("cloudtrail.amazonaws.com") if part["Action"] == ["kms:GenerateDataKey*"]
    ]
    trails = {"Fn::Sub": "arn:${AWS::Partition}:cloudtrail:*:${AWS::AccountId}:trail/*"}
    assert encrypting["Condition"] == {
        "StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": trails},
        "StringEquals": {"aws:SourceArn": TRAIL},
    }
    described = [part["Action"] for part in _key_statements("cloudtrail.amazonaws.com")]
    assert any("kms:DescribeKey" in actions for actions in described)


def test_no_other_service_is_admitted_to_the_key() -> None:
    """T39-T46: roles of the account have their own policies, and databases ask for grants."""
    policy = properties(STACK, "Key")["KeyPolicy"]
    services = [part["Principal"]["Service"] for part in statements(policy) if "Service" in part["Principal"]]
    named = {service if isinstance(service, str) else service["Fn::Sub"] for service in services}
    assert named == {
        "logs.${AWS::Region}.amazonaws.com",
        "events.amazonaws.com",
        "cloudwatch.amazonaws.com",
        "cloudtrail.amazonaws.com",
        "delivery.logs.amazonaws.com",
    }
    assert not any("*" in str(part["Principal"]) for part in statements(policy))


def test_nobody_on_the_internet_is_let_into_any_security_group() -> None:
    inline = [
        rule for _, _, group in everywhere("AWS::EC2::SecurityGroup") for rule in group.get("SecurityGroupIngress", [])
    ]
    apart = [rule for _, _, rule in everywhere("AWS::EC2::SecurityGroupIngress")]
    addresses = [rule[kind] for rule in inline + apart for kind in ("CidrIp", "CidrIpv6") if kind in rule]
    assert all(address == {"Fn::GetAtt": ["Vpc", "CidrBlock"]} for address in addresses)


@pytest.mark.parametrize("group", HEARS)
def test_each_tier_hears_only_the_tiers_before_it(group: str) -> None:
    """T58, T60, T143: the load balancer hears CloudFront's addresses alone, on 443 alone."""
    assert _rules("Ingress", group) == HEARS[group]


@pytest.mark.parametrize("group", REACHES)
def test_each_tier_reaches_only_what_it_must(group: str) -> None:
    """T57."""
    assert _rules("Egress", group) == REACHES[group]


@pytest.mark.parametrize("group", DESCRIPTIONS)
def test_no_group_keeps_the_way_out_that_aws_gives_by_default(group: str) -> None:
    """T57: an address that leads nowhere takes it away."""
    (settings,) = [found for _, name, found in everywhere("AWS::EC2::SecurityGroup") if name == group]
    assert [rule["CidrIp"] for rule in settings["SecurityGroupEgress"]] == ["127.0.0.1/32"]


def test_the_rules_between_groups_stand_apart_from_them() -> None:
    """T56: or the groups would wait for one another."""
    groups = resources(STACK, "AWS::EC2::SecurityGroup").values()
    assert not any("SecurityGroupIngress" in group["Properties"] for group in groups)
    assert not any(list(find(group["Properties"], "Fn::GetAtt")) for group in groups)


def test_ec2_takes_every_description_of_a_security_group_and_of_its_rules() -> None:
    """EC2 knows letters, digits and a few signs, no apostrophe, up to 255; no linter looks at it."""
    parts = ("AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress")
    texts = [
        text
        for part in parts
        for _, _, settings in everywhere(part)
        for key in ("Description", "GroupDescription")
        for text in find(settings, key)
    ]
    assert {"Load balancer: HTTPS from CloudFront", "HTTPS from the origin-facing addresses of CloudFront"} <= {*texts}
    assert [text for text in texts if not re.fullmatch(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}", text)] == []


def test_the_descriptions_of_the_groups_never_change() -> None:
    """T7: a new description is a new group with a new id, which later stacks have imported."""
    groups = {name: group["GroupDescription"] for _, name, group in everywhere("AWS::EC2::SecurityGroup")}
    assert groups == DESCRIPTIONS


def test_the_database_secret_is_generated_as_on_the_first_day() -> None:
    """T50-T52: any change makes a new password, which the database does not learn."""
    assert properties(STACK, "DatabaseSecret")["GenerateSecretString"] == {
        "SecretStringTemplate": '{"username": "retailadmin"}',
        "GenerateStringKey": "password",
        "PasswordLength": 32,
        "ExcludeCharacters": "/@\"\\'` ",
    }


def test_the_origin_secret_is_generated_as_on_the_first_day_and_holds_no_wildcard() -> None:
    """T51, T55: the load balancer would read an asterisk as anything."""
    generated = properties(STACK, "OriginSecret")["GenerateSecretString"]
    assert generated == {"PasswordLength": 48, "ExcludePunctuation": True}


@pytest.mark.parametrize("secret", ["DatabaseSecret", "OriginSecret"])
def test_a_secret_takes_no_name_that_a_partial_arn_could_match(secret: str) -> None:
    """T53, T54: nor one that clashes when the stack is made again."""
    assert "Name" not in properties(STACK, secret)


def test_access_logs_can_be_written_to_the_logs_bucket() -> None:
    """T62: the one store that must not name the key."""
    (rule,) = properties(STACK, "LogsBucket")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


@pytest.mark.parametrize(
    ("service", "prefix"),
    [
        ("logdelivery.elasticloadbalancing.amazonaws.com", "alb/AWSLogs/${AWS::AccountId}/"),
        ("logging.s3.amazonaws.com", "s3/"),
        ("cloudtrail.amazonaws.com", "AWSLogs/${AWS::AccountId}/"),
    ],
)
def test_each_writer_of_logs_keeps_to_its_prefix(service: str, prefix: str) -> None:
    """T64, T65."""
    bucket = {"Bucket": {"Fn::GetAtt": ["LogsBucket", "Arn"]}}
    allowed = _bucket_statement(service, "s3:PutObject")
    assert allowed["Resource"] == [{"Fn::Sub": [f"${{Bucket}}/{prefix}*", bucket]}]


@pytest.mark.parametrize("action", ["s3:GetBucketAcl", "s3:PutObject"])
def test_the_logs_bucket_admits_this_trail_and_no_other(action: str) -> None:
    """T65."""
    condition = _bucket_statement("cloudtrail.amazonaws.com", action)["Condition"]
    assert condition["StringEquals"]["aws:SourceArn"] == TRAIL


def test_the_trail_records_every_region_and_can_prove_it_was_not_altered() -> None:
    """T65."""
    trail = properties(STACK, "Trail")
    wanted = ("IsLogging", "IsMultiRegionTrail", "IncludeGlobalServiceEvents", "EnableLogFileValidation")
    assert [trail[setting] for setting in wanted] == [True, True, True, True]
    assert trail["S3BucketName"] == {"Ref": "LogsBucket"}


def test_the_trail_waits_for_the_bucket_policy_that_names_it() -> None:
    """T23, T65."""
    assert resources(STACK)["Trail"]["DependsOn"] == "LogsBucketPolicy"
    assert TRAIL["Fn::Sub"].endswith(":trail/" + properties(STACK, "Trail")["TrailName"]["Fn::Sub"])


@pytest.mark.parametrize("service", ["cloudwatch.amazonaws.com", "events.amazonaws.com"])
def test_alarms_and_rules_may_publish_to_the_operations_topic(service: str) -> None:
    """T44, T66."""
    policy = properties(STACK, "OperationsTopicPolicy")
    allowed = [part for part in statements(policy["PolicyDocument"]) if part["Effect"] == "Allow"]
    (published,) = [part for part in allowed if part["Principal"] == {"Service": service}]
    assert (published["Action"], published["Resource"]) == (["sns:Publish"], [{"Ref": "OperationsTopic"}])
    assert policy["Topics"] == [{"Ref": "OperationsTopic"}]


def test_no_condition_of_the_topic_stands_between_a_rule_and_the_operators() -> None:
    """EventBridge would drop the message without a word."""
    allowed = statements(properties(STACK, "OperationsTopicPolicy")["PolicyDocument"])
    (rules,) = [part for part in allowed if part["Principal"] == {"Service": "events.amazonaws.com"}]
    assert "Condition" not in rules


def test_operators_are_mailed_if_they_give_an_address() -> None:
    subscription = resources(STACK)["OperationsEmailSubscription"]
    assert subscription["Condition"] == "HasOperationsEmail"
    sent = subscription["Properties"]
    assert (sent["TopicArn"], sent["Protocol"]) == ({"Ref": "OperationsTopic"}, "email")
    assert sent["Endpoint"] == {"Ref": "OperationsEmail"}


@pytest.mark.parametrize(("file", "alarm"), list(_alarms()))
def test_every_alarm_tells_the_operations_topic_when_it_begins_and_when_it_ends(
    file: str, alarm: dict[str, Any]
) -> None:
    """T66."""
    topic = {"Ref": "OperationsTopic"} if file == STACK else imported("security-OperationsTopicArn")
    assert (alarm["AlarmActions"], alarm["OKActions"]) == ([topic], [topic])
    assert alarm.get("ActionsEnabled", True) is True


def test_every_alarm_says_what_is_wrong_in_its_name() -> None:
    names = [name for _, name, _ in everywhere("AWS::CloudWatch::Alarm")]
    assert [name for name in names if not name.endswith(WRONG)] == []


@pytest.mark.parametrize(("alarm", "place"), [("NatAPortAllocationFailing", 0), ("NatBPortAllocationFailing", 1)])
def test_an_alarm_tells_when_a_nat_gateway_has_no_port_left(alarm: str, place: int) -> None:
    settings = properties(STACK, alarm)
    assert (settings["Namespace"], settings["MetricName"]) == ("AWS/NATGateway", "ErrorPortAllocation")
    gateways = {"Fn::Split": [",", imported("networking-NatGatewayIds")]}
    assert settings["Dimensions"] == [{"Name": "NatGatewayId", "Value": {"Fn::Select": [place, gateways]}}]
    assert (settings["ComparisonOperator"], settings["Threshold"]) == ("GreaterThanThreshold", 0)


def test_each_role_trusts_the_one_service_that_takes_it() -> None:
    trusted = {
        logical_id: {part["Principal"]["Service"] for part in statements(settings["AssumeRolePolicyDocument"])}
        for _, logical_id, settings in everywhere("AWS::IAM::Role")
    }
    assert trusted == TRUSTED


@pytest.mark.parametrize(("file", "role"), list(_roles()))
def test_no_role_is_given_a_whole_service(file: str, role: str) -> None:
    assert not any("*" in action for part in granted(file, role) for action in part["Action"])
    assert not any("NotAction" in part or "NotResource" in part for part in granted(file, role))


@pytest.mark.parametrize(("file", "role"), list(_roles()))
def test_a_role_names_what_it_touches_wherever_iam_knows_a_name(file: str, role: str) -> None:
    everything = {action for part in granted(file, role) if "*" in part["Resource"] for action in part["Action"]}
    assert everything <= WITHOUT_RESOURCE


@pytest.mark.parametrize(("file", "role"), list(_roles()))
def test_a_role_takes_no_name_that_a_second_copy_would_take_too(file: str, role: str) -> None:
    """T9: roles are one list for the whole account."""
    assert "RoleName" not in properties(file, role)


def test_figures_are_published_in_the_services_own_namespace_only() -> None:
    """PutMetricData knows no resource, so the namespace bounds it."""
    bounds = {
        role: part.get("Condition")
        for file, role, _ in everywhere("AWS::IAM::Role")
        for part in granted(file, role)
        if "cloudwatch:PutMetricData" in part["Action"]
    }
    own = {"StringEquals": {"cloudwatch:namespace": "Glue"}}
    assert bounds == {"CrawlerRole": own, "CurateRole": own}


def test_the_database_password_stands_in_no_template() -> None:
    """T135."""
    passwords = [value for file in FILES for value in find(template(file), "MasterUserPassword")]
    assert [value["Fn::Sub"][0] for value in passwords] == [
        "{{resolve:secretsmanager:${Secret}:SecretString:password}}"
    ]
    assert passwords[0]["Fn::Sub"][1] == {"Secret": imported("security-DatabaseSecretArn")}
    assert not any(list(find(template(file), "AdminUserPassword")) for file in FILES)


def test_no_template_needs_more_than_the_named_iam_capability() -> None:
    """T22: a transform or a nested stack would want another."""
    assert not any("Transform" in template(file) for file in FILES)
    assert not any(list(find(template(file), "Fn::Transform")) for file in FILES)
    assert list(everywhere("AWS::CloudFormation::Stack")) == []


def test_no_log_is_kept_for_ever() -> None:
    """T37, T122: for a number of days that CloudWatch knows."""
    kept = [group.get("RetentionInDays") for _, _, group in everywhere("AWS::Logs::LogGroup")]
    assert set(kept) <= {30, 60, 90, 120, 180, 365, 400}


def test_every_policy_is_written_in_the_language_of_2012() -> None:
    """T16: and not in that of 2008, nor with a date for its version."""
    written = [
        policy.get("Version")
        for file in FILES
        for name in ("PolicyDocument", "AssumeRolePolicyDocument", "KeyPolicy")
        for policy in find(template(file), name)
    ]
    assert set(written) == {"2012-10-17"}


def test_the_logs_belong_to_the_account_whoever_wrote_them() -> None:
    owned = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert properties(STACK, "LogsBucket")["OwnershipControls"] == owned
