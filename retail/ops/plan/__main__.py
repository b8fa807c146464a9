"""What a deployment would change; nothing is executed.

    python -m retail.ops.plan --against main            # out/ against a git revision
    python -m retail.ops.plan --environment dev         # out/ against what is deployed, by change sets

The exit status is 1 when a change is guarded and nobody has allowed it in environments/allowed-changes.yaml, or when
AWS fails, and 2 when something given is wrong.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from retail.ops import cli, request, stacks
from retail.ops.cli import InputError, NoRegion, Parser, StackError
from retail.ops.plan import allowed, deployed, read
from retail.ops.plan.allowed import FILE
from retail.ops.plan.changes import Finding
from retail.ops.plan.difference import Difference, difference
from retail.ops.plan.functions import with_defaults
from retail.ops.plan.guards import findings
from retail.ops.plan.machine import machine
from retail.ops.plan.markdown import markdown
from retail.ops.plan.merge import merged
from retail.ops.plan.read import Template
from retail.ops.plan.report import Plan
from retail.ops.plan.steered import steered
from retail.ops.plan.terminal import show
from retail.ops.plan.wanted import wanted

PROGRAM = "retail.ops.plan"


def plan(arguments: Sequence[str]) -> None:
    """Compare, and print what was found. Raises StackError for a guarded change that nobody has allowed."""
    asked = _parser().parse_args(arguments)
    if asked.against and asked.set:
        raise InputError("--set: a revision has no parameters; give --environment")
    listed = allowed.entries()
    found = _with_environment(asked, listed) if asked.environment else _with_revision(asked, listed)
    if asked.json:
        print(machine(found))
    elif asked.markdown:
        print(markdown(found), end="")
    else:
        show(found, sys.stdout)
    if guarded := found.unallowed:
        sys.stdout.flush()
        are = "change is" if len(guarded) == 1 else "changes are"
        raise StackError(f"{PROGRAM}: {len(guarded)} guarded {are} not allowed in {FILE}")


def _parser() -> Parser:
    parser = Parser(prog=f"python -m {PROGRAM}", description="Say what a deployment would change.")
    with_what = parser.add_mutually_exclusive_group(required=True)
    with_what.add_argument("--against", default="", metavar="REVISION", help="compare with out/ in this git revision")
    with_what.add_argument("--environment", default="", help="compare with what is deployed: dev, staging or prod")
    parser.add_argument(
        "--out", type=Path, default=Path(read.FOLDER), help="the folder to compare, with --against (out)"
    )
    parser.add_argument("--project", default="", help="the first part of every name")
    parser.add_argument("--region", default="", help="the primary Region; else the file's, else the AWS CLI's")
    parser.add_argument("--set", action="append", default=[], metavar="PARAMETER=VALUE", help="as for deploy")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="for programs")
    shape.add_argument("--markdown", action="store_true", help="for a pull request")
    return parser


def _with_revision(asked: argparse.Namespace, listed: list[allowed.Entry]) -> Plan:
    commit = read.commit(asked.against)
    before, after = read.revision(commit), read.folder(asked.out)
    old, new = ({_label(name): each for name, each in side.items()} for side in (before, after))
    found = difference(*({name: with_defaults(each) for name, each in side.items()} for side in (old, new)))
    guarded = findings(found)
    told = {(each.stack, each.logical_id, each.kind) for each in guarded}
    guarded += [each for each in steered(old, new) if (each.stack, each.logical_id, each.kind) not in told]
    costs, notes = _costs(before, after)
    judged, stale = allowed.judged(guarded, listed, date.today(), commit)
    named = commit[:7] if commit.startswith(asked.against) else f"{asked.against} ({commit[:7]})"
    return Plan(
        title=f"{asked.out}/ against {named}",
        changes=found.changes,
        others=found.others,
        findings=tuple(judged),
        stale=tuple(stale),
        notes=tuple([] if before else [f"{asked.against} has no templates in {read.FOLDER}/: all is new"]) + notes,
        costs=costs,
    )


def _with_environment(asked: argparse.Namespace, listed: list[allowed.Entry]) -> Plan:
    try:
        where = request.where(asked)
    except NoRegion:
        raise InputError("--region is missing: give BASE=main, or ENV=dev with a Region, as REGION=us-east-1") from None
    names = {"Project": where.project, "Environment": where.environment}
    cli.check_tool()
    platform = stacks.platform(where.project, where.environment, where.region)
    values = wanted(platform, read.folder(Path(read.FOLDER)), where.file, names, asked.set)
    cli.check_credentials(where.region)
    looks = deployed.look(platform, values)
    found = difference(
        {each.stack.label: each.before for each in looks if each.before},
        {each.stack.label: each.after for each in looks},
    )
    changes = (change for each in looks for change in merged(each, found.changes))
    found = Difference(tuple(changes), found.others, found.moved)
    refused = [Finding(each.stack.label, each.stack.name, "refused", each.refused) for each in looks if each.refused]
    judged, stale = allowed.judged([*refused, *findings(found)], listed, date.today(), "")
    return Plan(
        title=f"{read.FOLDER}/ against {where.project}-{where.environment} in {where.region}",
        changes=found.changes,
        others=found.others,
        findings=tuple(judged),
        stale=tuple(stale),
        notes=tuple(f"{each.stack.label} is {each.note}" for each in looks if each.note),
    )


def _label(name: str) -> str:
    """``05 data`` for ``05-data``, as the deployment calls it."""
    return name.replace("-", " ", 1)


def _costs(
    before: Mapping[str, Template], after: Mapping[str, Template]
) -> tuple[dict[str, tuple[float, float]], tuple[str, ...]]:
    """Dollars a month by stack on both sides; where one has no price, the note that says which."""
    from retail.ops.cost import monthly

    try:
        old, new = (monthly(side) if side else {} for side in (before, after))
    except InputError as error:
        return {}, (f"the cost is not compared: {error}",)
    return {_label(name): (old.get(name, 0.0), new.get(name, 0.0)) for name in sorted({*old, *new})}, ()


def main() -> int:
    """Plan as the command line says; returns the exit status."""
    return cli.exit_status(PROGRAM, lambda: plan(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
