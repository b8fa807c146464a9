"""The command that deploys one stack, as it is run and as a dry run prints it."""

from __future__ import annotations

from collections.abc import Mapping

from retail.ops.stacks import Stack


def tags(project: str, environment: str) -> dict[str, str]:
    """What every stack, and so every resource, carries."""
    return {"Project": project, "Environment": environment}


def deployment(stack: Stack, values: Mapping[str, str], tags: Mapping[str, str]) -> list[str]:
    """The words of `aws cloudformation deploy` for one stack, without the Region."""
    return [
        "cloudformation", "deploy",
        "--stack-name", stack.name,
        "--template-file", str(stack.template),
        "--capabilities", "CAPABILITY_NAMED_IAM",
        "--no-fail-on-empty-changeset",
        "--parameter-overrides", *(f"{name}={value}" for name, value in values.items()),
        "--tags", *(f"{name}={value}" for name, value in tags.items()),
    ]  # fmt: skip
