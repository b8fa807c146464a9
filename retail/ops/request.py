"""What a deployment is asked for, checked against the templates before AWS hears of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from retail.ops import artifacts, emitted, stacks
from retail.ops.cli import InputError, Parser
from retail.ops.emitted import Emitted

OPTIONS = {
    "Project": "--project",
    "Environment": "--environment",
    "DomainName": "--domain",
    "HostedZoneId": "--hosted-zone",
    "ContainerImage": "--image",
    "OperationsEmail": "--operations-email",
    "CustomerEmail": "--customer-email",
}
"""The parameters that have an option of their own."""

NOT_TO_SET = {
    "Project": "give --project",
    "Environment": "give --environment",
    "Scope": "03 is always deployed in both scopes",
}


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for; texts that were not given are empty."""

    project: str
    environment: str
    region: str
    only: str  # the number of one stack
    options: dict[str, str]  # by parameter
    overrides: dict[str, str]  # by parameter; they win over whatever else would be passed

    @property
    def titles(self) -> list[str]:
        """The stacks to deploy, in order."""
        return [title for number, title in stacks.ORDER if self.only in ("", number)]


def parse(arguments: Sequence[str], program: str) -> Request:
    """Read the command line. Raises InputError."""
    parser = Parser(prog=f"python -m {program}", description="Deploy the platform.")
    parser.add_argument("--environment", required=True, help="dev, staging or prod")
    parser.add_argument("--project", default="retail", help="the first part of every name (retail)")
    parser.add_argument("--region", default="", help="the primary Region; else the one that the AWS CLI is set up for")
    parser.add_argument("--domain", default="", help="the name that shoppers type")
    parser.add_argument("--hosted-zone", default="", help="id of the public Route 53 zone that holds the name")
    parser.add_argument("--only", default="", metavar="NUMBER", help="deploy this stack alone: 01 to 07")
    parser.add_argument("--image", default="", help="the storefront's image, as pushed to the repository of 04")
    parser.add_argument("--operations-email", default="", help="where alarms are mailed to")
    parser.add_argument("--customer-email", default="", help="where order notifications are mailed to")
    parser.add_argument("--set", action="append", default=[], metavar="PARAMETER=VALUE", help="any other parameter")
    given = parser.parse_args(arguments)
    if given.only and given.only not in stacks.NUMBERS:
        raise InputError(f"--only {given.only}: give one of {', '.join(stacks.NUMBERS)}")
    options = {name: getattr(given, option[2:].replace("-", "_")) for name, option in OPTIONS.items()}
    return Request(
        project=given.project,
        environment=given.environment,
        region=given.region,
        only=given.only,
        options={name: value for name, value in options.items() if value},
        overrides=dict(_override(word) for word in given.set),
    )


def _override(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not (name and equals):
        raise InputError(f"--set {word}: give Parameter=Value")
    if name in NOT_TO_SET:
        raise InputError(f"--set {word}: {name} is not set this way; {NOT_TO_SET[name]}")
    return name, value


def templates(request: Request) -> dict[str, Emitted]:
    """The templates of the stacks to deploy, by title. Raises InputError."""
    places = stacks.platform(request.project, request.environment, request.region)
    return {title: emitted.read(places[title].template) for title in request.titles}


def parameters(request: Request, templates: dict[str, Emitted]) -> dict[str, dict[str, str]]:
    """By title, the parameters known before AWS is asked, within the templates' bounds. Raises InputError."""
    known = {name for template in templates.values() for name in template.parameters}
    for name in request.overrides.keys() - known:
        raise InputError(f"--set {name}: no template to be deployed has this parameter; there are {_listed(known)}")
    return {title: _of_one(request, title, template) for title, template in templates.items()}


def _of_one(request: Request, title: str, template: Emitted) -> dict[str, str]:
    wanted = request.options | artifacts.keys(title) | request.overrides
    values = {name: value for name, value in wanted.items() if name in template.parameters}
    for name, value in values.items():
        if mend := emitted.objection(template.parameters[name], value):
            raise InputError(f"{_source(request, name)}{value}: {mend}")
    if title == stacks.INGRESS and (missing := {"DomainName", "HostedZoneId"} - values.keys()):
        raise InputError(f"{OPTIONS[min(missing)]} is missing: 03 ingress needs it")
    return values


def _source(request: Request, name: str) -> str:
    return f"{OPTIONS[name]} " if name in OPTIONS and name not in request.overrides else f"--set {name}="


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names - NOT_TO_SET.keys()))
