"""What is deployed, and CloudFormation's own word on what a deployment would change: change sets, none executed."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from retail.ops import emitted, stacks
from retail.ops.cli import CliError, InputError, StackError, ask, aws
from retail.ops.plan import read
from retail.ops.plan.functions import defaults
from retail.ops.plan.read import Template
from retail.ops.plan.settle import settled
from retail.ops.stacks import POLL_SECONDS, Stack, State

AT_ONCE = 4
"""Stacks that are asked about side by side; AWS throttles more."""

NOTHING = ("didn't contain changes", "No updates are to be performed")


@dataclass(frozen=True, slots=True)
class Look:
    """One stack as it is and as it would be."""

    stack: Stack
    before: Template  # empty if there is no such stack
    after: Template
    told: list[dict[str, Any]] = field(default_factory=list)  # the ResourceChanges of its change set
    refused: str = ""  # why CloudFormation would not even begin
    note: str = ""


def look(platform: Mapping[str, Stack], wanted: Mapping[str, Mapping[str, str]]) -> list[Look]:
    """All stacks, in order. `wanted` are the parameters that would be passed, by title.

    Raises StackError for a stack that is busy, InputError for a parameter that nobody gave.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        states = dict(zip(platform, pool.map(stacks.describe, platform.values()), strict=True))
        there = {title for title, state in states.items() if state and state.status not in stacks.NEVER_MADE}
        asked = [(stack, states[title], wanted.get(title, {}), there) for title, stack in platform.items()]
        return list(pool.map(lambda each: _look(*each), asked))


def _look(stack: Stack, state: State | None, wanted: Mapping[str, str], there: set[str]) -> Look:
    if state and state.is_busy:
        raise StackError(f"{stack.label}: {stack.name} is {state.status}; run again when that operation has ended")
    after = read.parsed(stack.template.read_text(encoding="utf-8"), str(stack.template))
    before: Template = {}
    previous: dict[str, str] = {}
    if state and stack.title in there:
        before, previous = _held(stack), state.parameters
    kept = {name: value for name, value in previous.items() if name in after["Parameters"]}
    values = {**defaults(after), **kept, **wanted}
    now = settled(after, values | _pseudo(stack))
    was = settled(before, defaults(before) | previous | _pseudo(stack)) if before else before
    if missing := sorted(after["Parameters"].keys() - values.keys()):
        if before:
            raise InputError(
                f"{stack.label} has the new parameter {missing[0]} without a default: --set {missing[0]}=..."
            )
        return Look(stack, was, now, note=f"not put before CloudFormation, as {' and '.join(missing)} must be known")
    if absent := sorted(emitted.read(stack.template).imports - there):
        return Look(stack, was, now, note=f"not put before CloudFormation, as it imports from {' and '.join(absent)}")
    passed = [
        {"ParameterKey": name, "ParameterValue": wanted[name]}
        if name in wanted
        else {"ParameterKey": name, "UsePreviousValue": True}
        for name in after["Parameters"]
        if name in wanted or name in previous
    ]
    told, refused = _change_set(stack, passed, state, is_new=not before)
    return Look(stack, was, now, told, refused)


def _held(stack: Stack) -> Template:
    """The template that the stack was made of."""
    words = ("cloudformation", "get-template", "--stack-name", stack.name, "--template-stage", "Original")
    body = ask(*words, region=stack.region)["TemplateBody"]
    return read.parsed(body if isinstance(body, str) else json.dumps(body), stack.name)


def _pseudo(stack: Stack) -> dict[str, str]:
    return {"AWS::Region": stack.region, "AWS::StackName": stack.name}


def _change_set(
    stack: Stack, parameters: list[dict[str, Any]], state: State | None, *, is_new: bool
) -> tuple[list[dict[str, Any]], str]:
    """The resource changes of a change set that is deleted again; or why CloudFormation refuses it."""
    name = f"plan-{uuid.uuid4().hex}"
    where = ("--stack-name", stack.name, "--change-set-name", name)
    try:
        aws(
            "cloudformation", "create-change-set", *where,
            "--change-set-type", "CREATE" if is_new else "UPDATE",
            "--template-body", f"file://{stack.template}",
            "--capabilities", "CAPABILITY_NAMED_IAM",
            "--parameters", json.dumps(parameters),
            "--description", "made by make plan, to be looked at and deleted",
            region=stack.region,
        )  # fmt: skip
        while (found := _described(stack, where))["Status"] in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
            time.sleep(POLL_SECONDS)
    except CliError as error:
        return [], str(error)
    finally:
        _clear(stack, where, is_new=is_new, made_stack=is_new and state is None)
    reason = found.get("StatusReason", "")
    if found["Status"] == "FAILED" and not any(words in reason for words in NOTHING):
        return [], reason
    return [each["ResourceChange"] for each in found.get("Changes", []) if "ResourceChange" in each], ""


def _described(stack: Stack, where: tuple[str, ...]) -> dict[str, Any]:
    words = ("cloudformation", "describe-change-set", *where, "--include-property-values")
    found: dict[str, Any] = ask(*words, region=stack.region)
    return found


def _clear(stack: Stack, where: tuple[str, ...], *, is_new: bool, made_stack: bool) -> None:
    """Delete the change set, and the empty stack that one of a new stack leaves (REVIEW_IN_PROGRESS)."""
    state = stacks.describe(stack) if is_new else None
    if is_new and state is None:
        return  # it was refused before there was anything
    aws("cloudformation", "delete-change-set", *where, region=stack.region)
    if made_stack and state and state.status == "REVIEW_IN_PROGRESS":
        aws("cloudformation", "delete-stack", "--stack-name", stack.name, region=stack.region)
