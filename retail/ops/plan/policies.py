"""Stack policies: what CloudFormation itself refuses to replace or remove, whoever asks, and by whatever tool.

    python -m retail.ops.plan.policies                  # each stack's policy, from out/ as it is now
    python -m retail.ops.plan.policies 05-data          # that of one, for --stack-policy-body

They are written nowhere, so that none can be stale. A deployment sets the policy of the new template once the stack
is up to date; a change that environments/allowed-changes.yaml allows passes by a policy without its logical id, set
for as long as that update runs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from retail.ops import cli
from retail.ops.cli import InputError, Parser
from retail.ops.plan import read
from retail.ops.plan.read import Template
from retail.ops.plan.stateful import is_stateful

PROGRAM = "retail.ops.plan.policies"

LIMIT = 16_384
"""Bytes that CloudFormation takes."""


def policy(template: Template, allowing: Collection[str] = ()) -> dict[str, Any]:
    """The policy of a stack: all may be updated, and what holds data be neither replaced nor removed.

    `allowing` are the logical ids for which that is allowed for once.
    """
    kept = [
        f"LogicalResourceId/{name}"
        for name, resource in template["Resources"].items()
        if is_stateful(resource) and name not in allowing
    ]
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"},
    ]
    if kept:
        actions = ["Update:Replace", "Update:Delete"]
        statements.append({"Effect": "Deny", "Principal": "*", "Action": actions, "Resource": kept})
    return {"Statement": statements}


def body(template: Template, allowing: Collection[str] = ()) -> str:
    """The same as CloudFormation takes it. Raises InputError when it is too long for it."""
    written = json.dumps(policy(template, allowing), separators=(",", ":"))
    if (size := len(written.encode())) > LIMIT:
        raise InputError(f"the stack policy has {size} bytes and may have {LIMIT}: split the stack")
    return written


def run(arguments: Sequence[str]) -> None:
    """Print the policy of one stack, or of all by name."""
    parser = Parser(prog=f"python -m {PROGRAM}", description="Print the stack policies.")
    parser.add_argument("template", nargs="?", default="", help="one of them, such as 05-data")
    asked = parser.parse_args(arguments).template
    templates = read.folder(Path(read.FOLDER))
    if not asked:
        print(json.dumps({name: policy(template) for name, template in templates.items()}, indent=1))
    elif asked in templates:
        print(body(templates[asked]))
    else:
        raise InputError(f"{asked} is no template: give one of {', '.join(templates)}")


def main() -> int:
    """Print as the command line says; returns the exit status."""
    return cli.exit_status(PROGRAM, lambda: run(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
