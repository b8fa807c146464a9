"""Stack policies: what CloudFormation itself refuses to replace or remove, whoever asks, and by whatever tool.

    python -m retail.ops.plan.policies                  # each stack's policy, from out/ as it is now
    python -m retail.ops.plan.policies 05-data          # that of one, for --stack-policy-body
    python -m retail.ops.plan.policies 03-ingress Scope=waf

They are written nowhere, so that none can be stale. A deployment sets the policy of the new template once the stack
is up to date; a change that environments/allowed-changes.yaml allows passes by a policy without its logical id, set
for as long as that update runs. CloudFormation refuses a policy that names what the stack has not made ("Unknown
logical id"): what a condition leaves out is left out here too.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from retail.ops import cli
from retail.ops.cli import InputError, Parser
from retail.ops.plan import read
from retail.ops.plan.functions import defaults
from retail.ops.plan.read import Template
from retail.ops.plan.settle import settled
from retail.ops.plan.stateful import is_stateful
from retail.ops.request import assignment

PROGRAM = "retail.ops.plan.policies"

LIMIT = 16_384
"""Bytes that CloudFormation takes."""


def policy(template: Template, allowing: Collection[str] = (), values: Mapping[str, str] = {}) -> dict[str, Any]:
    """The policy of a stack: all may be updated, and what holds data be neither replaced nor removed.

    `allowing` are the logical ids for which that is allowed for once, `values` the stack's parameters, which tell what
    is in the stack at all.
    """
    kept = [
        f"LogicalResourceId/{name}"
        for name, resource in settled(template, values)["Resources"].items()
        if is_stateful(resource) and name not in allowing
    ]
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"},
    ]
    if kept:
        actions = ["Update:Replace", "Update:Delete"]
        statements.append({"Effect": "Deny", "Principal": "*", "Action": actions, "Resource": kept})
    return {"Statement": statements}


def body(template: Template, allowing: Collection[str] = (), values: Mapping[str, str] = {}) -> str:
    """The same as CloudFormation takes it. Raises InputError when it is too long for it."""
    written = json.dumps(policy(template, allowing, values), separators=(",", ":"))
    if (size := len(written.encode())) > LIMIT:
        raise InputError(f"the stack policy has {size} bytes and may have {LIMIT}: split the stack")
    return written


def run(arguments: Sequence[str]) -> None:
    """Print the policy of one stack, or of all by name; what is not given has its default."""
    parser = Parser(prog=f"python -m {PROGRAM}", description="Print the stack policies.")
    parser.add_argument("template", nargs="?", default="", help="one of them, such as 05-data")
    parser.add_argument("values", nargs="*", metavar="PARAMETER=VALUE", help="the stack's parameters")
    given = parser.parse_args(arguments)
    asked, values = given.template, dict(assignment(word, option="") for word in given.values)
    templates = read.folder(Path(read.FOLDER))
    if not asked:
        all_of_them = {name: policy(each, values=defaults(each)) for name, each in templates.items()}
        print(json.dumps(all_of_them, indent=1))
    elif asked in templates:
        print(body(templates[asked], values=defaults(templates[asked]) | values))
    else:
        raise InputError(f"{asked} is no template: give one of {', '.join(templates)}")


def main() -> int:
    """Print as the command line says; returns the exit status."""
    return cli.exit_status(PROGRAM, lambda: run(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
