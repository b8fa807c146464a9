"""Where a drill runs, one environment in one Region, and how it ends."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from retail.ops import cli, request, stacks
from retail.ops.cli import InputError, Parser, StackError
from retail.ops.stacks import Stack

PATIENCE = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 5})


@dataclass(frozen=True, slots=True)
class Place:
    """One environment's stacks."""

    project: str
    environment: str
    region: str

    def client(self, service: str) -> Any:
        """A boto3 client in the primary Region."""
        return boto3.client(service, region_name=self.region, config=PATIENCE)

    def stack(self, title: str) -> Stack:
        """One of the stacks by its title."""
        return stacks.platform(self.project, self.environment, self.region)[title]

    def made(self, title: str, logical_id: str) -> str:
        """The physical id of what a stack has made. Raises InputError if it has not."""
        stack = self.stack(title)
        try:
            found = self.client("cloudformation").describe_stack_resource(
                StackName=stack.name, LogicalResourceId=logical_id
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            raise InputError(
                f"--environment {self.environment}: there is no {logical_id} in stack {stack.name} of {self.region}; "
                f"deploy {stack.number} first"
            ) from None
        return str(found["StackResourceDetail"]["PhysicalResourceId"])


def parser(program: str, description: str, steps: str = "say what would be done, and do nothing") -> Parser:
    """A command line with the options that all drills have."""
    made = Parser(prog=f"python -m {program}", description=description)
    request.add_place(made)
    made.add_argument("--dry-run", action="store_true", help=steps)
    return made


def of(asked: argparse.Namespace) -> Place:
    """The place that the command line names. Raises InputError."""
    where = request.where(asked)
    cli.check_tool()
    cli.check_credentials(where.region)
    return Place(where.project, where.environment, where.region)


def exit_status(program: str, work: Callable[[], None]) -> int:
    """Do the work: 0, or 1 after a StackError or what AWS refuses, 2 after an InputError, 130 when interrupted."""

    def told() -> None:
        try:
            work()
        except (ClientError, BotoCoreError) as error:
            raise StackError(f"{program}: {' '.join(str(error).split())}") from None
        except KeyboardInterrupt:
            print(f"{program}: interrupted; run it again to carry on", file=sys.stderr)
            raise SystemExit(130) from None

    return cli.exit_status(program, told)
