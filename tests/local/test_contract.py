"""MiniStack still has what retail.local.touchpoints relies on; read this first when the pin moves."""

from __future__ import annotations

import inspect
from importlib import metadata
from typing import Any

import pytest

from retail.local import touchpoints


@pytest.fixture(scope="module", autouse=True)
def quiet() -> None:
    """MiniStack configures logging while it is imported; nothing else happens to this process."""
    touchpoints.application()


def parameters(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_the_installed_version_is_the_one_the_pack_is_written_for() -> None:
    assert metadata.version("ministack") == touchpoints.VERSION


def test_the_application_is_an_asgi_application() -> None:
    assert parameters(touchpoints.application()) == ["scope", "receive", "send"]


def test_region_and_account_come_from_the_request() -> None:
    assert isinstance(touchpoints.region(), str)
    assert touchpoints.account().isdigit()


SERVICES = (
    "athena",
    "backup",
    "cloudfront",
    "cloudtrail",
    "cloudwatch",
    "dynamodb",
    "ec2",
    "ecs",
    "elasticache",
    "elbv2",
    "events",
    "glue",
    "lambda",
    "rds",
    "s3",
    "secretsmanager",
    "sns",
)


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_has_one_entrance(service: str) -> None:
    entrance = touchpoints.service(service).handle_request
    assert inspect.iscoroutinefunction(entrance)
    assert [name.removesuffix("_bytes") for name in parameters(entrance)[:5]] == [
        "method",
        "path",
        "headers",
        "body",
        "query_params",
    ]


@pytest.mark.parametrize(
    ("service", "hop"),
    [("ecs", "run_reentrant"), ("elasticache", "run_offloop"), ("glue", "run_reentrant"), ("rds", "run_offloop")],
)
def test_the_services_that_hop_to_a_worker_thread_do_it_by_a_known_helper(service: str, hop: str) -> None:
    module = touchpoints.service(service)
    assert f"await {hop}(" in inspect.getsource(module.handle_request)
    assert hasattr(module, hop)


def test_a_hop_can_be_stayed() -> None:
    module = touchpoints.service("glue")
    hop = module.run_reentrant
    with touchpoints.in_place(module):
        with pytest.raises(StopIteration) as stopped:
            module.run_reentrant(lambda number: number + 1, 1, thread_name="t").send(None)
        assert stopped.value.value == 2
    assert module.run_reentrant is hop


def test_cloudformation_keeps_its_handlers_in_a_table() -> None:
    own = touchpoints.handlers()["AWS::S3::Bucket"]
    assert parameters(own["create"]) == ["logical_id", "props", "stack_name"]
    assert parameters(own["update"]) == ["physical_id", "old_props", "new_props", "stack_name"]
    assert parameters(own["delete"]) == ["physical_id", "props"]
    assert touchpoints.handlers()["AWS::SNS::Topic"]["update_with_logical_id"] is True


def test_replacing_properties_are_a_table_of_tuples() -> None:
    assert "TableName" in touchpoints.replacing_properties()["AWS::DynamoDB::Table"]


def test_generated_names_are_stable_and_short_enough() -> None:
    assert touchpoints.physical_name("stack", "Resource", 20) == touchpoints.physical_name("stack", "Resource", 20)
    assert len(touchpoints.physical_name("s" * 100, "Resource", 20)) == 20


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (touchpoints.capabilities_switch, []),
        (touchpoints.imports_finder, ["stack", "stack_name"]),
        (
            touchpoints.outputs_resolver,
            ["outputs_defs", "conditions", "resources", "param_values", "mappings", "stack_name", "stack_id"],
        ),
        (
            touchpoints.authorization,
            ["access_key_id", "iam_action", "service", "region", "resource_arn", "service_context"],
        ),
        (touchpoints.action_finder, ["service", "method", "path", "headers", "body", "query_params"]),
        (
            touchpoints.resource_finder,
            ["service", "method", "path", "headers", "body", "query_params", "region", "account_id"],
        ),
        (touchpoints.origin_pin, ["source_ip", "secure_transport"]),
        (touchpoints.queue_poller, []),
    ],
    ids=lambda part: getattr(part, "__name__", ""),
)
def test_the_replaced_functions_have_their_shape(place: Any, expected: list[str]) -> None:
    module, name = place()
    assert parameters(getattr(module, name)) == expected


def test_the_decision_of_a_policy_is_told_from_a_refused_credential() -> None:
    module, _ = touchpoints.authorization()
    assert hasattr(module.EvalResult("Deny"), "decision")
    assert not hasattr(module.AuthError("InvalidClientTokenId", ""), "decision")


def test_the_role_of_a_session_is_known_by_its_access_key() -> None:
    sts = touchpoints.service("sts")
    sts.register_session("ASIATEST", {"Arn": "arn:aws:sts::123456789012:assumed-role/Role/name"})
    assert touchpoints.role_of("ASIATEST") == "Role"
    assert touchpoints.role_of("test") is None
    sts.reset()


@pytest.mark.parametrize(
    "store", [touchpoints.exports, touchpoints.stacks, touchpoints.event_bus_policies], ids=lambda store: store.__name__
)
def test_stores_are_mappings_of_the_request(store: Any) -> None:
    store()["name"] = {"StackId": "id"}
    assert store().pop("name") == {"StackId": "id"}


def test_nothing_of_ours_hops_to_a_worker_thread_which_costs_the_aws_cli_its_30_seconds() -> None:
    from retail.local import handlers

    stacks, _ = touchpoints.outputs_resolver()
    assert not [name for name in handlers.TYPES if stacks._runs_on_worker_thread(name)]
