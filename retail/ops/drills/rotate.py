"""Rotate X-Origin-Verify, the header by which the load balancer knows CloudFront, without a 403 (T94).

    python -m retail.ops.drills.rotate --environment dev --dry-run
    python -m retail.ops.drills.rotate --environment dev

A new version of the secret, then three changes of 03: the load balancer accepts the new value besides; CloudFront sends
it, and the old one is still accepted; only the new one is accepted. What has been done stands in the stack's
parameters and in the secret's labels, so that a rotation that was interrupted is carried on where it stopped.

Until the end the new version is only AWSPENDING: were it AWSCURRENT at once, the first change would resolve the
reference to the current version anew, and the old value would be dropped while CloudFront still sends it.
"""

from __future__ import annotations

import secrets
import string
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

from retail.ops import stacks
from retail.ops.cli import InputError, say
from retail.ops.drills import place
from retail.ops.drills.change import change, state_of
from retail.ops.drills.place import Place

PROGRAM = "retail.ops.drills.rotate"

SENT, ACCEPTED = "OriginVerifyVersionId", "OriginVerifyAcceptedVersionId"
"""The parameters of 03: the version that CloudFront sends, none for the current; a further one that is accepted."""

NONE = "none"
CURRENT, PENDING = "AWSCURRENT", "AWSPENDING"

ALPHABET = string.ascii_letters + string.digits
LENGTH = 48

POLL_SECONDS = 5
STEPS = (
    "make a new version of the secret",
    "let the load balancer accept it too",
    "let CloudFront send it",
    "let the load balancer accept it alone",
    "make it the secret's current version",
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a rotation has come."""

    current: str
    pending: str  # the new version; empty if there is none
    sent: str
    accepted: str  # besides the one that is sent; empty if there is none

    def next_step(self) -> int:
        """The number of the step that is due. Raises InputError where no rotation has led."""
        if not self.pending:
            if self.accepted:
                raise InputError(
                    f"--environment: 03 accepts version {self.accepted}, which is no pending one; "
                    f"finish that by hand with {ACCEPTED}={NONE}"
                )
            return 0
        if self.sent == self.pending:
            return 3 if self.accepted else 4
        return 2 if self.accepted == self.pending else 1


class Rotation:
    """One environment's header, its secret and the stack that uses both."""

    def __init__(self, where: Place, settle_seconds: float) -> None:
        self._stack = where.stack(stacks.INGRESS)
        self._secret = where.made(stacks.SECURITY, "OriginSecret")
        self._rule = where.made(stacks.INGRESS, "FromCloudFrontRule")
        self._distribution = where.made(stacks.INGRESS, "Distribution")
        self._secrets, self._balancers = where.client("secretsmanager"), where.client("elbv2")
        self._cloudfront = where.client("cloudfront")
        self._settle_seconds = settle_seconds

    def standing(self) -> Standing:
        """What stack and secret say. Raises InputError for a secret that the load balancer does not know."""
        parameters = state_of(self._stack).parameters
        described = self._secrets.describe_secret(SecretId=self._secret)["VersionIdsToStages"]
        by_label = {label: version for version, labels in described.items() for label in labels}
        current = by_label[CURRENT]
        sent, accepted = (parameters[name] for name in (SENT, ACCEPTED))
        standing = Standing(
            current=current,
            pending=by_label.get(PENDING, ""),
            sent=current if sent == NONE else sent,
            accepted="" if accepted == NONE else accepted,
        )
        if self._value(standing.sent) not in self._values_accepted():
            raise InputError(
                f"--environment: the load balancer does not accept version {standing.sent}, which 03 would take for "
                f"the one that is sent: the secret was changed by hand; set {SENT} to the version that is in use"
            )
        return standing

    def take(self, step: int, at: Standing) -> None:
        """Do one step and wait until all that answers to shoppers has it."""
        if step == 0:
            value = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
            self._secrets.put_secret_value(
                SecretId=self._secret, ClientRequestToken=str(uuid4()), SecretString=value, VersionStages=[PENDING]
            )
        elif step == 1:
            change(self._stack, **{ACCEPTED: at.pending})
            self._await_rule(at.sent, at.pending)
        elif step == 2:
            # Not before every edge sends the new value may the old one go.
            change(self._stack, **{SENT: at.pending, ACCEPTED: at.sent})
            self._await_rule(at.sent, at.pending)
        elif step == 3:
            self._await_edges()
            change(self._stack, **{ACCEPTED: NONE})
        else:
            # Never without a label, or Secrets Manager might delete it.
            label = partial(self._secrets.update_secret_version_stage, SecretId=self._secret)
            if at.current != at.pending:
                label(VersionStage=CURRENT, MoveToVersionId=at.pending, RemoveFromVersionId=at.current)
            label(VersionStage=PENDING, RemoveFromVersionId=at.pending)

    def _value(self, version: str) -> str:
        return str(self._secrets.get_secret_value(SecretId=self._secret, VersionId=version)["SecretString"])

    def _values_accepted(self) -> set[str]:
        (rule,) = self._balancers.describe_rules(RuleArns=[self._rule])["Rules"]
        conditions: list[dict[str, Any]] = rule["Conditions"]
        return {value for each in conditions for value in each.get("HttpHeaderConfig", {}).get("Values", [])}

    def _await_rule(self, *versions: str) -> None:
        wanted = {self._value(version) for version in versions}
        while not wanted <= self._values_accepted():
            time.sleep(POLL_SECONDS)
        time.sleep(self._settle_seconds)

    def _await_edges(self) -> None:
        while self._cloudfront.get_distribution(Id=self._distribution)["Distribution"]["Status"] != "Deployed":
            time.sleep(POLL_SECONDS)
        time.sleep(self._settle_seconds)


def rotate(rotation: Rotation) -> None:
    """Take the steps that are left, from the one that is due."""
    step = -1
    while step < len(STEPS) - 1:
        standing = rotation.standing()
        step = standing.next_step()
        say(f"{step + 1} of {len(STEPS)}: {STEPS[step]} ...")
        rotation.take(step, standing)
    say(f"X-Origin-Verify is rotated; version {standing.pending} is in use")


def drill(arguments: Sequence[str]) -> None:
    """Check what is asked, then do it."""
    parser = place.parser(PROGRAM, "Rotate X-Origin-Verify without a 403.", "say which steps are left, and take none")
    parser.add_argument("--settle", type=float, default=60.0, metavar="SECONDS", help="to wait after each change (60)")
    asked = parser.parse_args(arguments)
    if not 0 <= asked.settle <= 3_600:
        raise InputError(f"--settle {asked.settle:g}: give 0 to 3600 seconds")
    rotation = Rotation(place.of(asked), asked.settle)
    if asked.dry_run:
        for step in range(rotation.standing().next_step(), len(STEPS)):
            say(f"{step + 1} of {len(STEPS)}: would {STEPS[step]}")
    else:
        rotate(rotation)


def main() -> int:
    """Rotate as the command line says; returns the exit status."""
    return place.exit_status(PROGRAM, lambda: drill(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
