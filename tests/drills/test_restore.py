"""The database restored beside the one in use, and switched to by names. RDS itself is a stand-in: see rds.py."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.drills.conftest import Drill, drill_on
from tests.drills.rds import HASH, Rds, served
from tests.drills.test_replay import Ecs
from tests.drills.test_replay import served as served_ecs
from tests.proof.platform import Platform
from tests.proof.world import World

SNAPSHOT = "arn:aws:rds:us-east-1:123456789012:cluster-snapshot:awsbackup:job-1"
WANTED = {
    "DBClusterIdentifier": "retail-dev-restored",
    "DBSubnetGroupName": "subnets-1",
    "DBClusterParameterGroupName": "parameters-1",
    "DeletionProtection": "true",
    "VpcSecurityGroupIds.VpcSecurityGroupId.1": "sg-1",
    "ServerlessV2ScalingConfiguration.MinCapacity": "0.5",
    "ServerlessV2ScalingConfiguration.MaxCapacity": "16.0",
    "BackupRetentionPeriod": "7",
    "PreferredBackupWindow": "03:00-03:30",
    "PreferredMaintenanceWindow": "sun:04:00-sun:04:30",
    "Tags.Tag.1.Key": "Name",
    "Tags.Tag.2.Key": "RestoredFrom",
}


@dataclass(frozen=True)
class Operator:
    """Who restores, and what RDS has."""

    rds: Rds
    drill: Drill
    names: list[str]
    """Cluster, writer and reader, as CloudFormation knows them."""

    def has(self, suffix: str = "") -> list[Any]:
        """What the three names stand for."""
        there = self.rds.names()
        return [there.get(name + suffix) for name in self.names]


@pytest.fixture
def operator(deployed: Platform) -> Iterator[Operator]:
    names = [deployed.made[title] for title in ("Database", "DatabaseWriter", "DatabaseReader")]
    assert names[0] == "retail-dev"
    rds = Rds()
    for kind, name in zip(("Cluster", "Instance", "Instance"), names, strict=True):
        rds.add(kind, name, made_of="old")
    with served(rds) as url:
        environment = deployed.aws.environment | {"AWS_ENDPOINT_URL_RDS": url}
        yield Operator(rds, drill_on(deployed.aws, environment), names)


RESTORED = [SNAPSHOT, "retail-dev-restored", "retail-dev-restored"]


@pytest.mark.slow
def test_a_recovery_point_is_restored_beside_and_then_takes_the_names_of_what_was_in_use(operator: Operator) -> None:
    done = operator.drill("restore", "--recovery-point", SNAPSHOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (operator.has(), operator.has("-restored")) == (["old"] * 3, RESTORED)
    assert f"retail-dev-restored is there: retail-dev-restored.{HASH}" in done.stdout
    made = operator.rds.things["retail-dev-restored"]["settings"]
    assert {key: made.get(key) for key in WANTED} == WANTED
    assert "Tags.Tag.3.Key" not in made

    shown = operator.drill("restore", "--switch", "--dry-run")
    assert shown.stdout.count("would rename ") == 3
    assert operator.has() == ["old"] * 3

    done = operator.drill("restore", "--switch")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (operator.has(), operator.has("-before")) == (RESTORED, ["old"] * 3)
    assert operator.has("-restored") == [None] * 3
    assert "source" not in operator.rds.things["retail-dev"]["settings"], "a tag that the stack does not know is drift"
    renamed = [line for line in done.stdout.splitlines() if line.endswith(" ...") and " -> " in line]
    # The cluster last, and nothing takes a name that is still in use.
    assert renamed[-2:] == ["retail-dev -> retail-dev-before ...", "retail-dev-restored -> retail-dev ..."]


@pytest.mark.slow
def test_a_moment_of_the_past_is_restored_from_the_cluster_in_use(operator: Operator) -> None:
    done = operator.drill("restore", "--to-time", "2026-11-22T09:55Z")
    assert done.returncode == 0, done.stdout + done.stderr
    made = operator.rds.things["retail-dev-restored"]["settings"]
    assert (made["Action"], made["SourceDBClusterIdentifier"]) == ("RestoreDBClusterToPointInTime", "retail-dev")
    assert made["RestoreToTime"] == "2026-11-22T09:55:00Z"
    assert {key: made.get(key) for key in WANTED} == WANTED


@pytest.mark.slow
def test_a_restore_that_stopped_after_the_cluster_is_carried_on_with_its_instances(operator: Operator) -> None:
    operator.rds.add("Cluster", "retail-dev-restored", made_of=SNAPSHOT, source=SNAPSHOT)
    done = operator.drill("restore", "--recovery-point", SNAPSHOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert operator.has("-restored") == RESTORED
    made = operator.rds.things["retail-dev-restored"]["settings"]
    assert made["PreferredMaintenanceWindow"] == "sun:04:00-sun:04:30"
    assert operator.rds.calls.count("CreateDBInstance") == 2
    assert "RestoreDBClusterFromSnapshot" not in operator.rds.calls


@pytest.mark.slow
@pytest.mark.parametrize("renames", range(1, 6))
def test_a_switch_that_stopped_after_any_of_its_renames_is_carried_on(operator: Operator, renames: int) -> None:
    cluster, writer, reader = operator.names
    for name, source in zip((cluster, writer, reader), RESTORED, strict=True):
        kind = "Cluster" if name == cluster else "Instance"
        operator.rds.add(kind, f"{name}-restored", made_of=source, source=SNAPSHOT)
    done_before = [
        (name, suffixes) for name in (writer, reader, cluster) for suffixes in (("", "-before"), ("-restored", ""))
    ]
    for name, (old, new) in done_before[:renames]:
        operator.rds.things[name + new] = operator.rds.things.pop(name + old)
    done = operator.drill("restore", "--switch")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (operator.has(), operator.has("-before")) == (RESTORED, ["old"] * 3)


@pytest.mark.slow
def test_what_was_restored_is_counted_at_its_own_host_beside_what_is_in_use(
    world: World, deployed: Platform, operator: Operator
) -> None:
    ecs = Ecs(world)
    with served(operator.rds) as rds_url, served_ecs(ecs) as ecs_url:
        urls = {"AWS_ENDPOINT_URL_RDS": rds_url, "AWS_ENDPOINT_URL_ECS": ecs_url}
        done = drill_on(deployed.aws, deployed.aws.environment | urls)("restore", "--recovery-point", SNAPSHOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [command[4:] for command in ecs.tasks] == [[], [f"retail-dev-restored.{HASH}"]]
    ((orders,),) = world.rows("SELECT count(*) FROM orders")
    assert f"  orders: {orders} rows in use, {orders} restored, the same" in done.stdout


def test_what_was_restored_of_another_source_is_not_taken_for_the_one_that_is_asked_for(operator: Operator) -> None:
    operator.rds.add("Cluster", "retail-dev-restored", made_of=SNAPSHOT, source=SNAPSHOT)
    done = operator.drill("restore", "--to-time", "2026-11-22T09:55Z")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"retail-dev-restored is there already, of {SNAPSHOT}; switch to it, or delete it" in done.stderr
    assert not any(call.startswith(("Create", "Restore")) for call in operator.rds.calls)


def test_no_name_is_given_up_before_all_that_was_restored_is_available(operator: Operator) -> None:
    for name, kind in zip(operator.names, ("Cluster", "Instance", "Instance"), strict=True):
        operator.rds.add(kind, f"{name}-restored", made_of=SNAPSHOT, source=SNAPSHOT)
    reader = operator.rds.things[f"{operator.names[2]}-restored"]
    reader["busy"] = 5
    done = operator.drill("restore", "--switch")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    waited = lines.index(f"  {operator.names[2]}-restored: modifying ...")
    assert waited < min(number for number, line in enumerate(lines) if " -> " in line)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "give one of --to-time, --recovery-point and --switch"),
        (("--switch", "--to-time", "2026-11-22T09:55Z"), "give one of --to-time, --recovery-point and --switch"),
        (("--to-time", "noon"), "--to-time noon: give a time with its zone, such as 2026-11-20T00:00Z"),
        (("--switch",), "--switch: there is no retail-dev-restored; restore first"),
        (
            ("--to-time", "2026-11-22T10:01Z"),
            "--to-time 2026-11-22T10:01:00+00:00: give a time from 2026-11-15T00:00:00+00:00 to "
            "2026-11-22T10:00:00+00:00",
        ),
        (
            ("--recovery-point", "arn:aws:backup:us-east-1:123456789012:recovery-point:continuous:c-1"),
            "--recovery-point arn:aws:backup:us-east-1:123456789012:recovery-point:continuous:c-1: "
            "give the ARN of a cluster-snapshot, or --to-time",
        ),
    ],
)
def test_wrong_input_is_told_in_one_line_with_status_2(
    operator: Operator, arguments: tuple[str, ...], sentence: str
) -> None:
    done = operator.drill("restore", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"retail.ops.drills.restore: {sentence}\n"
    assert operator.has() == ["old"] * 3


def test_a_recovery_point_that_is_not_there_is_told_with_how_to_see_those_that_are(operator: Operator) -> None:
    gone = f"{SNAPSHOT}-gone"
    done = operator.drill("restore", "--recovery-point", gone)
    assert done.returncode == 2
    assert f"--recovery-point {gone}: RDS does not know it; aws backup list-recovery-points-by-backup" in done.stderr
    assert operator.has("-restored") == [None] * 3


@pytest.mark.slow
def test_the_remains_of_an_earlier_switch_are_told_before_anything_is_made(operator: Operator) -> None:
    operator.rds.add("Cluster", "retail-dev-before", made_of="older")
    done = operator.drill("restore", "--recovery-point", SNAPSHOT)
    assert done.returncode == 2
    assert "retail-dev-before is there from a switch before" in done.stderr
    assert operator.has("-restored") == [None] * 3
