"""The physical names in the emitted templates: made once, meant by every ARN that says them, not too long."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from tests.emitted import FILES, everywhere, find, properties, resources, template

USUAL = {
    "Project": "retail",
    "Environment": "dev",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
}
LONGEST = USUAL | {"Project": "abcdefghijkl", "Environment": "staging", "AWS::Region": "ap-southeast-1"}


class Rule(NamedTuple):
    """Where a type keeps its physical name, and what its service accepts there."""

    path: str
    limit: int
    pattern: str


NAMED = {
    "AWS::Athena::WorkGroup": Rule("Name", 128, r"[a-zA-Z0-9._-]+"),
    "AWS::Backup::BackupPlan": Rule("BackupPlan.BackupPlanName", 50, r"[a-zA-Z0-9._-]+"),
    "AWS::Backup::BackupVault": Rule("BackupVaultName", 50, r"[a-zA-Z0-9_-]{2,}"),
    "AWS::CloudFront::CachePolicy": Rule("CachePolicyConfig.Name", 128, r"[a-zA-Z0-9_-]+"),
    "AWS::CloudFront::ResponseHeadersPolicy": Rule("ResponseHeadersPolicyConfig.Name", 128, r"[a-zA-Z0-9_-]+"),
    "AWS::CloudTrail::Trail": Rule("TrailName", 128, r"[a-zA-Z0-9]([._-]?[a-zA-Z0-9])+"),
    "AWS::CloudWatch::Dashboard": Rule("DashboardName", 255, r"[a-zA-Z0-9_-]+"),
    "AWS::DynamoDB::Table": Rule("TableName", 255, r"[a-zA-Z0-9_.-]{3,}"),
    "AWS::ECS::Cluster": Rule("ClusterName", 255, r"[a-zA-Z][a-zA-Z0-9_-]*"),
    "AWS::ElastiCache::ServerlessCache": Rule("ServerlessCacheName", 40, r"[a-z](-?[a-z0-9])*"),
    "AWS::ElastiCache::User": Rule("UserId", 40, r"[a-z](-?[a-z0-9])*"),
    "AWS::ElastiCache::UserGroup": Rule("UserGroupId", 40, r"[a-z](-?[a-z0-9])*"),
    "AWS::Events::Archive": Rule("ArchiveName", 48, r"[a-zA-Z0-9._-]+"),
    "AWS::Events::EventBus": Rule("Name", 256, r"[a-zA-Z0-9._-]+"),
    "AWS::GlobalAccelerator::Accelerator": Rule("Name", 64, r"[a-zA-Z0-9]([.-]?[a-zA-Z0-9])*"),
    "AWS::Glue::Database": Rule("DatabaseInput.Name", 255, r"[a-z][a-z0-9_]*"),
    "AWS::Glue::SecurityConfiguration": Rule("Name", 255, r"[a-zA-Z0-9_-]+"),
    "AWS::KMS::Alias": Rule("AliasName", 256, r"alias/(?!aws/)[a-zA-Z0-9/_-]+"),
    "AWS::Logs::LogGroup": Rule("LogGroupName", 512, r"[a-zA-Z0-9._/#-]+"),
    "AWS::RDS::DBCluster": Rule("DBClusterIdentifier", 63, r"[a-z](-?[a-z0-9])*"),
    "AWS::RedshiftServerless::Namespace": Rule("NamespaceName", 64, r"[a-z0-9-]{3,}"),
    "AWS::RedshiftServerless::Workgroup": Rule("WorkgroupName", 64, r"[a-z0-9-]{3,}"),
    "AWS::S3::Bucket": Rule("BucketName", 63, r"[a-z0-9]([-]?[a-z0-9])+"),
    "AWS::SSM::Parameter": Rule("Name", 1011, r"(/[a-zA-Z0-9_.-]+){1,15}"),
    "AWS::ServiceDiscovery::PrivateDnsNamespace": Rule("Name", 253, r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*"),
    "AWS::WAFv2::WebACL": Rule("VisibilityConfig.MetricName", 128, r"[a-zA-Z0-9_-]+"),
}
"""T10, T11: the types that may have a physical name; all others are named by CloudFormation (T8, T9)."""

ALSO_NAMED = {
    ("AWS::ElastiCache::User", "UserName"),  # his id again, or "default"
    ("AWS::SNS::Topic", "DisplayName"),  # what a mail's reader sees
}
"""Properties that hold a name which identifies nothing in the account."""

KNOWN = {
    "LAKE_BUCKET": ("05-data", "AWS::S3::Bucket", "retail-dev-lake-123456789012-us-east-1"),
    "CART_TABLE": ("05-data", "AWS::DynamoDB::Table", "retail-dev-carts"),
    "CACHE": ("05-data", "AWS::ElastiCache::ServerlessCache", "retail-dev-cache"),
    "CACHE_USER": ("05-data", "AWS::ElastiCache::User", "retail-dev-shop"),
    "EVENT_BUS": ("06-events", "AWS::Events::EventBus", "retail-dev-RetailEventBus"),
    "CATALOG": ("07-analytics", "AWS::Glue::Database", "retail_dev"),
    "WEB_ACL_METRIC": ("03-ingress", "AWS::WAFv2::WebACL", "retail-dev"),
}
PARAMETERS = "/retail/dev"

HERE = "us-east-1:123456789012"
ARNS = {
    "AWS::CloudTrail::Trail": f"arn:aws:cloudtrail:{HERE}:trail/",
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{HERE}:table/",
    "AWS::ElastiCache::ServerlessCache": f"arn:aws:elasticache:{HERE}:serverlesscache:",
    "AWS::ElastiCache::User": f"arn:aws:elasticache:{HERE}:user:",
    "AWS::Events::EventBus": f"arn:aws:events:{HERE}:event-bus/",
    "AWS::Glue::Crawler": f"arn:aws:glue:{HERE}:crawler/",
    "AWS::Glue::Database": f"arn:aws:glue:{HERE}:database/",
    "AWS::Glue::Table": f"arn:aws:glue:{HERE}:table/",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{HERE}:log-group:",
    "AWS::S3::Bucket": "arn:aws:s3:::",
    "AWS::SSM::Parameter": f"arn:aws:ssm:{HERE}:parameter",
}
"""How the ARN of a type begins; its physical name follows."""

NOT_OURS = {
    "arn:aws:iam::123456789012:root": "the account itself",
    "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup": "a policy that AWS manages",
    "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForRestores": "a policy that AWS manages",
    "arn:aws:iam::aws:policy/AWSBackupServiceRolePolicyForS3Backup": "a policy that AWS manages",
    "arn:aws:iam::aws:policy/AWSBackupServiceRolePolicyForS3Restore": "a policy that AWS manages",
    "arn:aws:bedrock:*::foundation-model/amazon.nova-lite-v1:0": "a model, wherever a profile may send to",
    f"arn:aws:bedrock:{HERE}:inference-profile/none.amazon.nova-lite-v1:0": "Bedrock's, if one is chosen",
    f"arn:aws:glue:{HERE}:catalog": "each account has one",
    f"arn:aws:logs:{HERE}:log-group:/aws-glue/*": "Glue makes its own log groups (T182)",
}
"""The ARNs of what no template makes, with the parameters' defaults, and whose it is."""


