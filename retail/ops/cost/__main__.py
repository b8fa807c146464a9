"""The monthly cost per stack, beside the narrative's table.

    python -m retail.ops.cost [--profile idle|moderate|black-friday] [--region us-east-1] [--set CacheEngine=redis]
    python -m retail.ops.cost --json          # for machines
    python -m retail.ops.cost --picture       # docs/pictures/cost.svg and the tables of docs/cost.md anew
    python -m retail.ops.cost --refresh       # the price file anew from AWS's price list; needs credentials

The exit status is 2 when something given is wrong or has no price.
"""

from __future__ import annotations

import json
import sys

from rich.console import Console

from retail.ops import cli, emitted, request
from retail.ops.cli import InputError, Parser, say
from retail.ops.cost import narrative, page, refresh, report, templates, usage
from retail.ops.cost.bill import REGION, bill
from retail.ops.cost.options import options
from retail.ops.environments import nearest

PROGRAM = "retail.ops.cost"


def given(words: list[str], known: dict[str, dict[str, object]]) -> dict[str, str]:
    """The parameters of --set, within the templates' bounds. Raises InputError."""
    found = {}
    for word in words:
        name, value = request.assignment(word)
        if name not in known:
            raise InputError(f"--set {name}: no template has this parameter; {nearest(name, known)}")
        if mend := emitted.objection(known[name], value):
            raise InputError(f"--set {word}: {mend}")
        found[name] = value
    return found


def cost(arguments: list[str]) -> None:
    """Do what the command line says. Raises InputError."""
    parser = Parser(prog=f"python -m {PROGRAM}", description="The platform's monthly cost.")
    parser.add_argument("--profile", default=narrative.PROFILE, help="idle, moderate, black-friday")
    parser.add_argument("--region", default=REGION, help=f"where it runs ({REGION})")
    parser.add_argument("--set", action="append", default=[], metavar="PARAMETER=VALUE", help="instead of a default")
    doing = parser.add_mutually_exclusive_group()
    doing.add_argument("--json", action="store_true", help="for machines")
    doing.add_argument("--picture", action="store_true", help="write the page and picture in docs/")
    doing.add_argument("--refresh", action="store_true", help="write the price file anew from AWS's price list")
    asked = parser.parse_args(arguments)
    if asked.refresh:
        say(refresh.refresh(asked.region))
        return
    stacks = templates.emitted()
    if asked.picture:
        page.write(stacks)
        return
    use = usage.profile(asked.profile)
    known = {name: each for stack in stacks.values() for name, each in stack["Parameters"].items()}
    parameters = given(asked.set, known)
    lines = bill(stacks, use, asked.region, parameters)
    choices = options(stacks, use, asked.region, parameters)
    if asked.json:
        print(json.dumps(report.as_json(asked.profile, asked.region, lines, stacks, choices), indent=2))
        return
    report.show(Console(width=report.WIDTH, highlight=False), asked.profile, use, asked.region, lines, stacks, choices)


def main() -> int:
    """Report as the command line says; returns the exit status."""
    return cli.exit_status(PROGRAM, lambda: cost(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
