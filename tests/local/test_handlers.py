"""The pack updates in place what AWS updates in place, and replaces what AWS replaces."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from retail.local import handlers
from retail.local.gaps import RECORDED_ONLY
from retail.local.handlers import recorded
from retail.local.handlers.resource import Resource
from tests.local.conftest import Deployer

RESOURCES = {name: handler for name, handler in handlers.TYPES.items() if isinstance(handler, Resource)}


@pytest.mark.parametrize("name", RESOURCES)
def test_the_properties_that_replace_are_the_schemas(name: str) -> None:
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", name).schema
    always, perhaps = (
        {path.removeprefix("/properties/").split("/")[0] for path in schema.get(kind, [])}
        for kind in ("createOnlyProperties", "conditionalCreateOnlyProperties")
    )
    assert always <= set(RESOURCES[name].replaced_by) <= always | perhaps


def test_the_recorded_types_are_those_of_the_table() -> None:
    assert set(recorded.TYPES) == set(RECORDED_ONLY)


def test_an_update_keeps_or_replaces_as_the_schema_says(
    deployer: Deployer, boto: Callable[..., Any], survival: dict[str, str]
) -> None:
    template = (Path(__file__).parent / "survival.yaml").read_text()
    for before, after in (
        ("Value: nat", "Value: natter"),  # address and gateway, by tag
        ("MaximumPercent: 200", "MaximumPercent: 150"),
        ("BackupRetentionPeriod: 7", "BackupRetentionPeriod: 8"),
        ("S3KeyPrefix: trail", "S3KeyPrefix: trial"),
        ("ECPUPerSecond: {Maximum: 5000}", "ECPUPerSecond: {Maximum: 6000}"),
        ("ContainerPort: 8080", "ContainerPort: 8081"),  # replaces the task definition
        ("SelectionName: stores", "SelectionName: shops"),  # replaces the selection
    ):
        assert before in template
        template = template.replace(before, after)
    assert deployer.update("survival", template, DesiredCount="3") == "UPDATE_COMPLETE", deployer.failures("survival")

    refs = deployer.refs("survival")
    assert {name for name, ref in refs.items() if ref != survival[name]} == {"TaskDefinition", "Selection"}
    service = boto("ecs").describe_services(cluster="survival", services=["survival"])["services"][0]
    assert (service["desiredCount"], service["deploymentConfiguration"]["maximumPercent"]) == (3, 150)
    assert service["taskDefinition"] == refs["TaskDefinition"]
    old = boto("ecs").describe_task_definition(taskDefinition=survival["TaskDefinition"])["taskDefinition"]
    assert old["status"] == "INACTIVE"
    assert boto("rds").describe_db_clusters()["DBClusters"][0]["BackupRetentionPeriod"] == 8
    assert boto("cloudtrail").get_trail(Name="survival")["Trail"]["S3KeyPrefix"] == "trial"
    assert len(boto("backup").list_backup_selections(BackupPlanId=refs["Plan"])["BackupSelectionsList"]) == 1


def test_a_stack_leaves_nothing_behind(deployer: Deployer, boto: Callable[..., Any]) -> None:
    assert deployer.delete("survival") == "DELETE_COMPLETE"
    for service, operation, found in (
        ("ec2", "describe_addresses", "Addresses"),
        ("ec2", "describe_flow_logs", "FlowLogs"),
        ("secretsmanager", "list_secrets", "SecretList"),
        ("elasticache", "describe_serverless_caches", "ServerlessCaches"),
        ("rds", "describe_db_clusters", "DBClusters"),
        ("cloudtrail", "list_trails", "Trails"),
        ("events", "list_archives", "Archives"),
        ("glue", "get_security_configurations", "SecurityConfigurations"),
        ("cloudwatch", "describe_alarms", "MetricAlarms"),
    ):
        assert getattr(boto(service), operation)()[found] == [], operation


RULES = """
Resources:
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: of-its-own}}
  Own: {Type: AWS::Events::Rule, Properties: {Name: own, EventBusName: !Ref Bus, EventPattern: {source: [before]}}}
  Common: {Type: AWS::Events::Rule, Properties: {Name: common, EventPattern: {source: [before]}}}
"""


def test_ref_of_a_rule_names_its_bus_if_that_is_one_of_its_own(deployer: Deployer, boto: Callable[..., Any]) -> None:
    def sources(bus: str) -> list[str]:
        found = boto("events").list_rules(EventBusName=bus)["Rules"]
        return [source for rule in found for source in json.loads(rule["EventPattern"])["source"]]

    assert deployer.create("rules", RULES) == "CREATE_COMPLETE", deployer.failures("rules")
    assert {**deployer.refs("rules"), "Bus": ""} == {"Bus": "", "Own": "of-its-own|own", "Common": "common"}
    assert deployer.update("rules", RULES.replace("before", "after")) == "UPDATE_COMPLETE", deployer.failures("rules")
    assert (sources("of-its-own"), sources("default")) == (["after"], ["after"])
    assert deployer.delete("rules") == "DELETE_COMPLETE"
    assert sources("default") == []
