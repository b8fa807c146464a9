"""What a deployment is asked for, checked against the templates before AWS hears of it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from retail.ops import artifacts, cli, emitted, environments, stacks
from retail.ops.cli import InputError, Parser
from retail.ops.emitted import Emitted
from retail.ops.environments import Environment

OPTIONS = {
    "Project": "--project",
    "Environment": "--environment",
    "DomainName": "--domain",
    "HostedZoneId": "--hosted-zone",
    "ContainerImage": "--image",
    "OperationsEmail": "--operations-email",
    "CustomerEmail": "--customer-email",
}
"""The parameters that have an option of their own; underscored and without its dashes, its name in a file."""

DEFAULT_PROJECT = "retail"

NOT_TO_SET = {
    "Project": "give --project",
    "Environment": "give --environment",
    "Scope": "03 is always deployed in both scopes",
}


@dataclass(frozen=True, slots=True)
class Request:
    """What command line and file ask for; texts that were not given are empty."""

    project: str
    environment: str
    region: str
    only: str  # the number of one stack
    options: dict[str, str]  # by parameter
    overrides: dict[str, str]  # by parameter; they win over whatever else would be passed
    file: Environment
    in_file: frozenset[str]  # the parameters among the options that the file gives
    dry_run: bool
    stacks_only: bool
    seed: bool

    @property
    def titles(self) -> list[str]:
        """The stacks to deploy, in order."""
        return [title for number, title in stacks.ORDER if self.only in ("", number)]


def parse(arguments: Sequence[str], program: str) -> Request:
    """Read the command line, and the environment's file. Raises InputError."""
    given = _parser(program).parse_args(arguments)
    if given.only and given.only not in stacks.NUMBERS:
        raise InputError(f"--only {given.only}: give one of {', '.join(stacks.NUMBERS)}")
    file = environments.read(given.environment)
    options = {name: getattr(given, setting_of(option)) for name, option in OPTIONS.items()}
    in_file = {name for name, option in OPTIONS.items() if not options[name] and file.setting(setting_of(option))}
    options |= {name: file.setting(setting_of(OPTIONS[name])) for name in in_file}
    options["Project"] = options["Project"] or DEFAULT_PROJECT
    return Request(
        project=options["Project"],
        environment=given.environment,
        region=given.region or file.setting("region"),
        only=given.only,
        options={name: value for name, value in options.items() if value},
        overrides=dict(map(override, given.set)),
        file=file,
        in_file=frozenset(in_file),
        dry_run=given.dry_run,
        stacks_only=given.stacks_only,
        seed=file.seed if given.seed is None else given.seed == "yes",
    )


def _parser(program: str) -> Parser:
    parser = Parser(prog=f"python -m {program}", description="Deploy the platform.")
    add_place(parser)
    parser.add_argument("--domain", default="", help="the name that shoppers type")
    parser.add_argument("--hosted-zone", default="", help="id of the public Route 53 zone that holds the name")
    parser.add_argument("--only", default="", metavar="NUMBER", help="deploy this stack alone: 01 to 07")
    parser.add_argument("--image", default="", help="the storefront's image, as pushed to the repository of 04")
    parser.add_argument("--operations-email", default="", help="where alarms are mailed to")
    parser.add_argument("--customer-email", default="", help="where order notifications are mailed to")
    parser.add_argument("--set", action="append", default=[], metavar="PARAMETER=VALUE", help="any other parameter")
    parser.add_argument("--seed", choices=("yes", "no"), help="fill the shop with its first products")
    parser.add_argument("--stacks-only", action="store_true", help="no image, no task, no warehouse, no smoke test")
    parser.add_argument("--dry-run", action="store_true", help="print the commands, and ask AWS for nothing")
    return parser


def add_place(parser: Parser) -> None:
    """The options that say which platform is meant; project and Region are empty if the file is to say them."""
    parser.add_argument("--environment", required=True, help="dev, staging or prod: environments/<environment>.yaml")
    parser.add_argument(
        "--project", default="", help=f"the first part of every name; else the file's, else {DEFAULT_PROJECT}"
    )
    parser.add_argument("--region", default="", help="the primary Region; else the file's, else the AWS CLI's")


