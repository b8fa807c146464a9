"""What of RDS a restore needs and the local AWS lacks: restoring and renaming, each of which takes its time.

Requests and answers are real: boto3 writes and reads them. What RDS does between the two is this file's word only.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from tests.drills.stand_in import answering

LOOKS_UNTIL_DONE = 2
"""How often something is looked at before it has become what was asked."""

FAULTS = {"Cluster": "DBClusterNotFoundFault", "Instance": "DBInstanceNotFound"}
EARLIEST, LATEST = "2026-11-15T00:00:00Z", "2026-11-22T10:00:00Z"
"""From when to when the cluster in use can be set back."""

WINDOWS = {"PreferredBackupWindow": "03:00-03:30", "PreferredMaintenanceWindow": "sun:04:00-sun:04:30"}
ANY_WINDOWS = {"PreferredBackupWindow": "09:12-09:42", "PreferredMaintenanceWindow": "wed:10:03-wed:10:33"}
"""Those of the cluster in use, and those that RDS chooses for one that is restored without."""

HASH = "cluster-c1a2b3.us-east-1.rds.amazonaws.com"
"""A cluster's host name is its identifier before what all clusters of an account and Region share."""


@dataclass
class Rds:
    """Clusters and instances by identifier, each with what it was made of."""

    things: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def add(self, kind: str, name: str, **settings: str) -> None:
        self.things[name] = {"kind": kind, "busy": 0, "new_name": "", "settings": settings}

    def names(self) -> dict[str, str]:
        """What each is made of, by its name."""
        return {name: thing["settings"]["made_of"] for name, thing in self.things.items()}

    def answer(self, asked: dict[str, str]) -> tuple[int, str]:
        action = asked["Action"]
        self.calls.append(action)
        if action == "RemoveTagsFromResource":
            settings = self.things[asked["ResourceName"].rpartition(":")[2]]["settings"]
            del settings["source"]
            return 200, self._answered(action, "")
        if asked.get("SnapshotIdentifier", "").endswith("gone"):
            return 404, "<ErrorResponse><Error><Code>DBClusterSnapshotNotFoundFault</Code></Error></ErrorResponse>"
        kind = "Instance" if "Instance" in action else "Cluster"
        name = asked[f"DB{kind}Identifier"]
        if action.startswith("Describe"):
            self._pass(name)
            if name not in self.things:
                return 404, f"<ErrorResponse><Error><Code>{FAULTS[kind]}</Code></Error></ErrorResponse>"
            listed = f"<DB{kind}s><DB{kind}>{self._told(kind, name)}</DB{kind}></DB{kind}s>"
            return 200, self._answered(action, listed)
        if action.startswith("Modify"):
            assert asked["ApplyImmediately"] == "true"
            new = asked.get(f"NewDB{kind}Identifier", "")
            self.things[name]["settings"] |= {key: asked[key] for key in WINDOWS if key in asked}
            assert new not in self.things, f"{new} is taken"
            self.things[name] |= {"busy": LOOKS_UNTIL_DONE, "new_name": new}
        else:
            assert name not in self.things, f"{name} is taken"
            source = asked.get("SnapshotIdentifier") or asked.get("RestoreToTime") or asked["DBClusterIdentifier"]
            tags = {asked[key]: asked[key.replace("Key", "Value")] for key in asked if key.endswith(".Key")}
            self.add(kind, name, **asked, made_of=source, source=tags.get("RestoredFrom", ""))
            self.things[name]["busy"] = LOOKS_UNTIL_DONE
        return 200, self._answered(action, "")

    def _pass(self, name: str) -> None:
        thing = self.things.get(name)
        if thing and thing["busy"]:
            thing["busy"] -= 1
            if not thing["busy"] and thing["new_name"]:
                self.things[thing["new_name"]] = self.things.pop(name) | {"new_name": ""}

    def _told(self, kind: str, name: str) -> str:
        status = "available" if not self.things[name]["busy"] else "modifying"
        told = {f"DB{kind}Identifier": name, "Status" if kind == "Cluster" else "DBInstanceStatus": status}
        if kind == "Cluster":
            told |= {"Endpoint": f"{name}.{HASH}", "Engine": "aurora-postgresql", "DBSubnetGroup": "subnets-1"}
            told |= {"DBClusterParameterGroup": "parameters-1", "DeletionProtection": "true", "Port": "5432"}
            told |= {"DBClusterArn": f"arn:aws:rds:us-east-1:123456789012:cluster:{name}"}
            told |= {"EarliestRestorableTime": EARLIEST, "LatestRestorableTime": LATEST, "BackupRetentionPeriod": "7"}
            settings = self.things[name]["settings"]
            chosen = ANY_WINDOWS if name.endswith("-restored") else WINDOWS
            told |= {key: settings.get(key, chosen[key]) for key in WINDOWS}
        text = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in told.items())
        groups = "<VpcSecurityGroupId>sg-1</VpcSecurityGroupId>"
        text += (
            f"<VpcSecurityGroups><VpcSecurityGroupMembership>{groups}</VpcSecurityGroupMembership></VpcSecurityGroups>"
        )
        text += "<TagList><Tag><Key>aws:cloudformation:stack-name</Key><Value>x</Value></Tag>"
        if source := self.things[name]["settings"].get("source"):
            text += f"<Tag><Key>RestoredFrom</Key><Value>{source}</Value></Tag>"
        text += "<Tag><Key>Name</Key><Value>database</Value></Tag></TagList>"
        scaling = "<MinCapacity>0.5</MinCapacity><MaxCapacity>16</MaxCapacity>"
        return text + f"<ServerlessV2ScalingConfiguration>{scaling}</ServerlessV2ScalingConfiguration>"

    def _answered(self, action: str, body: str) -> str:
        return f"<{action}Response><{action}Result>{body}</{action}Result></{action}Response>"


def served(rds: Rds) -> AbstractContextManager[str]:
    """The URL at which it answers."""
    return answering("text/xml", lambda headers, body: rds.answer(dict(parse_qsl(body))))
