"""The bill follows the emitted templates: what there is, how large it is, and what nobody can price."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from retail.ops.cli import InputError
from retail.ops.cost import monthly, templates, usage
from retail.ops.cost.bill import Line, bill
from retail.ops.cost.narrative import TABLE
from retail.ops.cost.rules import FREE, RULES
from retail.ops.cost.usage import NAMED, OTHER
from tests.emitted import FILES, resources, template

STACKS = templates.emitted()
PROFILES = ("idle", "moderate", "black-friday")


def lines(profile: str = "moderate", given: dict[str, str] | None = None, **use: Any) -> list[Line]:
    return bill(STACKS, replace(usage.profile(profile), **use), given=given)


def dollars(found: list[Line], stack: str, *prices: str) -> float:
    """What these prices come to in a stack before anything is free of charge, to the cent."""
    of_them = [line for line in found if line.stack == stack and line.price.key in prices]
    return round(sum(line.price.dollars(line.quantity) for line in of_them), 2)


def edited(stack: str, title: str, **properties: Any) -> dict[str, Any]:
    """All templates, with properties of one resource replaced."""
    changed = copy.deepcopy(STACKS)
    changed[stack]["Resources"][title]["Properties"] |= properties
    return changed


def test_the_narratives_table_comes_to_369_dollars() -> None:
    assert [TABLE[file] for file in FILES] == [70, 2, 42, 34, 145, 3, 73]
    assert sum(TABLE.values()) == 369


@pytest.mark.parametrize(
    ("stack", "prices", "amount"),
    [
        ("01-networking", ("nat_hour",), 65.70),
        ("01-networking", ("ipv4_hour",), 7.30),
        ("01-networking", ("endpoint_hour",), 7.30),
        ("02-security", ("key_month", "secret_month"), 1.80),
        ("03-ingress", ("web_acl_month", "web_acl_rule_month"), 11.00),
        ("03-ingress", ("alb_hour",), 16.43),
        ("03-ingress", ("accelerator_hour",), 18.25),
        ("03-ingress", ("ipv4_hour",), 14.60),
        ("04-application", ("fargate_arm64_vcpu_hour", "fargate_arm64_gb_hour"), 28.84),
        ("05-data", ("acu_hour",), 87.60),
        ("05-data", ("cache_valkey_gb_hour",), 6.13),
        ("07-analytics", ("dashboard_month",), 3.00),
        ("07-analytics", ("rpu_hour",), 0.00),
        ("07-analytics", ("crawler_dpu_hour",), 0.00),
    ],
)
def test_an_idle_platform_pays_the_floor_that_its_templates_set(
    stack: str, prices: tuple[str, ...], amount: float
) -> None:
    assert dollars(lines("idle"), stack, *prices) == amount


@pytest.mark.parametrize(
    ("stack", "price", "amount"),
    [
        ("03-ingress", "alb_lcu_hour", 5.84),
        ("05-data", "acu_hour", 127.90),
        ("07-analytics", "rpu_hour", 65.10),
        ("07-analytics", "glue_dpu_hour", 4.46),
        ("07-analytics", "crawler_dpu_hour", 26.77),
    ],
)
def test_light_to_moderate_traffic_is_sized_as_the_narratives_table(stack: str, price: str, amount: float) -> None:
    assert dollars(lines(), stack, price) == amount


def test_redis_instead_of_valkey_is_billed_for_a_whole_gigabyte() -> None:
    assert dollars(lines(given={"CacheEngine": "redis"}), "05-data", "cache_redis_gb_hour") == 91.25


def test_interface_endpoints_cost_in_each_zone_once_they_are_enabled() -> None:
    assert dollars(lines(given={"EnableInterfaceEndpoints": "true"}), "01-networking", "endpoint_hour") == 94.90


def test_without_global_accelerator_neither_it_nor_its_addresses_are_billed() -> None:
    found = lines(given={"EnableGlobalAccelerator": "false"})
    assert dollars(found, "03-ingress", "accelerator_hour", "accelerator_gb") == 0
    assert dollars(found, "03-ingress", "ipv4_hour") == 7.30


def test_crawlers_start_twice_a_day_at_most_whatever_a_profile_says() -> None:
    assert dollars(lines(crawls_per_day=100), "07-analytics", "crawler_dpu_hour") == 26.77


def test_tasks_and_capacity_units_stay_within_the_bounds_of_the_templates() -> None:
    few, many = lines(tasks=0, acu=0), lines(tasks=1000, acu=1000)
    assert (dollars(few, "05-data", "acu_hour"), dollars(many, "05-data", "acu_hour")) == (87.60, 2803.20)
    fargate = ("fargate_arm64_vcpu_hour", "fargate_arm64_gb_hour")
    assert (dollars(few, "04-application", *fargate), dollars(many, "04-application", *fargate)) == (28.84, 288.35)


def test_a_larger_minimum_in_the_template_is_a_higher_floor() -> None:
    changed = edited("05-data", "Database", ServerlessV2ScalingConfiguration={"MinCapacity": 2, "MaxCapacity": 16})
    assert dollars(bill(changed, usage.profile("idle")), "05-data", "acu_hour") == 350.40


def test_what_a_floor_is_does_not_move_with_the_profile() -> None:
    floors = {
        profile: round(sum(line.dollars for line in lines(profile) if line.kind == "floor"), 2) for profile in PROFILES
    }
    # Only which stack gets what is free of charge may differ: requests to queues are partly floor, partly use.
    assert floors["idle"] == pytest.approx(floors["black-friday"], abs=0.50)
    assert 250 < floors["idle"] < 300


def test_what_is_free_of_charge_is_taken_off_once_for_all_stacks() -> None:
    found = lines("black-friday")
    for key, price in {line.price.key: line.price for line in found}.items():
        asked = sum(line.quantity for line in found if line.price.key == key)
        assert sum(line.free for line in found if line.price.key == key) == pytest.approx(min(asked, price.free))


@pytest.mark.parametrize("file", FILES)
def test_every_type_in_out_has_a_price_or_a_reason_to_be_free(file: str) -> None:
    for resource in resources(file).values():
        assert (resource["Type"] in RULES) != bool(FREE.get(resource["Type"])), resource["Type"]


def test_a_type_without_price_is_an_error_that_names_it() -> None:
    changed = copy.deepcopy(STACKS)
    changed["06-events"]["Resources"]["Stream"] = {"Type": "AWS::Kinesis::Stream"}
    with pytest.raises(InputError, match=r"06-events, Stream: AWS::Kinesis::Stream has neither a price"):
        bill(changed, usage.profile("idle"))


@pytest.mark.parametrize(
    ("stack", "title", "properties", "told"),
    [
        ("05-data", "CartTable", {"BillingMode": "PROVISIONED"}, "CartTable: a table with provisioned capacity"),
        ("05-data", "Database", {"StorageType": "aurora-iopt1"}, "Database: storage aurora-iopt1"),
        ("05-data", "DatabaseReader", {"DBInstanceClass": "db.r8g.large"}, "an instance of class db.r8g.large"),
        ("05-data", "DataWriterHostParameter", {"Tier": "Advanced"}, "DataWriterHostParameter: a parameter of the adv"),
        ("02-security", "Trail", {"EventSelectors": []}, "Trail: EventSelectors, whose events are billed"),
        ("04-application", "StorefrontTask", {"EphemeralStorage": {"SizeInGiB": 50}}, "storage of a task beyond 20 GB"),
        ("07-analytics", "CurateJob", {"WorkerType": "G.8X"}, "CurateJob: a worker of type G.8X"),
    ],
)
def test_a_feature_without_price_is_an_error_and_no_zero(
    stack: str, title: str, properties: dict[str, Any], told: str
) -> None:
    with pytest.raises(InputError, match=told):
        bill(edited(stack, title, **properties), usage.profile("idle"))


def test_a_model_without_price_is_an_error_that_names_it() -> None:
    with pytest.raises(InputError, match="model other-model has no price"):
        lines(given={"BedrockModelId": "other-model"})


def test_a_web_acl_is_billed_once_although_its_template_is_deployed_in_two_scopes() -> None:
    counted = {line.price.key: line.quantity for line in lines() if line.stack == "03-ingress"}
    assert (counted["web_acl_month"], counted["web_acl_rule_month"], counted["alb_hour"]) == (1, 6, 730)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_stacks_dollars_are_the_sum_of_their_lines(profile: str) -> None:
    told = monthly(STACKS, profile)
    assert list(told) == list(FILES)
    for stack, amount in told.items():
        assert amount == pytest.approx(sum(line.dollars for line in lines(profile) if line.stack == stack))


def test_each_short_form_read_as_its_long_form_costs_the_same() -> None:
    assert monthly({file: template(file) for file in FILES}) == monthly(STACKS)


def test_a_stack_alone_can_be_priced() -> None:
    assert monthly({"01-networking": STACKS["01-networking"]})["01-networking"] == pytest.approx(82.71, abs=0.005)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("field", NAMED)
def test_a_profile_names_only_resources_that_there_are(profile: str, field: str) -> None:
    there = {title for file in FILES for title in resources(file, NAMED[field])}
    assert getattr(usage.profile(profile), field).keys() - {OTHER} <= there
