"""Every policy in the emitted templates: what it permits, on what, and whom it trusts."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import pytest

from tests import emitted
from tests.emitted import FILES, everywhere, find, template

TRUSTED = {
    ("01-networking", "FlowLogsRole"): ["vpc-flow-logs.amazonaws.com"],
    ("04-application", "ExecutionRole"): ["ecs-tasks.amazonaws.com"],
    ("04-application", "TaskRole"): ["ecs-tasks.amazonaws.com"],
    ("05-data", "BackupRole"): ["backup.amazonaws.com"],
    ("06-events", "OrderProcessorRole"): ["lambda.amazonaws.com"],
    ("06-events", "InventoryHandlerRole"): ["lambda.amazonaws.com"],
    ("06-events", "NotificationRole"): ["lambda.amazonaws.com"],
    ("07-analytics", "CrawlerRole"): ["glue.amazonaws.com"],
    ("07-analytics", "CrawlerTriggerRole"): ["lambda.amazonaws.com"],
    ("07-analytics", "CurateRole"): ["glue.amazonaws.com"],
    ("07-analytics", "WarehouseRole"): ["redshift-serverless.amazonaws.com", "redshift.amazonaws.com"],
}
"""Who may take on a role. Redshift Serverless comes under two names (T192)."""

SECRET = re.compile(r"(password|passphrase|secret|secretstring|token|apikey|privatekey|credentials?)$", re.IGNORECASE)
"""The name of a property, parameter or variable whose value is a secret, not where one lies."""

ANYWHERE = re.compile(r"[*?]+|arn(:[^:]*){4}:([a-z-]+[:/])?[*?]+(/.*)?")
"""A resource that is everything, or everything of one type."""

REFERENCE = re.compile(r"\{\{resolve:secretsmanager:(?:[^{}]|\$\{\w+\})+\}\}")

LEAKED = re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b|-----BEGIN|(postgres(ql)?|rediss?)://[^\s/]*:[^\s/]*@")

every_template = pytest.mark.parametrize("name", FILES)


class Found(NamedTuple):
    """A statement and where it stands."""

    template: str
    resource: str
    key_policy: bool
    statement: dict[str, Any]

    @property
    def actions(self) -> list[str]:
        return listed(self.statement.get("Action"))

    @property
    def reason(self) -> str:
        """Under which entry the reason for a wildcard is kept."""
        return "kms" if self.key_policy else self.actions[0]

    def __str__(self) -> str:
        return f"{self.template} {self.resource} {self.statement.get('Sid', '')} {self.actions}"


def listed(value: Any) -> list[Any]:
    """A list, of one where a policy may say one thing without brackets."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def documents(tree: Any, key: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every policy document, with the property that holds it."""
    if isinstance(tree, dict):
        if key == "KeyPolicy" or key.endswith("PolicyDocument") or isinstance(tree.get("Statement"), list):
            yield key, tree
            return
        for name, value in tree.items():
            yield from documents(value, name)
    elif isinstance(tree, list):
        for item in tree:
            yield from documents(item, key)


