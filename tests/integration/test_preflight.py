"""The table that preflight prints, of an AWS on this machine and a DNS server on loopback.

The emulator has no quotas, no Lake Formation and no settings of AWS Backup; a stand-in answers for these, in AWS's own
format.
"""

from __future__ import annotations

import itertools
import json
import shlex
import socketserver
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import dns.message
import dns.rcode
import dns.rrset
import pytest

from retail.local.emulator import Emulator
from retail.ops.checks import account, domain, zones
from retail.ops.checks.finding import Place
from tests.integration.programs import TOOLS, broken_checkout, checkout, run, with_environment

REGION = "eu-west-1"
ZONE = "ready.example"
OPEN = [{"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "Permissions": ["ALL"]}]
ANSWERS = {
    "fargate": {"Quota": {"Value": 6.0}},
    "lambda": {"Quota": {"Value": 1000.0}},
    "ec2": {"Quota": {"Value": 5.0}},
    "lake": {
        "DataLakeSettings": {
            "DataLakeAdmins": [],
            "CreateDatabaseDefaultPermissions": OPEN,
            "CreateTableDefaultPermissions": [],
        }
    },
}


class Quotas(BaseHTTPRequestHandler):
    """Service Quotas, Lake Formation and Backup of a small account with Lake Formation half switched on."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        self._answer(ANSWERS[asked.get("ServiceCode", "lake")])

    def do_GET(self) -> None:
        """AWS Backup in a Region that has opted in for tables alone."""
        self._answer({"ResourceTypeOptInPreference": {"Aurora": False, "DynamoDB": True, "S3": False}})

    def _answer(self, told: object) -> None:
        answer = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def nameserver(records: dict[str, list[str]]) -> Iterator[str]:
    """A DNS server that knows the NS records of some zones, and no others. Yields its address."""

    class Server(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, socket = self.request
            query = dns.message.from_wire(data)
            name = str(query.question[0].name)
            response = dns.message.make_response(query)
            if name in records:
                response.answer.append(dns.rrset.from_text(name, 60, "IN", "NS", *records[name]))
            else:
                response.set_rcode(dns.rcode.NXDOMAIN)
            socket.sendto(response.to_wire(), self.client_address)

    with socketserver.UDPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


Look = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def client(aws: Emulator) -> Callable[[str], Any]:
    return lambda service: aws.client(service, REGION)


@pytest.fixture(scope="module")
def zone(client: Callable[[str], Any]) -> tuple[str, list[str]]:
    made = client("route53").create_hosted_zone(Name=ZONE, CallerReference="preflight")
    return made["HostedZone"]["Id"].rpartition("/")[2], made["DelegationSet"]["NameServers"]


@pytest.fixture(scope="module")
def look(aws: Emulator, zone: tuple[str, list[str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Look]:
    here = checkout(tmp_path_factory.mktemp("preflight") / "here")
    quotas = HTTPServer(("127.0.0.1", 0), Quotas)
    threading.Thread(target=quotas.serve_forever, args=(0.02,), daemon=True).start()
    stand_in = f"http://127.0.0.1:{quotas.server_port}"

    def looks(
        project: str, told: dict[str, list[str]], *, quotas: bool = False, directory: Path = here
    ) -> subprocess.CompletedProcess[str]:
        services = ("SERVICE_QUOTAS", "LAKEFORMATION", "BACKUP")
        instead = {f"AWS_ENDPOINT_URL_{service}": stand_in for service in services}
        with nameserver(told) as resolver:
            return run(
                "retail.ops.preflight",
                *("--project", project, "--environment", "dev", "--region", REGION),
                *("--domain", f"store.{ZONE}", "--hosted-zone", zone[0], "--resolver", resolver),
                directory=directory,
                environment=aws.environment | (instead if quotas else {}),
            )

    yield looks
    quotas.shutdown()
    quotas.server_close()


def mends(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """What is missing, by its beginning, with its mend."""
    lines = done.stdout.splitlines()
    return {
        line[8:].strip(): after.partition("mend: ")[2]
        for line, after in itertools.pairwise(lines)
        if line.startswith("missing")
    }


def the_mend(done: subprocess.CompletedProcess[str], subject: str) -> str:
    assert done.returncode == 1, done.stdout + done.stderr
    [mend] = [mend for missing, mend in mends(done).items() if missing.startswith(subject)]
    return mend


def test_what_is_missing_is_mended_by_the_commands_that_preflight_names(
    look: Look, zone: tuple[str, list[str]], aws: Emulator, client: Callable[[str], Any]
) -> None:
    # The emulator gives both services' roles one name, so the second is made beforehand under AWS's own.
    iam = client("iam")
    for made in iam.list_roles(PathPrefix="/aws-service-role/ecs")["Roles"]:
        iam.delete_role(RoleName=made["RoleName"])
    iam.create_role(
        RoleName="AWSServiceRoleForApplicationAutoScaling_ECSService",
        Path="/aws-service-role/ecs.application-autoscaling.amazonaws.com/",
        AssumeRolePolicyDocument="{}",
    )
    told = {f"{ZONE}.": zone[1]}
    lacking = look("mended", told)
    missing = mends(lacking)
    lacks = ["service-linked role of ecs"]
    assert (lacking.returncode, [name.partition("  ")[0] for name in missing]) == (1, lacks), (
        lacking.stdout + lacking.stderr
    )
    for mend in missing.values():
        environment = aws.environment | {"PATH": str(TOOLS), "AWS_REGION": REGION}
        subprocess.run(shlex.split(mend), env=environment, capture_output=True, check=True)
    mended = look("mended", told)
    assert (mended.returncode, mends(mended)) == (0, {}), mended.stdout
    assert f"delegation of {ZONE}" in mended.stdout
    assert f"fine    Region {REGION}" in mended.stdout
    assert "unknown quota of fargate" in mended.stdout


def test_a_zone_of_which_nobody_is_told_is_missing_with_the_records_to_write(
    look: Look, zone: tuple[str, list[str]]
) -> None:
    mend = the_mend(look("nobody", {}), f"delegation of {ZONE}")
    assert mend.endswith(", ".join(sorted(server.rstrip(".") for server in zone[1])))


@pytest.mark.slow
def test_a_zone_that_is_delegated_to_somebody_elses_servers_is_missing(look: Look) -> None:
    done = look("elsewhere", {f"{ZONE}.": ["ns1.registrar.example."]})
    assert "it goes to ns1.registrar.example, and not to this zone's servers" in done.stdout
    assert the_mend(done, f"delegation of {ZONE}").startswith("write these NS records")


def test_a_name_that_leads_elsewhere_is_missing_with_its_removal(
    zone: tuple[str, list[str]], client: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch, aws: Emulator
) -> None:
    """CloudFormation replaces no record that it has not made: 03 would be rolled back near its end."""
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    route53, name = client("route53"), f"old.{ZONE}"
    old = {"Name": f"{name}.", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.7"}]}
    mail = {"Name": f"{name}.", "Type": "MX", "TTL": 60, "ResourceRecords": [{"Value": "10 mail.example."}]}
    made = [{"Action": "CREATE", "ResourceRecordSet": each} for each in (old, mail)]
    route53.change_resource_record_sets(HostedZoneId=zone[0], ChangeBatch={"Changes": made})
    taken, origin = domain.free_names(Place("retail", "dev", REGION), name, zone[0])
    assert (taken.status, origin.status) == ("missing", "fine")
    environment = aws.environment | {"PATH": str(TOOLS), "AWS_REGION": REGION}
    subprocess.run(shlex.split(taken.mend), env=environment, capture_output=True, check=True)
    mended, _ = domain.free_names(Place("retail", "dev", REGION), name, zone[0])
    assert (mended.status, mended.found) == ("fine", "free")


def test_the_rest_of_a_failed_creation_and_a_name_that_is_taken_are_missing(
    look: Look, client: Callable[[str], Any]
) -> None:
    client("s3").create_bucket(
        Bucket=f"taken-dev-lake-123456789012-{REGION}", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    client("logs").create_log_group(logGroupName="/aws/rds/cluster/taken-dev/postgresql")
    template = {"Resources": {"Wrong": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "nonsense"}}}}
    client("cloudformation").create_stack(StackName="taken-dev-events", TemplateBody=json.dumps(template))
    done = look("taken", {})
    assert the_mend(done, "stack taken-dev-events").startswith(
        "aws cloudformation delete-stack --stack-name taken-dev-events"
    )
    assert "ROLLBACK_COMPLETE, the rest of a failed creation" in done.stdout
    bucket = f"taken-dev-lake-123456789012-{REGION}"
    assert the_mend(done, f"name {bucket}") == (
        f".venv/bin/python -m retail.ops.empty --remove --bucket {bucket} --region {REGION}"
    )
    group = "/aws/rds/cluster/taken-dev/postgresql"
    assert the_mend(done, f"name {group}") == f"aws logs delete-log-group --log-group-name {group} --region {REGION}"


def test_a_quota_below_what_the_largest_shop_needs_is_missing_with_the_request_for_more(look: Look) -> None:
    done = look("quotas", {}, quotas=True)
    assert "6 vCPUs on Fargate, of which 20 may be needed" in done.stdout
    assert the_mend(done, "quota of fargate") == (
        "aws service-quotas request-service-quota-increase --service-code fargate --quota-code L-3032A538 "
        f"--desired-value 20 --region {REGION}"
    )
    assert "fine    quota of lambda" in done.stdout
    # T149: it would pass database and lake over, and no job would fail.
    assert the_mend(done, "backups") == (
        f"aws backup update-region-settings --region {REGION} --resource-type-opt-in-preference Aurora=true,S3=true"
    )


def test_a_zone_in_which_not_all_can_be_made_is_missing_with_three_that_will_do(look: Look, tmp_path: Path) -> None:
    """T25: the subnets are exported by then, and cannot move."""
    given = "parameters:\n  networking: {ZoneA: eu-west-1a, ZoneB: eu-west-1b, ZoneC: eu-west-1x}\n"
    here = with_environment(tmp_path / "here", "dev", given)
    mend = the_mend(look("zones", {}, directory=here), "zones")
    assert mend == 'make deploy ENV=dev SET="ZoneA=eu-west-1a ZoneB=eu-west-1b ZoneC=eu-west-1c"'


class Virginia(Place):
    """The emulator has no such zones, so EC2's answers are given here: four, of which some have a default subnet."""

    usual: ClassVar[str] = ""

    def client(self, service: str, region: str = "") -> Any:
        ids = zip("abcd", (6, 3, 1, 2), strict=True)
        all_of_them = [{"ZoneName": f"us-east-1{letter}", "ZoneId": f"use1-az{number}"} for letter, number in ids]
        subnets = [{"AvailabilityZone": f"us-east-1{letter}"} for letter in self.usual]
        return SimpleNamespace(
            describe_availability_zones=lambda **_: {"AvailabilityZones": all_of_them},
            describe_subnets=lambda **_: {"Subnets": subnets},
        )


def test_the_zone_of_virginia_in_which_fargate_has_no_arm_is_passed_by() -> None:
    [found] = zones.zones(Virginia("retail", "dev", "us-east-1"), {})
    assert (found.status, found.found) == ("missing", "us-east-1b (use1-az3): Fargate runs nothing on ARM there")
    assert found.mend == 'make deploy ENV=dev SET="ZoneA=us-east-1a ZoneB=us-east-1c ZoneC=us-east-1d"'


@pytest.mark.parametrize(
    ("usual", "found"),
    [
        ("dca", ("fine", "us-east-1a (use1-az6), us-east-1c (use1-az1), us-east-1d (use1-az2)")),
        ("ac", ("missing", "there are 2 with a default subnet, and three are wanted")),
    ],
)
def test_where_some_zones_have_a_default_subnet_the_others_are_not_counted(
    usual: str, found: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Fn::GetAZs counts, by CloudFormation's guide; a third zone that it does not count fails the stack."""
    monkeypatch.setattr(Virginia, "usual", usual)
    [told] = zones.zones(Virginia("retail", "dev", "us-east-1"), {})
    assert (told.status, told.found) == found


class Milan(Place):
    """The emulator knows the older Regions alone, so EC2's answer is given here."""

    def client(self, service: str, region: str = "") -> Any:
        told = {"Regions": [{"RegionName": "eu-south-1", "OptInStatus": "opted-in"}]}
        return SimpleNamespace(describe_regions=lambda **_: told)


def test_a_region_to_whose_buckets_cloudfront_writes_no_logs_is_missing() -> None:
    [found] = account.region(Milan("retail", "dev", "eu-south-1"))
    assert (found.status, found.subject) == ("missing", "Region eu-south-1")
    assert found.mend == "make preflight ENV=dev REGION=eu-west-1, or another that needs no opting in"


@pytest.mark.slow
def test_lake_formation_that_keeps_new_tables_to_itself_is_missing_with_its_settings_opened(look: Look) -> None:
    mend = the_mend(look("lake", {}, quotas=True), "Lake Formation")
    settings = json.loads(shlex.split(mend)[-1])
    assert settings["CreateTableDefaultPermissions"] == OPEN
    assert settings["DataLakeAdmins"] == []


@pytest.mark.slow
def test_a_template_that_is_too_large_to_be_sent_is_missing(look: Look, tmp_path: Path) -> None:
    large = broken_checkout(tmp_path / "here", "06-events.yaml", ("\nParameters:", f"\n# {'x' * 51_200}\nParameters:"))
    assert the_mend(look("large", {}, directory=large), "template 06-events.yaml")
