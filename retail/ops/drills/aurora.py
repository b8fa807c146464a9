"""The cluster and its two instances, each under one of three names: in use, restored beside it, or in use before."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from retail.ops.cli import StackError, say

RESTORED, BEFORE = "-restored", "-before"
"""What is added to a name: of what was restored, and of what was in use before the switch."""

WAIT_SECONDS = 7_200
"""A restore takes as long as the volume is large."""
POLL_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Part:
    """A cluster or an instance, by the name under which CloudFormation knows it."""

    rds: Any
    kind: str  # Cluster or Instance, as in RDS's names
    name: str

    def find(self, suffix: str = "") -> dict[str, Any] | None:
        """What RDS says of it, or None if there is nothing of that name."""
        calls = {"Cluster": self.rds.describe_db_clusters, "Instance": self.rds.describe_db_instances}
        missing = {
            "Cluster": self.rds.exceptions.DBClusterNotFoundFault,
            "Instance": self.rds.exceptions.DBInstanceNotFoundFault,
        }
        try:
            found = calls[self.kind](**{f"DB{self.kind}Identifier": self.name + suffix})
        except missing[self.kind]:
            return None
        return dict(found[f"DB{self.kind}s"][0])

    def await_there(self, suffix: str = "") -> dict[str, Any]:
        """Wait until it is there under that name and available. Raises StackError if that takes too long."""
        deadline, shown = time.monotonic() + WAIT_SECONDS, ""
        while time.monotonic() < deadline:
            found = self.find(suffix)
            status = str(found["Status" if self.kind == "Cluster" else "DBInstanceStatus"]) if found else "not there"
            if found and status == "available":
                return found
            if status != shown:
                say(f"  {self.name}{suffix}: {status} ...")
                shown = status
            time.sleep(POLL_SECONDS)
        raise StackError(f"{self.name}{suffix} is {status} after {WAIT_SECONDS} s")

    def rename(self, old: str, new: str) -> None:
        """Give it another suffix, and wait until it answers by that name."""
        say(f"{self.name}{old} -> {self.name}{new} ...")
        calls = {"Cluster": self.rds.modify_db_cluster, "Instance": self.rds.modify_db_instance}
        calls[self.kind](
            **{f"DB{self.kind}Identifier": self.name + old, f"NewDB{self.kind}Identifier": self.name + new},
            ApplyImmediately=True,
        )
        while self.find(old):
            time.sleep(POLL_SECONDS)
        self.await_there(new)
