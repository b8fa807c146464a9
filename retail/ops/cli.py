"""The AWS CLI as a subprocess, and what the programs around it answer with."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import Any, NoReturn

PYTHON = ".venv/bin/python"
"""How a command that is printed calls Python: from the repository's root, whatever is activated."""


class InputError(Exception):
    """Something given is wrong, and nothing has been touched; one line that names it and the mend."""


class NoRegion(InputError):
    """No Region is given, and the AWS CLI is set up for none."""


class StackError(Exception):
    """A stack or a call failed; a short block that says which and why."""


class CliError(StackError):
    """The CLI ended with an error; its message in one line."""


class Parser(argparse.ArgumentParser):
    """argparse, with one line instead of the usage before each error."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see --help")


def aws(*words: str, region: str | None = None) -> str:
    """What `aws <words>` prints. Raises CliError when it fails."""
    command = ["aws", *words, *(["--region", region] if region else []), "--output", "json"]
    # A pager would wait for a key that nobody presses.
    environment = os.environ | {"AWS_PAGER": ""}
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CliError(" ".join(done.stderr.split()) or f"{' '.join(command)} ended with status {done.returncode}")
    return done.stdout


def ask(*words: str, region: str | None = None) -> Any:
    """The JSON that `aws <words>` prints."""
    return json.loads(aws(*words, region=region))


def say(line: str) -> None:
    """One line of progress, shown at once also where it is piped."""
    print(line, flush=True)


def check_tool() -> None:
    """Raises InputError without the AWS CLI."""
    if shutil.which("aws") is None:
        raise InputError("the AWS CLI (aws) is not on the PATH: install it, https://aws.amazon.com/cli/")


def check_credentials(region: str) -> str:
    """The account of whoever is calling. Raises InputError when AWS does not know them."""
    try:
        return str(ask("sts", "get-caller-identity", region=region)["Account"])
    except CliError as error:
        raise InputError(f"no access to AWS: {error}. Sign in with aws configure or aws sso login") from None


def primary_region(given: str) -> str:
    """The Region given, or the one that the CLI is set up for. Raises InputError."""
    region = given or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or _configured_region()
    if not region:
        raise NoRegion("--region is missing: give a Region, such as us-east-1")
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", region):
        raise InputError(f"--region {region}: give a Region, such as us-east-1")
    return region


def _configured_region() -> str:
    check_tool()
    try:
        return aws("configure", "get", "region").strip()
    except CliError:  # the CLI's way to say that there is none
        return ""


def exit_status(program: str, work: Callable[[], None]) -> int:
    """Do the work: 0, or 1 after a StackError, 2 after an InputError, 130 when interrupted."""
    try:
        work()
    except InputError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 2
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{program}: interrupted; CloudFormation finishes what it has begun", file=sys.stderr)
        return 130
    return 0
