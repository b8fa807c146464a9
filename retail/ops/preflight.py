"""Look before deploying: is all there that a deployment needs, and is nothing in its way?

    python -m retail.ops.preflight --environment prod

Each line is fine, missing, or unknown where AWS did not answer; what is missing comes with the one command that mends
it. Nothing is changed. The exit status is 1 when something is missing, and 2 when something given is wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from dns.resolver import Resolver
from rich.console import Console
from rich.text import Text

from retail.ops import cli, emitted, request, stacks
from retail.ops.checks import account, domain, names, quotas, zones
from retail.ops.checks.finding import FINE, MISSING, UNKNOWN, Finding, Place, safely
from retail.ops.cli import InputError, Parser, StackError
from retail.ops.environments import Environment
from retail.ops.plan.read import Template
from retail.ops.stacks import Stack

PROGRAM = "retail.ops.preflight"

STYLES = {FINE: "green", MISSING: "bold red", UNKNOWN: "yellow"}

WIDTH = 62
"""Of what is looked at, in the table: that of the longest subject without an account's id in it."""

TEMPLATE_BYTES = 51_200
TEMPLATE_PARAMETERS = 200
"""What CloudFormation takes of a template that lies in no bucket (T1)."""


def preflight(arguments: Sequence[str]) -> None:
    """Check, and print the table. Raises InputError, and StackError when something is missing."""
    parser = Parser(prog=f"python -m {PROGRAM}", description="Look before deploying.")
    request.add_place(parser)
    parser.add_argument("--domain", default="", help="the name that shoppers type")
    parser.add_argument("--hosted-zone", default="", help="id of the public Route 53 zone that holds the name")
    parser.add_argument("--resolver", default="", metavar="HOST:PORT", help="ask this DNS server; else the machine's")
    given = parser.parse_args(arguments)
    where = request.where(given)
    shop = {name: getattr(given, name) or _of_file(where.file, name) for name in ("domain", "hosted_zone")}
    cli.check_tool()
    place = _place(where.project, where.environment, where.region)
    platform = stacks.platform(where.project, where.environment, where.region)
    templates = {title: emitted.load(stack.template) for title, stack in platform.items()}
    of_application = where.file.parameters.get(stacks.APPLICATION, {})
    of_networking = where.file.parameters.get(stacks.NETWORKING, {})
    model = of_application.get(
        "BedrockModelId", templates[stacks.APPLICATION]["Parameters"]["BedrockModelId"]["Default"]
    )
    found = []
    console = Console(soft_wrap=True, highlight=False)
    for finding in _findings(place, platform, templates, shop, model, of_networking, domain.resolver(given.resolver)):
        found.append(finding)
        console.print(_line(finding))
    missing, unknown = (sum(each.status == status for each in found) for status in (MISSING, UNKNOWN))
    console.print(f"{len(found) - missing - unknown} fine, {missing} missing, {unknown} unknown")
    if missing:
        raise StackError(f"{place.prefix}: {missing} missing; mend what the table names")


def _of_file(file: Environment, name: str) -> str:
    value = file.setting(name)
    if not value:
        raise InputError(f"--{name.replace('_', '-')} is missing; give it, or write {file.path}")
    file.refuse_placeholder(name)
    return value


def _place(project: str, environment: str, region: str) -> Place:
    try:
        caller = Place(project, environment, region).client("sts").get_caller_identity()
    except (ClientError, BotoCoreError) as error:
        raise InputError(f"no access to AWS: {error}. Sign in with aws configure or aws sso login") from None
    return Place(project, environment, region, caller["Account"], caller["Arn"].split(":")[1])


def _findings(
    place: Place,
    platform: dict[str, Stack],
    templates: dict[str, Template],
    shop: dict[str, str],
    model: str,
    of_networking: dict[str, str],
    resolver: Resolver,
) -> Iterator[Finding]:
    yield Finding(FINE, "account", f"{place.account} in {place.region}, profile {boto3.Session().profile_name}")
    yield from account.cli()
    yield from safely(f"Region {place.region}", lambda: account.region(place))
    yield from safely("service-linked roles", lambda: account.service_linked_roles(place))
    zone, name = shop["hosted_zone"], shop["domain"]
    yield from safely(f"zone {zone}", lambda: domain.hosted_zone(place, name, zone, resolver))
    yield from safely(f"name {name}", lambda: _free_names(place, platform[stacks.INGRESS], name, zone))
    yield from safely("prefix list", lambda: account.prefix_list(place))
    yield from safely(f"model {model}", lambda: account.model(place, model))
    yield from safely("Lake Formation", lambda: account.lake_formation(place))
    yield from safely("backups", lambda: account.backups(place))
    yield from safely("zones", lambda: zones.zones(place, of_networking))
    is_there = bool(names.status(platform[stacks.NETWORKING], place))
    yield from quotas.quotas(place, quotas.Needs(templates), is_there)
    yield from names.states(platform, place)
    yield from names.taken(platform, templates, place)
    yield from _sizes(platform, templates)


def _free_names(place: Place, ingress: Stack, name: str, zone: str) -> Iterator[Finding]:
    if names.is_to_be_made(ingress, place):
        yield from domain.free_names(place, name, zone)


def _sizes(platform: dict[str, Stack], templates: dict[str, Template]) -> Iterator[Finding]:
    for path, title in {stack.template: title for title, stack in platform.items()}.items():
        size, count = path.stat().st_size, len(templates[title]["Parameters"])
        fits = size <= TEMPLATE_BYTES and count <= TEMPLATE_PARAMETERS
        found = f"{size:,} of {TEMPLATE_BYTES:,} bytes, {count} of {TEMPLATE_PARAMETERS} parameters"
        mend = "" if fits else "take something out of its module, and make templates"
        yield Finding(FINE if fits else MISSING, f"template {path.name}", found, mend)


def _line(finding: Finding) -> Text:
    line = Text.assemble(
        (f"{finding.status:<8}", STYLES[finding.status]), f"{finding.subject:<{WIDTH}}  ", finding.found
    )
    return line.append(f"\n{'':8}{'':{WIDTH}}  mend: {finding.mend}", "cyan") if finding.mend else line


def main() -> int:
    """Check as the command line says; returns the exit status."""
    return cli.exit_status(PROGRAM, lambda: preflight(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
