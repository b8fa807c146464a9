"""The service-linked roles that a new account lacks when its first cluster is made (T110)."""

from __future__ import annotations

import re

from retail.ops.cli import CliError, aws

SERVICES = ("ecs.amazonaws.com", "ecs.application-autoscaling.amazonaws.com")
"""Whose roles the application stack relies on."""

THERE = re.compile("has been taken|EntityAlreadyExists")


def creation(service: str) -> list[str]:
    """The words of the call that makes a service's role."""
    return ["iam", "create-service-linked-role", "--aws-service-name", service]


def make(region: str) -> None:
    """Make the roles that the account lacks."""
    for service in SERVICES:
        try:
            aws(*creation(service), region=region)
        except CliError as error:
            if not THERE.search(str(error)):
                raise