@dataclass(frozen=True, slots=True)
class Where:
    """The platform that a command line means, and what its environment's file says."""

    project: str
    environment: str
    region: str
    file: Environment


def where(asked: argparse.Namespace) -> Where:
    """What the options of add_place and the environment's file say together. Raises InputError."""
    file = environments.read(asked.environment)
    project = asked.project or file.setting("project") or DEFAULT_PROJECT
    emitted.check_names(project, asked.environment)
    return Where(project, asked.environment, cli.primary_region(asked.region or file.setting("region")), file)


def setting_of(option: str) -> str:
    """How an environment's file calls what an option gives."""
    return option[2:].replace("-", "_")


def assignment(word: str, option: str = "--set ") -> tuple[str, str]:
    """Name and value of a parameter that an option, or nothing, stands before. Raises InputError."""
    name, equals, value = word.partition("=")
    if not (name and equals):
        raise InputError(f"{option}{word}: give Parameter=Value")
    return name, value


def override(word: str) -> tuple[str, str]:
    """The same for a deployment, which gives some parameters itself. Raises InputError."""
    name, value = assignment(word)
    if name in NOT_TO_SET:
        raise InputError(f"--set {word}: {name} is not set this way; {NOT_TO_SET[name]}")
    return name, value


def templates(request: Request) -> dict[str, Emitted]:
    """The templates of the stacks to deploy, by title. Raises InputError."""
    places = stacks.platform(request.project, request.environment, request.region)
    return {title: emitted.read(places[title].template) for title in request.titles}


def parameters(request: Request, templates: dict[str, Emitted]) -> dict[str, dict[str, str]]:
    """By title, the parameters known before AWS is asked, within the templates' bounds. Raises InputError."""
    known = {name for template in templates.values() for name in template.parameters} - NOT_TO_SET.keys()
    for name in request.overrides.keys() - known:
        raise InputError(
            f"--set {name}: no template to be deployed has this parameter; {environments.nearest(name, known)}"
        )
    return {title: _of_one(request, title, template) for title, template in templates.items()}


def _of_one(request: Request, title: str, template: Emitted) -> dict[str, str]:
    named = title.removesuffix("-waf")
    of_file = request.file.parameters.get(named, {})
    for name in of_file.keys() - (template.parameters.keys() - NOT_TO_SET.keys()):
        mend = NOT_TO_SET.get(name) or environments.nearest(name, template.parameters.keys() - NOT_TO_SET.keys())
        raise InputError(f"{request.file.path}: {named} has no parameter {name} to set; {mend}")
    # Ascending: a stack's own lines in the file are nearer to it than what holds for all.
    wanted = {**artifacts.keys(title), **_options(request, of_file), **request.overrides}
    values = {name: value for name, value in wanted.items() if name in template.parameters}
    if title == stacks.INGRESS:
        _check_shop(request, values)
    for name, value in values.items():
        if mend := emitted.objection(template.parameters[name], value):
            raise InputError(f"{_source(request, name, of_file)}{value}: {mend}")
    return values


def _options(request: Request, of_file: dict[str, str]) -> dict[str, str]:
    """The options and the stack's lines in the file; what the command line says wins."""
    typed = {name: value for name, value in request.options.items() if name not in request.in_file}
    return request.options | of_file | typed


def _check_shop(request: Request, values: dict[str, str]) -> None:
    for name in ("DomainName", "HostedZoneId"):
        if name not in values:
            raise InputError(f"{OPTIONS[name]} is missing: 03 ingress needs it; give it, or write {request.file.path}")
        if name in request.in_file and name not in request.overrides:
            request.file.refuse_placeholder(setting_of(OPTIONS[name]))


def _source(request: Request, name: str, of_file: dict[str, str]) -> str:
    """Where a value was given, up to the value."""
    if name in request.overrides:
        return f"--set {name}="
    if name in request.options and name not in request.in_file:
        return f"{OPTIONS[name]} "
    if name in of_file:
        return f"{request.file.path}: {name}: "
    return f"{request.file.path}: {setting_of(OPTIONS[name])}: " if name in request.in_file else f"{name} "
