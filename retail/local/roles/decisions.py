"""What the emulator decides about each role's calls, kept for the report: `<state>/decisions.jsonl`.

A line is an action that a role was allowed, once, or one that it was denied, once for each resource:

    {"at": "2026-01-01T12:00:00Z", "role": "...", "action": "s3:PutObject", "resource": "arn:...", "allowed": true}

Written only where policies are enforced; what the root user does is not. Calls on loopback count as coming over TLS,
which nothing here speaks to the emulator: else every bucket, queue and topic would refuse them by its policy.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from retail.local import touchpoints

NAME = "decisions.jsonl"


@dataclass(frozen=True, slots=True)
class Decision:
    """A role's action, and whether it was allowed on the resource."""

    at: str
    role: str  # the name
    action: str
    resource: str
    allowed: bool


def register(state: Path) -> None:
    """Record in this process, which is the emulator's, from an empty file on; once per process."""
    path = state / NAME
    path.write_text("")
    module, name = touchpoints.authorization()
    setattr(module, name, _recording(getattr(module, name), path))
    module, name = touchpoints.origin_pin()
    setattr(module, name, partial(_over_tls, getattr(module, name)))


def read(state: Path) -> Iterator[Decision]:
    """What has been decided so far, oldest first; nothing where policies are not enforced."""
    path = state / NAME
    if path.exists():
        # A line that is being written has no end yet.
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n"):
                yield Decision(**json.loads(line))


def _over_tls(pin: Callable[[str, bool], None], source_ip: str, secure_transport: bool) -> None:
    pin(source_ip, True)


def _recording(authorize: Callable[..., Any], path: Path) -> Callable[..., Any]:
    known: set[tuple[Any, ...]] = set()

    def decide(
        access_key: str,
        action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> Any:
        refusal = authorize(
            access_key, action, service, region, resource_arn=resource_arn, service_context=service_context
        )
        role = touchpoints.role_of(access_key)
        # A refusal without a decision is of the credentials, not of the policy.
        if role and (refusal is None or hasattr(refusal, "decision")):
            key = (role, action) if refusal is None else (role, action, resource_arn)
            if key not in known:
                known.add(key)
                at = datetime.now(UTC).isoformat(timespec="milliseconds")
                line = json.dumps(asdict(Decision(at, role, action, resource_arn, refusal is None)))
                with path.open("a", encoding="utf-8") as file:
                    file.write(line + "\n")
        return refusal

    return decide