def at(tree: Any, path: str) -> Any:
    """What stands under a dotted path, or nothing."""
    for key in path.split("."):
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree


def physical_name(stack: str, logical_id: str, literals: dict[str, str] = USUAL) -> str:
    """The name of a resource; one that CloudFormation chooses is written ``<stack.LogicalId>``."""
    resource = template(stack)["Resources"][logical_id]
    if resource["Type"] == "AWS::Glue::Table":
        table = properties(stack, logical_id)
        return "/".join(resolve(stack, part, literals) for part in (table["DatabaseName"], table["TableInput"]["Name"]))
    rule = NAMED.get(resource["Type"])
    name = at(resource["Properties"], rule.path) if rule else None
    return f"<{stack}.{logical_id}>" if name is None else resolve(stack, name, literals)


def resolve(stack: str, value: Any, literals: dict[str, str] = USUAL) -> str:
    """A string as CloudFormation would resolve it: references, substitutions and imports."""
    if isinstance(value, str):
        return value
    ((function, argument),) = value.items()
    if function == "Ref":
        return reference(stack, argument, literals)
    if function == "Fn::ImportValue":
        return imported(argument["Fn::Sub"], literals)
    assert function == "Fn::Sub", f"{stack}: {value} is not a name that can be read"
    text, given = (argument, {}) if isinstance(argument, str) else argument
    return re.sub(
        r"\$\{([^}]+)\}",
        lambda hole: (
            resolve(stack, given[hole[1]], literals) if hole[1] in given else reference(stack, hole[1], literals)
        ),
        text,
    )


def reference(stack: str, name: str, literals: dict[str, str]) -> str:
    """What ``!Ref`` gives: a pseudo parameter, a resource's name, or a parameter's default."""
    if name in literals:
        return literals[name]
    if name in template(stack)["Resources"]:
        return physical_name(stack, name, literals)
    default: str = template(stack)["Parameters"][name]["Default"]
    return default


def imported(export: str, literals: dict[str, str]) -> str:
    """The value of an export."""
    ((stack, value),) = [
        (stack, output["Value"])
        for stack in FILES
        for output in template(stack).get("Outputs", {}).values()
        if output.get("Export", {}).get("Name") == {"Fn::Sub": export}
    ]
    return resolve(stack, value, literals)


