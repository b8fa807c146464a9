"""Restore the database into a new cluster beside the one in use, and, once it is looked at, switch to it.

    python -m retail.ops.drills.restore --environment dev --to-time 2026-11-22T09:55Z
    python -m retail.ops.drills.restore --environment dev --recovery-point arn:aws:rds:...:cluster-snapshot:...
    python -m retail.ops.drills.restore --environment dev --switch

Restoring makes <cluster>-restored with writer and reader, set up as the one in use, and counts the state of both.
Switching renames: what is in use becomes ...-before, what was restored takes its names. Cluster and instances then
answer by the host names that SSM and the exports already tell, and under the ids by which CloudFormation knows them, so
that 05 needs no change. What is called ...-before stays, and is billed, until somebody deletes it.

How far it has come is told by which names there are, so that each command may be interrupted and run again. The exit
status is 1 when RDS refuses or takes too long, and 2 when something given is wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from retail.ops import stacks
from retail.ops.cli import InputError, say
from retail.ops.drills import count, place
from retail.ops.drills.aurora import BEFORE, RESTORED, Part
from retail.ops.drills.count import NotCounted
from retail.ops.drills.place import Place
from retail.ops.drills.replay import moment

PROGRAM = "retail.ops.drills.restore"

ALIKE = {
    "DBSubnetGroup": "DBSubnetGroupName",
    "DBClusterParameterGroup": "DBClusterParameterGroupName",
    "IAMDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "EnabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "DeletionProtection": "DeletionProtection",
    "CopyTagsToSnapshot": "CopyTagsToSnapshot",
    "Port": "Port",
    "BackupRetentionPeriod": "BackupRetentionPeriod",
    "PreferredBackupWindow": "PreferredBackupWindow",
}
"""What the new cluster has of the one in use: how RDS tells it, and how it is told."""

MAINTENANCE = "PreferredMaintenanceWindow"
"""RDS chooses one at random for what it restores, and takes none with the request."""

SOURCE = "RestoredFrom"
"""The tag that tells what a restored cluster was made of, until it is switched to."""


class Database:
    """The cluster of 05 and its instances."""

    def __init__(self, where: Place) -> None:
        self._where, self._rds = where, where.client("rds")
        self.cluster = Part(self._rds, "Cluster", where.made(stacks.DATA, "Database"))
        self.instances = [
            Part(self._rds, "Instance", where.made(stacks.DATA, title))
            for title in ("DatabaseWriter", "DatabaseReader")
        ]

    @property
    def parts(self) -> list[Part]:
        """Instances first: their new names restart them, and so the shop waits for the cluster's alone at the end."""
        return [*self.instances, self.cluster]

    def restore(self, source: dict[str, Any]) -> None:
        """Make the new cluster and what it lacks, wait, and count. Raises InputError before anything is made."""
        in_use = self.cluster.find()
        if in_use is None:
            raise InputError(f"--environment: there is no cluster {self.cluster.name} to be set up alike")
        self._refuse_remains()
        self._refuse_moment(source, in_use)
        restored = self.cluster.find(RESTORED)
        if restored is None:
            say(f"{self.cluster.name}{RESTORED}: restoring ...")
            self._begin(source, in_use)
        elif (made_of := _source_of(restored)) != _told(source):
            raise InputError(
                f"--environment: {self.cluster.name}{RESTORED} is there already, of {made_of or 'another source'}; "
                "switch to it, or delete it with its instances first"
            )
        restored = self.cluster.await_there(RESTORED)
        if restored.get(MAINTENANCE) != in_use[MAINTENANCE]:
            told = {MAINTENANCE: in_use[MAINTENANCE], "ApplyImmediately": True}
            self._rds.modify_db_cluster(DBClusterIdentifier=self.cluster.name + RESTORED, **told)
        for tier, part in enumerate(self.instances):
            if part.find(RESTORED) is None:
                self._rds.create_db_instance(
                    DBInstanceIdentifier=part.name + RESTORED,
                    DBClusterIdentifier=self.cluster.name + RESTORED,
                    DBInstanceClass="db.serverless",
                    Engine=in_use["Engine"],
                    PromotionTier=tier,
                    PubliclyAccessible=False,
                    AutoMinorVersionUpgrade=False,
                )
            part.await_there(RESTORED)
        made = self.cluster.await_there(RESTORED)
        say(f"{self.cluster.name}{RESTORED} is there: {made['Endpoint']}")
        self._compare(str(made["Endpoint"]))

    def _begin(self, source: dict[str, Any], in_use: dict[str, Any]) -> None:
        settings = {told: in_use[known] for known, told in ALIKE.items() if in_use.get(known) is not None}
        scaling = in_use.get("ServerlessV2ScalingConfiguration", {})
        settings |= {
            "DBClusterIdentifier": self.cluster.name + RESTORED,
            "VpcSecurityGroupIds": [each["VpcSecurityGroupId"] for each in in_use["VpcSecurityGroups"]],
            "ServerlessV2ScalingConfiguration": {
                bound: scaling[bound] for bound in ("MinCapacity", "MaxCapacity") if bound in scaling
            },
            # AWS keeps names that begin with aws: to itself.
            "Tags": [
                *(tag for tag in in_use.get("TagList", []) if not tag["Key"].startswith("aws:")),
                {"Key": SOURCE, "Value": _told(source)},
            ],
        }
        if "SnapshotIdentifier" in source:
            try:
                self._rds.restore_db_cluster_from_snapshot(Engine=in_use["Engine"], **source, **settings)
            except self._rds.exceptions.DBClusterSnapshotNotFoundFault:
                raise InputError(
                    f"--recovery-point {_told(source)}: RDS does not know it; "
                    "aws backup list-recovery-points-by-backup-vault has those that there are"
                ) from None
        else:
            self._rds.restore_db_cluster_to_point_in_time(
                SourceDBClusterIdentifier=self.cluster.name, **source, **settings
            )

    def _compare(self, host: str) -> None:
        now = datetime.now(UTC)
        try:
            here, there = count.count(self._where, now), count.count(self._where, now, host)
        except NotCounted as error:
            say(f"the state is not compared: {error}")
            return
        for table in sorted(here.keys() - {"anew"}):
            equal = "the same" if here[table] == there.get(table) else "different"
            say(f"  {table}: {here[table].split()[0]} rows in use, {there[table].split()[0]} restored, {equal}")

    def switch(self) -> None:
        """Give what was restored the names of what is in use. Raises InputError if nothing was restored."""
        self.check_switch()
        restored = [part for part in self.parts if part.find(RESTORED)]
        # All of them before the first rename: from then on the shop has no database.
        for part in restored:
            made = part.await_there(RESTORED)
            if part is self.cluster:  # of which CloudFormation knows nothing, and would call it drift
                self._rds.remove_tags_from_resource(ResourceName=made["DBClusterArn"], TagKeys=[SOURCE])
        for part in restored:
            if part.find() is not None:
                part.rename("", BEFORE)
            part.rename(RESTORED, "")
        say(f"{self.cluster.name} is the restored one; {self.cluster.name}{BEFORE} stays until you delete it")

    def check_switch(self) -> None:
        """Raises InputError if nothing was restored, or not all of it."""
        if self.cluster.find(RESTORED) is None:
            raise InputError(f"--switch: there is no {self.cluster.name}{RESTORED}; restore first")
        for part in self.instances:
            if part.find(RESTORED) is None and part.find(BEFORE) is None:
                raise InputError(f"--switch: there is no {part.name}{RESTORED}; run the restore again to make it")

    def _refuse_moment(self, source: dict[str, Any], in_use: dict[str, Any]) -> None:
        first, last = (in_use.get(f"{bound}RestorableTime") for bound in ("Earliest", "Latest"))
        if first and last and "RestoreToTime" in source and not first <= source["RestoreToTime"] <= last:
            raise InputError(f"--to-time {_told(source)}: give a time from {first.isoformat()} to {last.isoformat()}")

    def _refuse_remains(self) -> None:
        for part in self.parts:
            if part.find(BEFORE) is not None:
                raise InputError(
                    f"--environment: {part.name}{BEFORE} is there from a switch before; finish that with --switch, "
                    "or delete it"
                )


