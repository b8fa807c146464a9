"""cfn-lint's copy of AWS's schemas still answers as the plan asks it."""

from __future__ import annotations

import pytest

from retail.ops.plan import schemas
from tests.emitted import FILES, resources


def test_a_table_is_replaced_by_another_name_and_perhaps_by_another_key() -> None:
    rules = schemas.rules("AWS::DynamoDB::Table")
    assert rules.replace == {("TableName",), ("ImportSourceSpecification",)}
    assert rules.may_replace == {("KeySchema",)}


def test_a_nested_property_is_known_by_its_whole_path() -> None:
    assert ("DnsOptions", "PrivateDnsPreference") in schemas.rules("AWS::EC2::VPCEndpoint").replace


def test_a_property_of_a_lists_items_is_known_without_its_place() -> None:
    assert ("Policies", "PolicyArn") in schemas.rules("AWS::MPA::ApprovalTeam").replace


def test_a_type_that_nobody_has_a_schema_of_has_no_rules() -> None:
    assert schemas.rules("Acme::Shop::Till") == schemas.Rules()


@pytest.mark.parametrize("name", FILES)
def test_every_type_of_the_templates_has_a_schema(name: str) -> None:
    for each in resources(name).values():
        assert schemas.identifiers(each["Type"]), each["Type"]
