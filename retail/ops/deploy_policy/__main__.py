"""Write the smallest IAM policies that a deployment needs, and what operating the platform needs besides.

    python -m retail.ops.deploy_policy --environment dev --region eu-west-1 --account 123456789012
    python -m retail.ops.deploy_policy --environment dev --stack 05          # one of them, printed

One managed policy for each stack, from the permissions that the resource types' schemas name, one for what the programs
of a deployment call, and one for what destroy and the drills call; a role may have ten. There are two ways to use them:

- All of them on the role that deploys and operates. CloudFormation then acts with its permissions, which is what deploy
  does.
- The stacks' policies on a role of its own that trusts cloudformation.amazonaws.com; whoever deploys has 00-programs,
  may pass that role, and can touch nothing but by a change set; whoever operates has 00-operations. `aws cloudformation
  deploy` takes the role as --role-arn, and a stack keeps it from then on. This is the better way where several people
  deploy.

Whoever may make a role and attach a policy to it may do anything that the platform's roles can be given: restrict
that by a permissions boundary or in the organisation. The exit status is 2 when something given is wrong.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from retail.ops import cli, request
from retail.ops.cli import InputError, Parser, say
from retail.ops.cost import templates
from retail.ops.deploy_policy import operations, programs, stacks
from retail.ops.deploy_policy.document import LIMIT, size
from retail.ops.deploy_policy.places import Place

PROGRAM = "retail.ops.deploy_policy"
OUT = Path("build", "deploy-policy")


def documents(place: Place) -> dict[str, dict[str, object]]:
    """Every policy document by name. Raises InputError."""
    made = {name: stacks.policy(name, template, place) for name, template in templates.emitted().items()}
    return {programs.NAME: programs.policy(place), operations.NAME: operations.policy(place)} | made


def deploy_policy(arguments: list[str]) -> None:
    """Print or write the policies. Raises InputError."""
    parser = Parser(prog=f"python -m {PROGRAM}", description="The IAM policies that a deployment needs.")
    request.add_place(parser)
    parser.add_argument("--account", default="*", help="the account's number; without it the policies name any")
    parser.add_argument("--stack", default="", metavar="NAME", help="print one, by its name or number")
    parser.add_argument("--out", type=Path, default=OUT, metavar="DIR", help=f"where to write all of them ({OUT})")
    asked = parser.parse_args(arguments)
    if not re.fullmatch(r"\*|\d{12}", asked.account):
        raise InputError(f"--account {asked.account}: give twelve digits")
    where = request.where(asked)
    made = documents(Place(where.project, where.environment, where.region, asked.account))
    if asked.stack:
        chosen = [document for name, document in made.items() if name.startswith(asked.stack)]
        if len(chosen) != 1:
            raise InputError(f"--stack {asked.stack}: give one of {', '.join(made)}")
        print(json.dumps(chosen[0], indent=2))
        return
    asked.out.mkdir(parents=True, exist_ok=True)
    for name, document in made.items():
        path = asked.out / f"{name}.json"
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        say(f"{path}: {size(document):,} of {LIMIT:,} characters")


def main() -> int:
    """Write as the command line says; returns the exit status."""
    return cli.exit_status(PROGRAM, lambda: deploy_policy(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