def _told(source: dict[str, Any]) -> str:
    """What is restored, in one word."""
    [value] = source.values()
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _source_of(restored: dict[str, Any]) -> str:
    """What a restored cluster was made of; empty if it does not say."""
    return {tag["Key"]: str(tag["Value"]) for tag in restored.get("TagList", [])}.get(SOURCE, "")


def drill(arguments: Sequence[str]) -> None:
    """Check what is asked, then do it."""
    parser = place.parser(PROGRAM, "Restore the database.", "say what would be restored or renamed, and do nothing")
    parser.add_argument("--to-time", default="", metavar="TIME", help="as it was then, within the last days")
    parser.add_argument("--recovery-point", default="", metavar="ARN", help="of the backup vault, or a snapshot's")
    parser.add_argument("--switch", action="store_true", help="to what was restored before")
    asked = parser.parse_args(arguments)
    if sum(map(bool, (asked.to_time, asked.recovery_point, asked.switch))) != 1:
        raise InputError("give one of --to-time, --recovery-point and --switch")
    if ":" in asked.recovery_point and ":cluster-snapshot:" not in asked.recovery_point:
        raise InputError(f"--recovery-point {asked.recovery_point}: give the ARN of a cluster-snapshot, or --to-time")
    to_time = moment("--to-time", asked.to_time) if asked.to_time else None
    source = {"RestoreToTime": to_time} if to_time else {"SnapshotIdentifier": asked.recovery_point}
    database = Database(place.of(asked))
    if asked.switch and asked.dry_run:
        database.check_switch()
        for part in database.parts:
            if part.find(RESTORED):
                say(f"would rename {part.name} to {part.name}{BEFORE}, {part.name}{RESTORED} to {part.name}")
    elif asked.switch:
        database.switch()
    elif asked.dry_run:
        say(f"would restore {database.cluster.name}{RESTORED} from {asked.to_time or asked.recovery_point}")
    else:
        database.restore(source)


def main() -> int:
    """Restore as the command line says; returns the exit status."""
    return place.exit_status(PROGRAM, lambda: drill(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