def named(literals: dict[str, str] = USUAL) -> Iterator[tuple[str, str, str, str]]:
    """Stack, logical id, type and physical name of every resource that has one."""
    for stack in FILES:
        for logical_id, resource in resources(stack).items():
            rule = NAMED.get(resource["Type"])
            if rule and at(resource["Properties"], rule.path) is not None:
                yield stack, logical_id, resource["Type"], physical_name(stack, logical_id, literals)


def substitutions(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every ``Fn::Sub`` with the path where it stands; tags and imports left out."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key == "Fn::Sub":
                yield path, {key: value}
            if key not in ("Tags", "Fn::ImportValue"):
                yield from substitutions(value, f"{path}.{key}".lstrip("."))
    elif isinstance(tree, list):
        for item in tree:
            yield from substitutions(item, path)


def built_arns() -> Iterator[tuple[str, str]]:
    """Where an ARN is built from a string, and what it comes to."""
    for stack in FILES:
        for logical_id, resource in resources(stack).items():
            for _, value in substitutions(resource):
                text = value["Fn::Sub"]
                if (text if isinstance(text, str) else text[0]).startswith("arn:"):
                    yield f"{stack} {logical_id}", resolve(stack, value)


def made_arns() -> set[str]:
    """The ARN of every resource of a type in ``ARNS``."""
    return {
        beginning + physical_name(stack, logical_id)
        for kind, beginning in ARNS.items()
        for stack, logical_id, _ in everywhere(kind)
    }


def means(pattern: str, arn: str) -> bool:
    """Whether an ARN in a policy means a resource, or what is in a bucket, or the path above a parameter."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    if re.fullmatch(expression, arn):
        return True
    if arn.startswith("arn:aws:s3:::"):
        return pattern.startswith(arn + "/")
    return ":parameter/" in arn and arn.startswith(pattern + "/")


# Known names


@pytest.mark.parametrize("known", KNOWN)
def test_each_known_name_is_made_by_exactly_one_resource_in_its_stack(known: str) -> None:
    stack, kind, expected = KNOWN[known]
    makers = [(maker, maker_kind) for maker, _, maker_kind, name in named() if (name, maker_kind) == (expected, kind)]
    assert makers == [(stack, kind)]


def test_every_known_name_of_the_generator_is_one_of_these() -> None:
    from retail import names

    said = {key: value.name.to_dict() for key, value in vars(names).items() if isinstance(value, names.Known)}
    said |= {key: {"Fn::Sub": getattr(names, key)} for key in ("CATALOG", "WEB_ACL_METRIC")}
    path = said.pop("PARAMETERS")
    assert resolve("02-security", path) == PARAMETERS
    assert {key: resolve("02-security", value) for key, value in said.items()} == {
        key: name for key, (_, _, name) in KNOWN.items()
    }


def test_data_and_events_write_below_the_path_what_the_storefront_reads_there() -> None:
    """T201."""
    from retail.contracts import parameters

    expected = {f"{PARAMETERS}/{path}" for key, path in vars(parameters).items() if key.isupper()}
    written = [(stack, name) for stack, _, kind, name in named() if kind == "AWS::SSM::Parameter"]
    assert sorted(name for _, name in written) == sorted(expected)
    assert {name.split("/")[3]: stack for stack, name in written} == {
        "data": "05-data",
        "events": "06-events",
    }
    (container,) = properties("04-application", "StorefrontTask")["ContainerDefinitions"]
    told = {variable["Name"]: variable["Value"] for variable in container["Environment"]}
    assert resolve("04-application", told["PARAMETERS_PATH"]) == PARAMETERS


def test_the_user_that_logs_in_by_iam_has_his_id_as_name() -> None:
    """T145: ElastiCache refuses a token for any other."""
    by_iam = [
        user for _, _, user in everywhere("AWS::ElastiCache::User") if user["AuthenticationMode"]["Type"] == "iam"
    ]
    assert [user["UserName"] == user["UserId"] for user in by_iam] == [True]


def test_the_dashboard_draws_the_web_acl_under_its_metrics_name() -> None:
    (body,) = [dashboard["DashboardBody"]["Fn::Sub"][0] for _, _, dashboard in everywhere("AWS::CloudWatch::Dashboard")]
    drawn = re.findall(r'"WebACL",\s*"([^"]+)"', body)
    metric = properties("03-ingress", "WebAcl")["VisibilityConfig"]["MetricName"]
    assert drawn
    assert {resolve("07-analytics", {"Fn::Sub": name}) for name in drawn} == {resolve("03-ingress", metric)}


@pytest.mark.parametrize(
    ("stack", "maker", "group"),
    [
        ("04-application", "AWS::ECS::Cluster", "/aws/ecs/containerinsights/retail-dev/performance"),
        ("05-data", "AWS::RDS::DBCluster", "/aws/rds/cluster/retail-dev/postgresql"),
        ("07-analytics", "AWS::RedshiftServerless::Namespace", "/aws/redshift/retail-dev/useractivitylog"),
        ("07-analytics", "AWS::RedshiftServerless::Namespace", "/aws/redshift/retail-dev/userlog"),
        ("07-analytics", "AWS::RedshiftServerless::Namespace", "/aws/redshift/retail-dev/connectionlog"),
    ],
)
def test_a_log_group_that_a_service_would_make_is_made_before_under_the_name_it_uses(
    stack: str, maker: str, group: str
) -> None:
    there = [(kind, name) for owner, _, kind, name in named() if owner == stack]
    assert ("AWS::Logs::LogGroup", group) in there
    assert (maker, group.split("/")[-2]) in there


# ARNs


@pytest.mark.parametrize(("place", "arn"), sorted(set(built_arns())))
def test_every_arn_that_is_built_means_something_that_a_template_makes(place: str, arn: str) -> None:
    assert arn in NOT_OURS or any(means(arn, made) for made in made_arns()), f"{place} names {arn}, which nobody makes"


def test_every_arn_of_what_is_not_ours_is_really_named_and_not_made_here() -> None:
    assert set(NOT_OURS) - {arn for _, arn in built_arns()} == set()
    assert [arn for arn in NOT_OURS if any(means(arn, made) for made in made_arns())] == []


def test_no_arn_says_in_which_partition_it_is() -> None:
    """Else no stack deploys to China or GovCloud."""
    fixed = [
        (stack, logical_id, text)
        for stack in FILES
        for logical_id, resource in resources(stack).items()
        for text in re.findall(r"arn:aws[a-z-]*:\S*", str(resource))
    ]
    assert fixed == []


# Lengths, characters, collisions


@pytest.mark.parametrize("kind", NAMED)
def test_every_name_is_one_its_service_accepts_however_long_project_and_environment(kind: str) -> None:
    names = [name for _, _, named_kind, name in named(LONGEST) if named_kind == kind]
    assert names, f"no {kind} has a name: strike it from the table"
    for name in names:
        assert len(name) <= NAMED[kind].limit, name
        assert re.fullmatch(NAMED[kind].pattern, name), name


@pytest.mark.parametrize("stack", FILES)
def test_no_project_is_longer_than_twelve_characters_and_no_environment_than_staging(stack: str) -> None:
    project = template(stack)["Parameters"]["Project"]["AllowedPattern"]
    assert re.fullmatch(project, "abcdefghijkl")
    for refused in ("abcdefghijklm", "Retail", "re-tail", "re_tail", "1retail", "r"):
        assert not re.fullmatch(project, refused)
    assert template(stack)["Parameters"]["Environment"]["AllowedValues"] == ["dev", "staging", "prod"]


def test_every_property_that_is_given_a_name_is_in_the_table() -> None:
    """A new name comes with its service's limit, or not at all."""
    astray: set[tuple[str, str]] = set()
    for stack in FILES:
        for resource in resources(stack).values():
            kind = resource["Type"]
            identifying = NAMED[kind].path if kind in NAMED else ""
            for path, value in substitutions(resource["Properties"]):
                if path != identifying and path.endswith(("Name", "Id", "Identifier")) and "${Project}" in str(value):
                    astray.add((kind, path))
    assert astray == ALSO_NAMED


def test_every_name_says_of_which_project_and_environment_it_is() -> None:
    """T4, T8: dev, staging and prod stand in one account, side by side."""
    other = USUAL | {"Project": "elsewhere", "Environment": "prod"}
    here = {(stack, logical_id): name for stack, logical_id, _, name in named()}
    for changed in ("Project", "Environment"):
        there = {(stack, i): name for stack, i, _, name in named(USUAL | {changed: other[changed]})}
        assert [where for where, name in here.items() if there[where] == name] == []


def test_no_two_resources_of_a_type_have_one_name() -> None:
    assert [name for name, times in Counter((kind, name) for _, _, kind, name in named()).items() if times > 1] == []


def test_names_that_the_whole_account_shares_say_the_region() -> None:
    """T12, T91: a bucket's name is the world's, and CloudFront's policies belong to no Region."""
    shared = {"AWS::S3::Bucket", "AWS::CloudFront::CachePolicy", "AWS::CloudFront::ResponseHeadersPolicy"}
    names = [(kind, name) for _, _, kind, name in named() if kind in shared]
    assert {kind for kind, _ in names} == shared
    assert [name for _, name in names if "us-east-1" not in name] == []
    assert [name for kind, name in names if kind == "AWS::S3::Bucket" and "123456789012" not in name] == []


def test_no_role_has_a_name() -> None:
    """T9: roles are global in an account."""
    assert list(find([r for s in FILES for r in resources(s, "AWS::IAM::Role").values()], "RoleName")) == []
