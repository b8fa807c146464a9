"""Give Redshift what CloudFormation cannot (T194): the external schema, the views, the grants, and the daily facts.

    python -m retail.ops.warehouse --environment dev                        # after 07; as often as one likes
    python -m retail.ops.warehouse --environment dev --since 2026-01-01     # load the days from then on anew

The files of retail/warehouse run in their order through Redshift's Data API, each as one transaction: what fails
leaves nothing of its file behind. The exit status is 1 when a statement fails, and 2 when something given is wrong.

The statements run as the namespace's admin, by the secret that Redshift keeps and rotates. Whoever runs them needs
redshift-serverless:GetNamespace, the Data API's calls on the workgroup, and secretsmanager:GetSecretValue and
kms:Decrypt on that one secret, and never sees a password. Temporary credentials for the caller's own IAM identity would
ask for less of IAM and for more of Redshift: it would have to hold the right to make schemas and roles for good.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from string import Template
from typing import Any

from retail.ops import cli, request
from retail.ops.cli import CliError, InputError, Parser, StackError, ask, say

PROGRAM = "retail.ops.warehouse"
FILES = Path(__file__).parents[1] / "warehouse"
LOADED_DAYS = 30
"""How far back a load begins unless told otherwise: as far as the views look."""

POLL_SECONDS = 1
RUNNING = ("SUBMITTED", "PICKED", "STARTED")

COMMENTS = re.compile(r"\A(?:--.*\n|\s)+")
ROLE_IS_THERE = re.compile(r'role "?\w+"? already exists', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Warehouse:
    """Redshift Serverless of one environment, and the login for its Data API."""

    name: str  # of workgroup and namespace
    database: str
    secret_arn: str
    region: str

    def run(self, statements: Sequence[str]) -> Failure | None:
        """Run the statements as one transaction and wait; returns what failed. Raises StackError."""
        one = len(statements) == 1
        request: dict[str, Any] = {
            "WorkgroupName": self.name,
            "Database": self.database,
            "SecretArn": self.secret_arn,
            **({"Sql": statements[0]} if one else {"Sqls": list(statements)}),
        }
        call = "execute-statement" if one else "batch-execute-statement"
        begun = ask("redshift-data", call, "--cli-input-json", json.dumps(request), region=self.region)
        while (state := self._state(begun["Id"]))["Status"] in RUNNING:
            time.sleep(POLL_SECONDS)
        if state["Status"] == "FINISHED":
            return None
        parts = state.get("SubStatements", [])
        number = next((at for at, part in enumerate(parts) if part["Status"] != "FINISHED"), 0)
        causes = [part["Error"] for part in [*parts[number : number + 1], state] if part.get("Error")]
        return Failure(number, " ".join((causes or [f"it was {state['Status']}"])[0].split()))

    def _state(self, statement: str) -> Any:
        return ask("redshift-data", "describe-statement", "--id", statement, region=self.region)


@dataclass(frozen=True, slots=True)
class Failure:
    """Which statement of a file failed, counted from 0, and why."""

    number: int
    cause: str


def prepare(project: str, environment: str, region: str, since: date | None = None) -> None:
    """Run all files. Raises InputError without a warehouse, StackError at the first statement that fails."""
    since = since or datetime.now(UTC).date() - timedelta(days=LOADED_DAYS)
    warehouse = find(f"{project}-{environment}", region)
    values = {"catalog": f"{project}_{environment}", "since": since.isoformat()}
    for file in sorted(FILES.glob("*.sql")):
        written = list(statements(file.read_text(encoding="utf-8"), values))
        started = time.monotonic()
        failure = warehouse.run(written)
        if failure and not (written[failure.number].startswith("CREATE ROLE") and ROLE_IS_THERE.search(failure.cause)):
            raise StackError(
                f"{file.name} failed.\n"
                f"  statement: {failure.number + 1} of {len(written)}, {written[failure.number].splitlines()[0]}\n"
                f"  cause: {failure.cause}"
            )
        outcome = "is there" if failure else f"done in {time.monotonic() - started:.1f} s"
        say(f"{file.name} {outcome}")


def find(name: str, region: str) -> Warehouse:
    """The warehouse of that name. Raises InputError if there is none."""
    try:
        namespace = ask("redshift-serverless", "get-namespace", "--namespace-name", name, region=region)["namespace"]
    except CliError as error:
        if "ResourceNotFoundException" not in str(error):
            raise
        raise InputError(f"--environment: there is no warehouse {name} in {region}; deploy 07 first") from None
    return Warehouse(name, namespace["dbName"], namespace["adminPasswordSecretArn"], region)


def statements(text: str, values: dict[str, str]) -> Iterator[str]:
    """The statements of a file, its ``${placeholders}`` filled in, without the comment at its head."""
    for part in Template(text).substitute(values).split(";\n"):
        if statement := COMMENTS.sub("", part).strip():
            yield statement


def warehouse(arguments: Sequence[str]) -> None:
    """Check what is asked, then do it."""
    parser = Parser(prog=f"python -m {PROGRAM}", description="Prepare Redshift: schemas, views, grants, facts.")
    request.add_place(parser)
    parser.add_argument("--since", default="", metavar="DAY", help=f"load from this day on ({LOADED_DAYS} days ago)")
    asked = parser.parse_args(arguments)
    since = _day(asked.since) if asked.since else None
    where = request.where(asked)
    cli.check_tool()
    cli.check_credentials(where.region)
    prepare(where.project, where.environment, where.region, since)


def _day(given: str) -> date:
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise InputError(f"--since {given}: give a day, such as 2026-01-01") from None


def main() -> int:
    """Prepare the warehouse as the command line says; returns the exit status."""
    return cli.exit_status(PROGRAM, lambda: warehouse(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