def policies() -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Template, resource, property and document of every policy."""
    for name in FILES:
        for logical_id, resource in template(name)["Resources"].items():
            for key, document in documents(resource):
                yield name, logical_id, key, document


def statements() -> Iterator[Found]:
    """Every statement of every policy."""
    for name, logical_id, key, document in policies():
        for statement in listed(document["Statement"]):
            yield Found(name, logical_id, key == "KeyPolicy", statement)


def allowing() -> list[Found]:
    """The statements that permit something."""
    return [found for found in statements() if found.statement["Effect"] != "Deny"]


def names_anything(resource: Any) -> bool:
    """Whether a resource is a wildcard for all there is, for all of a service, or for all of one type."""
    if isinstance(resource, dict):
        resource = next(iter(listed(resource.get("Fn::Sub"))), "")
    return ANYWHERE.fullmatch(re.sub(r"\$\{[^}]+\}", "given", resource)) is not None


def is_value(value: Any) -> bool:
    """Whether something is a value, not a structure, a switch, or what another stack exports."""
    if isinstance(value, dict):
        return any(key == "Ref" or key.startswith("Fn::") for key in value) and "Fn::ImportValue" not in value
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def values_under_secret_names(tree: Any) -> Iterator[tuple[str, Any]]:
    """Name and value of whatever is called a secret: a property, or a function's or a task's variable."""
    if isinstance(tree, dict):
        if isinstance(tree.get("Name"), str) and "Value" in tree and SECRET.search(tree["Name"]):
            yield tree["Name"], tree["Value"]
        for key, value in tree.items():
            if isinstance(key, str) and SECRET.search(key) and is_value(value):
                yield key, value
            yield from values_under_secret_names(value)
    elif isinstance(tree, list):
        for item in tree:
            yield from values_under_secret_names(item)


def is_dynamic_reference(value: Any) -> bool:
    """Whether CloudFormation reads a value from Secrets Manager while it deploys."""
    if isinstance(value, dict):
        value = next(iter(listed(value.get("Fn::Sub"))), "")
    return isinstance(value, str) and REFERENCE.fullmatch(value) is not None


# Every document


def test_every_policy_is_written_in_the_language_of_2012() -> None:
    assert [(n, r) for n, r, _, document in policies() if document.get("Version") != "2012-10-17"] == []


def test_every_statement_allows_or_denies() -> None:
    assert {found.statement["Effect"] for found in statements()} == {"Allow", "Deny"}


def test_whatever_holds_a_policy_is_read_by_these_tests() -> None:
    """A policy in a string or under an unknown property would escape every promise below."""
    kinds = {
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Role",
        "AWS::KMS::Key",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
    }
    read = {(name, resource) for name, resource, _, _ in policies()}
    assert {(name, resource) for kind in kinds for name, resource, _ in everywhere(kind)} == read


# What they permit


def test_nothing_is_allowed_on_every_resource_but_with_a_reason() -> None:
    from retail.policies import ANYTHING

    astray = [
        str(found)
        for found in allowing()
        if any(map(names_anything, listed(found.statement.get("Resource")))) and found.reason not in ANYTHING
    ]
    assert astray == []


def test_every_reason_for_a_wildcard_is_given_and_needed() -> None:
    from retail.policies import ANYTHING

    assert [entry for entry, reason in ANYTHING.items() if len(reason.split()) < 5] == []
    needed = {f.reason for f in allowing() if any(map(names_anything, listed(f.statement.get("Resource"))))}
    assert set(ANYTHING) == needed


def test_no_statement_outside_the_keys_policy_allows_a_family_of_actions() -> None:
    assert [str(found) for found in allowing() if not found.key_policy and "*" in "".join(found.actions)] == []


def test_only_the_account_itself_may_do_everything_with_the_key() -> None:
    """T39: without this statement IAM policies do nothing, and nobody could mend the key."""
    everything = [f for f in allowing() if any(re.fullmatch(r"\*|\w+:\*", action) for action in f.actions)]
    assert [(found.template, found.resource, found.statement["Principal"]) for found in everything] == [
        ("02-security", "Key", {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}})
    ]


def test_nothing_is_allowed_by_naming_what_is_not() -> None:
    inverted = {"NotAction", "NotResource", "NotPrincipal"}
    assert [str(found) for found in allowing() if inverted & found.statement.keys()] == []


def test_nothing_is_allowed_to_everybody() -> None:
    """Only a denial names everybody."""
    for found in allowing():
        principal = found.statement.get("Principal", {})
        assert isinstance(principal, dict), str(found)
        assert "*" not in [each for value in principal.values() for each in listed(value)], str(found)


def test_metrics_may_be_written_to_glues_namespace_only() -> None:
    writers = [found for found in allowing() if "cloudwatch:PutMetricData" in found.actions]
    assert [found.resource for found in writers] == ["GluePolicy"]
    for found in writers:
        assert found.statement["Condition"] == {"StringEquals": {"cloudwatch:namespace": "Glue"}}


def test_every_action_in_a_policy_exists() -> None:
    """Wildcards must stand for at least one."""
    from awacs.aws import Action

    unknown = set()
    for found in statements():
        for action in found.actions:
            service, _, wanted = action.partition(":")
            module = importlib.import_module(f"awacs.{service.replace('-', '_')}")
            known = [name for name, value in vars(module).items() if isinstance(value, Action)]
            if not any(fnmatchcase(name, wanted) for name in known):
                unknown.add(f"{found.template} {found.resource} {action}")
    assert unknown == set()


# Whom they trust


def test_every_role_is_trusted_by_its_own_service_and_nobody_else() -> None:
    trusted: dict[tuple[str, str], list[str]] = {}
    for name, logical_id, properties in everywhere("AWS::IAM::Role"):
        for statement in properties["AssumeRolePolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            assert statement["Action"] == ["sts:AssumeRole"]
            assert list(statement["Principal"]) == ["Service"]
            trusted.setdefault((name, logical_id), []).extend(listed(statement["Principal"]["Service"]))
    assert trusted == TRUSTED


def test_no_two_functions_share_a_role() -> None:
    roles = [(name, str(properties["Role"])) for name, _, properties in everywhere("AWS::Lambda::Function")]
    assert len(roles) == 4
    assert len(set(roles)) == len(roles)


# Secrets


@every_template
def test_no_property_holds_a_secret_but_as_a_reference_to_secrets_manager(name: str) -> None:
    held = [
        found
        for resource in template(name)["Resources"].values()
        for found in values_under_secret_names(resource["Properties"])
    ]
    assert [(key, value) for key, value in held if not is_dynamic_reference(value)] == []


def test_the_databases_owner_and_the_origins_header_come_from_secrets_manager() -> None:
    database = emitted.properties("05-data", "Database")
    assert is_dynamic_reference(database["MasterUsername"])
    assert is_dynamic_reference(database["MasterUserPassword"])
    for header in find(template("03-ingress"), "HeaderValue"):
        assert [is_dynamic_reference(choice) for choice in header["Fn::If"][1:]] == [True, True]


@every_template
def test_no_secret_is_given_as_a_parameter(name: str) -> None:
    parameters = template(name)["Parameters"]
    assert [title for title, given in parameters.items() if SECRET.search(title) or "NoEcho" in given] == []


@every_template
def test_no_file_holds_what_looks_like_a_credential(name: str) -> None:
    assert LEAKED.search((emitted.OUT / f"{name}.yaml").read_text(encoding="utf-8")) is None
