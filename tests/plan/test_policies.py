"""The stack policies hold the same line inside CloudFormation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from retail.ops.cli import InputError
from retail.ops.plan import read
from retail.ops.plan.policies import body, policy
from tests.emitted import FILES, OUT, ROOT, resources
from tests.integration.programs import run
from tests.plan.small import resource, template


def denied(name: str) -> set[str]:
    [_, deny] = json.loads(body(read.folder(OUT)[name]))["Statement"]
    assert (deny["Effect"], deny["Action"]) == ("Deny", ["Update:Replace", "Update:Delete"])
    return {each.removeprefix("LogicalResourceId/") for each in deny["Resource"]}


@pytest.mark.parametrize("name", FILES)
def test_whatever_outlives_its_stack_can_be_neither_replaced_nor_removed_by_an_update(name: str) -> None:
    kept = ("Retain", "RetainExceptOnCreate", "Snapshot")
    outliving = {title for title, each in resources(name).items() if each.get("DeletionPolicy") in kept}
    assert denied(name) == outliving != set()


@pytest.mark.parametrize("name", FILES)
def test_everything_else_may_be_updated(name: str) -> None:
    allow = policy(read.folder(OUT)[name])["Statement"][0]
    assert allow == {"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"}


def test_an_allowed_change_passes_and_nothing_beside_it() -> None:
    stack = template({"One": resource("S3::Bucket"), "Other": resource("S3::Bucket")})
    assert policy(stack, {"One"})["Statement"][1]["Resource"] == ["LogicalResourceId/Other"]


def test_a_stack_without_data_denies_nothing() -> None:
    assert [each["Effect"] for each in policy(template({"One": resource("SNS::Topic")}))["Statement"]] == ["Allow"]


def test_a_policy_that_cloudformation_would_not_take_is_refused() -> None:
    many = template({f"Bucket{number:0>30}": resource("S3::Bucket") for number in range(300)})
    with pytest.raises(InputError, match="may have 16384"):
        body(many)


def test_the_program_prints_the_policy_of_one_stack_as_the_aws_cli_takes_it() -> None:
    done = run("retail.ops.plan.policies", "05-data", directory=ROOT, environment={})
    assert json.loads(done.stdout) == policy(read.folder(OUT)["05-data"])


@pytest.mark.parametrize(("scope", "made"), [("waf", "WebAclLogs"), ("cdn", "EdgeLogsBucket")])
def test_of_a_resource_that_a_condition_leaves_out_the_printed_policy_says_nothing(scope: str, made: str) -> None:
    """CloudFormation refuses a policy with a logical id that the stack has not made."""
    done = run("retail.ops.plan.policies", "03-ingress", f"Scope={scope}", directory=ROOT, environment={})
    [_, deny] = json.loads(done.stdout)["Statement"]
    assert deny["Resource"] == [f"LogicalResourceId/{made}"]


@pytest.mark.parametrize("word", ["waf", "=waf"])
def test_what_gives_no_parameter_a_value_is_refused_in_one_line(word: str) -> None:
    done = run("retail.ops.plan.policies", "03-ingress", word, directory=ROOT, environment={})
    assert (done.returncode, done.stderr) == (2, f"retail.ops.plan.policies: {word}: give Parameter=Value\n")


def test_the_program_prints_all_of_them_by_template() -> None:
    done = run("retail.ops.plan.policies", directory=ROOT, environment={})
    assert json.loads(done.stdout).keys() == set(FILES)


def test_an_unknown_template_is_refused_in_one_line(tmp_path: Path) -> None:
    done = run("retail.ops.plan.policies", "05", directory=ROOT, environment={})
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
