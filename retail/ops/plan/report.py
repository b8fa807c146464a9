"""One plan, as each way of showing it takes it."""

from __future__ import annotations

from dataclasses import dataclass, field

from retail.ops.plan.changes import Action, Change, Finding, Other

SYMBOLS = {
    Action.RECORD: " ",
    Action.UPDATE: "~",
    Action.MAY_REPLACE: "-/+",
    Action.REPLACE: "-/+",
    Action.CREATE: "+",
    Action.DELETE: "-",
}
"""Those of Terraform."""

WORDS = {
    Action.RECORD: "is noted by CloudFormation, and not touched",
    Action.UPDATE: "is updated in place",
    Action.MAY_REPLACE: "may be replaced",
    Action.REPLACE: "is replaced",
    Action.CREATE: "is created",
    Action.DELETE: "is removed",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What would change, what needs leave, and what it costs."""

    title: str  # e.g. "out/ against main (1a2b3c4)"
    changes: tuple[Change, ...] = ()
    others: tuple[Other, ...] = ()
    findings: tuple[Finding, ...] = ()
    stale: tuple[str, ...] = ()  # entries of the allow-list that allow nothing here
    notes: tuple[str, ...] = ()
    costs: dict[str, tuple[float, float]] = field(default_factory=dict)  # dollars a month by stack, before and after

    @property
    def stacks(self) -> list[str]:
        """Those that anything is told of, in order."""
        return sorted({change.stack for change in self.changes} | {other.stack for other in self.others})

    @property
    def unallowed(self) -> list[Finding]:
        """The findings that nobody has allowed."""
        return [finding for finding in self.findings if not finding.leave]

    def count(self, *actions: Action) -> int:
        """How many resources."""
        return sum(change.action in actions for change in self.changes)

    @property
    def summary(self) -> str:
        """The last line."""
        if not (self.changes or self.others):
            return "No changes."
        words = (
            f"Plan: {self.count(Action.CREATE)} to add, {self.count(Action.UPDATE)} to change, "
            f"{self.count(Action.REPLACE)} to replace, {self.count(Action.DELETE)} to destroy"
        )
        if may := self.count(Action.MAY_REPLACE):
            words += f", {may} perhaps to replace"
        if noted := self.count(Action.RECORD):
            words += f", {noted} only noted"
        return f"{words}."

    @property
    def cost_line(self) -> str:
        """What it costs more or less; empty where nobody has reckoned it."""
        if not self.costs:
            return ""
        before, after = (sum(each[side] for each in self.costs.values()) for side in (0, 1))
        stacks = ", ".join(
            f"{stack} {new - old:+.2f}" for stack, (old, new) in self.costs.items() if abs(new - old) >= 0.005
        )
        return f"Cost: {before:.2f} -> {after:.2f} dollars a month{f' ({stacks})' if stacks else ', as before'}"
