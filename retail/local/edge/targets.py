"""The load balancer's targets: their health, and whose turn it is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from retail.local.edge.feed import TargetHealth
from retail.local.edge.unsupported import UnsupportedError
from retail.local.edge.upstream import TooSlowError, UnreachableError, Upstream

CHECK_SECONDS = 1.0
"""However long the group's interval is: nobody wants to wait for it here."""

INITIAL, HEALTHY, UNHEALTHY = "initial", "healthy", "unhealthy"
AGENT = (b"user-agent", b"ELB-HealthChecker/2.0")


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """A group as it is deployed, and the addresses that are registered in it."""

    arn: str
    path: str
    codes: tuple[range, ...]
    timeout_seconds: float
    healthy_after: int
    unhealthy_after: int
    targets: tuple[str, ...]

    @classmethod
    def of(cls, said: Mapping[str, Any], registered: Iterable[Mapping[str, Any]]) -> TargetGroup:
        """From DescribeTargetGroups and DescribeTargetHealth. Raises UnsupportedError."""
        for name in ("Protocol", "HealthCheckProtocol"):
            if said[name] != "HTTP":
                raise UnsupportedError(f"target group {said['TargetGroupName']}: {name} {said[name]} is not acted out")
        addresses = (f"{each['Target']['Id']}:{each['Target'].get('Port', said['Port'])}" for each in registered)
        return cls(
            said["TargetGroupArn"],
            said["HealthCheckPath"],
            tuple(_codes(said["Matcher"]["HttpCode"])),
            float(said["HealthCheckTimeoutSeconds"]),
            int(said["HealthyThresholdCount"]),
            int(said["UnhealthyThresholdCount"]),
            tuple(sorted(addresses)),
        )


def _codes(text: str) -> Iterator[range]:
    for part in text.split(","):
        first, _, last = part.partition("-")
        yield range(int(first), int(last or first) + 1)


@dataclass(slots=True)
class _Health:
    state: str = INITIAL
    reason: str = ""
    streak: int = 0  # checks in a row that speak against the state

    def check(self, group: TargetGroup, failure: str) -> None:
        """Take in the outcome of a check: why it failed, or nothing. The first decides for a new target."""
        is_well = not failure
        if is_well == (self.state == HEALTHY) and self.state != INITIAL:
            self.streak = 0
            return
        self.streak += 1
        needed = 1 if self.state == INITIAL else group.healthy_after if is_well else group.unhealthy_after
        if self.streak >= needed:
            self.state, self.reason, self.streak = (HEALTHY if is_well else UNHEALTHY), failure, 0


@dataclass
class Targets:
    """All targets of all groups that the listener forwards to."""

    upstream: Upstream
    groups: dict[str, TargetGroup] = field(default_factory=dict)
    _health: dict[tuple[str, str], _Health] = field(default_factory=dict)
    _turn: int = 0

    def follow(self, groups: Iterable[TargetGroup]) -> None:
        """Take over what is registered now; what stays keeps its health."""
        self.groups = {group.arn: group for group in groups}
        there = [(group.arn, target) for group in self.groups.values() for target in group.targets]
        self._health = {each: self._health.get(each, _Health()) for each in there}

    def next(self, group_arn: str) -> str | None:
        """The next healthy target in turn; any, if none is healthy; None if none is registered."""
        targets = self.groups[group_arn].targets
        able = [each for each in targets if self._health[group_arn, each].state == HEALTHY] or targets
        if not able:
            return None
        self._turn += 1
        return able[self._turn % len(able)]

    def health(self) -> Sequence[TargetHealth]:
        """Every target with its state."""
        return [
            TargetHealth(group, target, health.state, health.reason) for (group, target), health in self._health.items()
        ]

    async def check_all(self) -> None:
        """Check every target once."""
        await asyncio.gather(
            *(self._check(group, target) for group in self.groups.values() for target in group.targets)
        )

    async def watch(self) -> None:
        """Check them for ever."""
        while True:
            await self.check_all()
            await asyncio.sleep(CHECK_SECONDS)

    async def _check(self, group: TargetGroup, target: str) -> None:
        health = self._health[group.arn, target]
        health.check(group, await self._failure(group, target))

    async def _failure(self, group: TargetGroup, target: str) -> str:
        headers = [(b"host", target.encode()), AGENT, (b"connection", b"close")]
        try:
            async with self.upstream.ask("GET", target, group.path, headers, seconds=group.timeout_seconds) as reply:
                await reply.whole()
                if any(reply.status in codes for codes in group.codes):
                    return ""
                return f"Health checks failed with these codes: [{reply.status}]"
        except TooSlowError:
            return "Request timed out"
        except UnreachableError:
            return "Health checks failed"
