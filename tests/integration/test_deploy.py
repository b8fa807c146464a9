"""The seven emitted files, deployed by the project's own program and the real AWS CLI to the local AWS.

The tests tell one life of the platform in order: made, used, deployed again, failing and mended, taken down.
What the local AWS does not show (retail/local/gaps.py) is asserted on the templates elsewhere.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from retail.contracts import events, parameters
from retail.local.emulator import Emulator, emulator
from tests import emitted
from tests.emitted import ROOT
from tests.integration.programs import TOOLS, broken_checkout, checkout, make, run

REGION = "eu-west-1"
EDGE_REGION = "us-east-1"
DOMAIN = "store.example.com"

IN_ORDER = [
    "01 networking",
    "02 security",
    "03 ingress-waf",
    "03 ingress",
    "04 application",
    "05 data",
    "06 events",
    "07 analytics",
]
QUIET_SECONDS = 1.0
"""How long a queue may stay silent before nothing more is expected of it."""


@dataclass(frozen=True)
class Platform:
    """The local AWS, and a checkout from which the programs are run against it."""

    aws: Emulator
    directory: Path
    zone: str
    first_deployment: subprocess.CompletedProcess[str]

    def deploy(
        self,
        *arguments: str,
        environment: str = "dev",
        region: str = REGION,
        directory: Path | None = None,
        tools: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        where = ("--environment", environment, "--region", region)
        aws = _beside(tools, self.aws) if tools else self.aws
        return _run(aws, "retail.ops.deploy", directory or self.directory, *where, *arguments)

    def deploy_all(
        self, environment: str = "dev", domain: str = DOMAIN, directory: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        shop = ("--domain", domain, "--hosted-zone", self.zone)
        return self.deploy(*shop, environment=environment, directory=directory)

    def destroy(
        self, *arguments: str, environment: str = "dev", region: str = REGION
    ) -> subprocess.CompletedProcess[str]:
        where = ("--environment", environment, "--region", region)
        return _run(self.aws, "retail.ops.destroy", self.directory, *where, *arguments)

    def client(self, service: str, region: str = REGION) -> Any:
        return self.aws.client(service, region)

    def stack(self, title: str, environment: str = "dev") -> dict[str, Any]:
        region = EDGE_REGION if title == "ingress-waf" else REGION
        described = self.client("cloudformation", region).describe_stacks(StackName=f"retail-{environment}-{title}")
        found: dict[str, Any] = described["Stacks"][0]
        return found

    def outputs(self, title: str) -> dict[str, str]:
        return {each["OutputKey"]: each["OutputValue"] for each in self.stack(title)["Outputs"]}

    def statuses(self, environment: str = "dev") -> dict[str, str]:
        return {
            stack["StackName"].removeprefix(f"retail-{environment}-"): stack["StackStatus"]
            for region in (REGION, EDGE_REGION)
            for stack in self.client("cloudformation", region).describe_stacks()["Stacks"]
            if stack["StackName"].startswith(f"retail-{environment}-")
        }


def _run(aws: Emulator, program: str, directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(program, *arguments, directory=directory, environment=aws.environment)


def _beside(tools: Path, aws: Emulator) -> Emulator:
    """The same with these tools before all others on the PATH."""
    path = aws.environment.get("PATH", f"{TOOLS}{os.pathsep}{os.environ['PATH']}")
    return replace(aws, environment=aws.environment | {"PATH": f"{tools}{os.pathsep}{path}"})


def _builders(directory: Path, script: str, *names: str) -> Path:
    """A directory of stand-ins for container builders; there is no Docker where the tests run."""
    directory.mkdir()
    for name in names:
        (directory / name).write_text(script)
        (directory / name).chmod(0o755)
    return directory


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    place = tmp_path_factory.mktemp("platform")
    directory = checkout(place / "checkout")
    # Whatever builders this machine has, here none of them works.
    broken = _builders(place / "broken", "#!/bin/sh\nexit 1\n", "docker", "finch", "podman")
    with emulator(state=place / "aws") as bare:
        aws = _beside(broken, bare)
        zone = aws.client("route53", REGION).create_hosted_zone(Name="example.com", CallerReference="test")
        zone_id = zone["HostedZone"]["Id"].rpartition("/")[2]
        shop = {"DOMAIN": DOMAIN, "HOSTED_ZONE": zone_id}
        done = make("deploy", directory, aws.environment, ENV="dev", REGION=REGION, **shop)
        assert done.returncode == 0, done.stdout + done.stderr
        yield Platform(aws, directory, zone_id, done)


def ends(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The lines that say how a stack ended, without the time it took."""
    return [line.rpartition(" in ")[0] for line in done.stdout.splitlines() if line.endswith(" s")]


# Made


def test_the_first_run_creates_the_stacks_in_order_and_networking_again_with_the_key(
    platform: Platform,
) -> None:
    assert ends(platform.first_deployment) == [
        "01 networking created",
        "02 security created",
        "01 networking (flow logs under the key) updated",
        "03 ingress-waf created",
        "03 ingress created",
        "03 ingress (protected from deletion) updated",
        "04 application created",
        "04 application (task count handed to scaling) updated",
        "05 data created",
        "05 data (protected from deletion) updated",
        "06 events created",
        "07 analytics created",
    ]


@pytest.mark.parametrize("title", ["ingress", "data"])
def test_what_holds_data_refuses_deletion_once_it_is_there(platform: Platform, title: str) -> None:
    given = {each["ParameterKey"]: each["ParameterValue"] for each in platform.stack(title)["Parameters"]}
    assert given["DeletionProtection"] == "true"


def test_the_summary_says_where_the_shop_is(platform: Platform) -> None:
    assert platform.first_deployment.stdout.splitlines()[-1].endswith(f"The shop: https://{DOMAIN}")


def test_what_cannot_be_done_here_is_told_with_what_to_do_instead(platform: Platform) -> None:
    told = platform.first_deployment.stdout
    assert "no image is built, as docker is here and does not work (see docker info), finch is here" in told
    assert f"push it to {platform.outputs('application')['RepositoryUri']}:" in told
    assert "05 data: no migrations, as the stand-in runs and not the storefront" in told
    assert "07 analytics: no schemas and views in Redshift, as this AWS has none" in told


def test_all_stacks_are_complete_and_the_web_acl_is_in_us_east_1(platform: Platform) -> None:
    updated = {"networking", "ingress", "application", "data"}
    assert platform.statuses() == {
        label[3:]: "UPDATE_COMPLETE" if label[3:] in updated else "CREATE_COMPLETE" for label in IN_ORDER
    }
    assert platform.outputs("ingress-waf")["WebAclArn"].split(":")[3] == EDGE_REGION


@pytest.mark.parametrize("label", IN_ORDER)
def test_the_policy_of_each_stack_names_what_it_has_made_and_nothing_else(platform: Platform, label: str) -> None:
    """CloudFormation refuses a policy with a logical id that the stack has not made; the local AWS takes any."""
    title = label[3:]
    stacks = platform.client("cloudformation", EDGE_REGION if title == "ingress-waf" else REGION)
    policy = json.loads(stacks.get_stack_policy(StackName=f"retail-dev-{title}")["StackPolicyBody"])
    [named] = [each["Resource"] for each in policy["Statement"] if each["Effect"] == "Deny"]
    pages = stacks.get_paginator("list_stack_resources").paginate(StackName=f"retail-dev-{title}")
    made = {
        f"LogicalResourceId/{each['LogicalResourceId']}" for page in pages for each in page["StackResourceSummaries"]
    }
    assert set(named) <= made
    assert named != []


def test_every_stack_carries_the_tags_of_project_and_environment(platform: Platform) -> None:
    for label in IN_ORDER:
        tags = {tag["Key"]: tag["Value"] for tag in platform.stack(label[3:])["Tags"]}
        assert tags == {"Project": "retail", "Environment": "dev"}


def test_every_export_that_a_template_imports_has_the_value_of_the_exporting_stacks_output(
    platform: Platform,
) -> None:
    exports = {each["Name"]: each["Value"] for each in platform.client("cloudformation").list_exports()["Exports"]}
    for name in {name for file in emitted.FILES for name in imports(emitted.template(file))}:
        _, _, title, output = name.split("-")
        assert exports[name] == platform.outputs(title)[output]


def test_every_import_of_a_template_is_one_of_its_stack(platform: Platform) -> None:
    cloudformation = platform.client("cloudformation")
    for file in emitted.FILES:
        stack = f"retail-dev-{file[3:]}"
        listed = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
        made = {each["LogicalResourceId"] for page in listed for each in page["StackResourceSummaries"]}
        resources = emitted.resources(file)
        for name in imports([unconditional(resources[logical_id]) for logical_id in made]):
            assert stack in cloudformation.list_imports(ExportName=name)["Imports"]


def imports(tree: Any) -> set[str]:
    names = (each["Fn::Sub"] for each in emitted.find(tree, "Fn::ImportValue"))
    return {name.replace("${Project}-${Environment}", "retail-dev") for name in names}


def unconditional(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: unconditional(value) for key, value in tree.items() if key != "Fn::If"}
    return [unconditional(each) for each in tree] if isinstance(tree, list) else tree


def test_an_exporting_stack_is_not_deleted_while_others_import_from_it(platform: Platform) -> None:
    cloudformation = platform.client("cloudformation")
    with pytest.raises(ClientError, match="Export retail-dev-security-"):
        cloudformation.delete_stack(StackName="retail-dev-security")
    assert platform.stack("security")["StackStatus"] == "CREATE_COMPLETE"


def test_the_flow_logs_are_under_the_key_of_the_security_stack(platform: Platform) -> None:
    groups = platform.client("logs").describe_log_groups()["logGroups"]
    [flow_logs] = [group for group in groups if "networking" in group["logGroupName"]]
    assert flow_logs["kmsKeyId"] == platform.outputs("security")["KeyArn"]


# Used


@pytest.fixture(scope="module")
def arrivals(platform: Platform) -> dict[str, set[str]]:
    """By queue, the events that arrived after one of each was published, the last of them by a stranger."""
    published = [
        (events.SOURCE, "OrderPlaced"),
        (events.SOURCE, "PaymentProcessed"),
        (events.SOURCE, "InventoryReserved"),
        (events.SOURCE, "OrderShipped"),
        ("somebody.else", "OrderPlaced"),
    ]
    bus = platform.client("ssm").get_parameter(Name="/retail/dev/events/bus")["Parameter"]["Value"]
    answer = platform.client("events").put_events(
        Entries=[
            {"EventBusName": bus, "Source": source, "DetailType": kind, "Detail": "{}"} for source, kind in published
        ]
    )
    assert answer["FailedEntryCount"] == 0
    queues = platform.outputs("events")["WorkQueueNames"].split(",")
    return dict(zip(("order", "inventory", "notification"), map(_drainer(platform), queues), strict=True))


def _drainer(platform: Platform) -> Callable[[str], set[str]]:
    sqs = platform.client("sqs")

    def drain(queue: str) -> set[str]:
        url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        found: set[str] = set()
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < QUIET_SECONDS:
            for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
                event = json.loads(message["Body"])
                found.add(f"{event['source']} {event['detail-type']}")
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                quiet_since = time.monotonic()
            time.sleep(0.05)
        return found

    return drain


def test_an_order_placed_arrives_at_order_processor_and_notification_only(
    arrivals: dict[str, set[str]],
) -> None:
    event = f"{events.SOURCE} OrderPlaced"
    assert {queue for queue, found in arrivals.items() if event in found} == {"order", "notification"}


def test_a_payment_processed_arrives_at_the_order_processor_only(arrivals: dict[str, set[str]]) -> None:
    event = f"{events.SOURCE} PaymentProcessed"
    assert {queue for queue, found in arrivals.items() if event in found} == {"order"}


def test_an_inventory_reserved_arrives_at_the_inventory_handler_only(arrivals: dict[str, set[str]]) -> None:
    event = f"{events.SOURCE} InventoryReserved"
    assert {queue for queue, found in arrivals.items() if event in found} == {"inventory"}


def test_an_order_shipped_arrives_at_notification_only(arrivals: dict[str, set[str]]) -> None:
    event = f"{events.SOURCE} OrderShipped"
    assert {queue for queue, found in arrivals.items() if event in found} == {"notification"}


def test_an_event_of_another_source_arrives_nowhere(arrivals: dict[str, set[str]]) -> None:
    assert not any(event.startswith("somebody.else") for found in arrivals.values() for event in found)


class Task(BaseHTTPRequestHandler):
    """Stands in for a task of the storefront."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"the shop")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def status_at_the_load_balancer(platform: Platform) -> Iterator[Callable[[dict[str, str]], int]]:
    """Asks the load balancer's HTTPS listener with the given headers, one task being registered."""
    balancers = platform.client("elbv2")
    task = HTTPServer(("127.0.0.1", 0), Task)
    threading.Thread(target=task.serve_forever, args=(0.02,), daemon=True).start()
    target = {"Id": "127.0.0.1", "Port": task.server_port}
    group = platform.outputs("ingress")["TargetGroupArn"]
    balancers.register_targets(TargetGroupArn=group, Targets=[target])
    [balancer] = balancers.describe_load_balancers()["LoadBalancers"]
    # The local AWS knows a request's Region by what it is signed for, a load balancer's requests too.
    signed_for = f"AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/elasticloadbalancing/aws4_request"

    def status(headers: dict[str, str]) -> int:
        headers = {"Host": f"{balancer['DNSName']}:443", "Authorization": signed_for} | headers
        try:
            with urllib.request.urlopen(urllib.request.Request(platform.aws.url, headers=headers)) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code

    yield status
    balancers.deregister_targets(TargetGroupArn=group, Targets=[target])
    task.shutdown()
    task.server_close()


def test_the_load_balancer_turns_away_who_does_not_send_the_secret(
    status_at_the_load_balancer: Callable[[dict[str, str]], int],
) -> None:
    assert status_at_the_load_balancer({}) == 403


def test_the_load_balancer_turns_away_who_sends_a_wrong_secret(
    status_at_the_load_balancer: Callable[[dict[str, str]], int],
) -> None:
    assert status_at_the_load_balancer({"X-Origin-Verify": "guess"}) == 403


def test_the_load_balancer_lets_in_who_sends_the_secret_of_the_security_stack(
    platform: Platform, status_at_the_load_balancer: Callable[[dict[str, str]], int]
) -> None:
    arn = platform.outputs("security")["OriginSecretArn"]
    secret = platform.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    assert status_at_the_load_balancer({"X-Origin-Verify": secret}) == 200


def storefront_container(platform: Platform) -> dict[str, Any]:
    ecs = platform.client("ecs")
    [service] = storefront_services(platform)
    definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    [container] = definition["containerDefinitions"]
    return dict(container)


def storefront_services(platform: Platform) -> list[dict[str, Any]]:
    application = platform.outputs("application")
    described = platform.client("ecs").describe_services(
        cluster=application["ClusterName"], services=[application["ServiceName"]]
    )
    return list(described["services"])


def test_the_task_is_told_the_path_of_its_parameters(platform: Platform) -> None:
    environment = {each["name"]: each["value"] for each in storefront_container(platform)["environment"]}
    assert environment["PARAMETERS_PATH"] == "/retail/dev"


def test_the_task_calls_the_model_by_the_inference_profile_of_its_geography(platform: Platform) -> None:
    environment = {each["name"]: each["value"] for each in storefront_container(platform)["environment"]}
    assert environment["MODEL_ID"].startswith("eu.")


def test_the_task_is_given_user_and_password_of_the_database_as_secrets(platform: Platform) -> None:
    secret = platform.outputs("security")["DatabaseSecretArn"]
    secrets = {each["name"]: each["valueFrom"] for each in storefront_container(platform)["secrets"]}
    assert secrets == {
        "DATABASE_USERNAME": f"{secret}:username::",
        "DATABASE_PASSWORD": f"{secret}:password::",
    }


def test_two_tasks_are_wanted_at_first(platform: Platform) -> None:
    [service] = storefront_services(platform)
    assert service["desiredCount"] == 2


def test_what_the_storefront_reads_below_its_path_is_there_and_not_empty(platform: Platform) -> None:
    promised = {value for name, value in vars(parameters).items() if name.isupper()}
    pages = platform.client("ssm").get_paginator("get_parameters_by_path")
    found = {
        each["Name"].removeprefix("/retail/dev/"): each["Value"]
        for page in pages.paginate(Path="/retail/dev/", Recursive=True)
        for each in page["Parameters"]
    }
    assert found.keys() == promised
    assert all(found.values())


# Deployed again


def test_a_second_run_changes_nothing(platform: Platform) -> None:
    done = platform.deploy_all()
    assert done.returncode == 0, done.stderr
    assert ends(done) == [f"{label} no changes" for label in IN_ORDER]


def test_one_stack_is_deployed_alone_by_its_number(platform: Platform) -> None:
    done = make("deploy-05", platform.directory, platform.aws.environment, ENV="dev", REGION=REGION)
    assert done.returncode == 0, done.stderr
    assert ends(done) == ["05 data no changes"]


def test_one_parameter_updates_one_stack_and_the_service_shows_it(platform: Platform) -> None:
    done = platform.deploy("--only", "04", "--set", "DesiredCount=3")
    assert (done.returncode, ends(done)) == (0, ["04 application updated"])
    assert platform.stack("application")["StackStatus"] == "UPDATE_COMPLETE"
    [service] = storefront_services(platform)
    assert service["desiredCount"] == 3


def test_a_later_deployment_keeps_the_count_of_tasks_that_it_finds(platform: Platform) -> None:
    done = platform.deploy("--only", "04")
    assert done.returncode == 0, done.stderr
    [service] = storefront_services(platform)
    assert service["desiredCount"] == 3


def test_code_that_is_built_is_uploaded_once_and_named_to_the_stack(platform: Platform, tmp_path: Path) -> None:
    here = checkout(tmp_path / "here")
    (here / "build" / "lambdas").mkdir(parents=True)
    with zipfile.ZipFile(here / "build" / "lambdas" / "notification-0a1b2c.zip", "w") as archive:
        archive.writestr("lambdas/notification/handler.py", "def handler(event, context): pass\n")

    first = platform.deploy("--only", "06", directory=here)
    assert "06 events: 1 of 1 files of code uploaded" in first.stdout, first.stderr
    given = {each["ParameterKey"]: each["ParameterValue"] for each in platform.stack("events")["Parameters"]}
    assert given["NotificationCodeKey"] == "lambdas/notification-0a1b2c.zip"
    bucket = platform.outputs("data")["ArtifactsBucketName"]
    platform.client("s3").head_object(Bucket=bucket, Key="lambdas/notification-0a1b2c.zip")

    again = platform.deploy("--only", "06", directory=here)
    assert "06 events: 0 of 1 files of code uploaded" in again.stdout
    assert ends(again) == ["06 events no changes"]


DOCKER = f"""#!{sys.executable}
import pathlib, subprocess, sys

here, words = pathlib.Path(__file__).parent, sys.argv[1:]
with open(here / "calls", "a") as calls:
    calls.write(" ".join(words) + "\\n")
if words[0] == "login":
    (here / "password").write_text(sys.stdin.read())
if words[0] == "build" and (here / "broken").exists():
    sys.exit("step 3 of 9: no space left on device")
if words[0] == "push":
    name, _, tag = words[1].partition("/")[2].partition(":")
    put = ["aws", "ecr", "put-image", "--repository-name", name, "--image-tag", tag, "--region", "{REGION}"]
    subprocess.run([*put, "--image-manifest", '{{"schemaVersion": 2}}'], check=True)
"""


@pytest.mark.slow
def test_the_image_is_built_for_arm_and_pushed_and_deployed_by_its_digest_once(
    platform: Platform, tmp_path: Path
) -> None:
    """By a stand-in that notes its words and puts an image into the emulator's repository; no Docker is here."""
    tools = _builders(tmp_path / "tools", DOCKER, "docker")
    done = platform.deploy("--only", "04", tools=tools)
    assert (done.returncode, ends(done)) == (0, ["04 application updated"]), done.stderr
    uri = platform.outputs("application")["RepositoryUri"]
    info, build, login, push = (tools / "calls").read_text().splitlines()
    assert info == "info"
    assert build.startswith(f"build --platform linux/arm64 --file retail/storefront/Dockerfile --tag {uri}:")
    assert login == f"login --username AWS --password-stdin {uri.partition('/')[0]}"
    assert (tools / "password").read_text()
    assert push == f"push {build.split()[-2]}"
    assert storefront_container(platform)["image"].startswith(f"{uri}@sha256:")

    again = platform.deploy("--only", "04", tools=tools)
    assert ends(again) == ["04 application no changes"]
    assert len((tools / "calls").read_text().splitlines()) == 4


# Failing, and mended


@pytest.mark.slow
def test_an_image_that_cannot_be_built_stops_the_run_with_the_builders_last_words(
    platform: Platform, tmp_path: Path
) -> None:
    here = checkout(tmp_path / "here")
    (here / "retail").unlink()
    shutil.copytree(ROOT / "retail", here / "retail")
    (here / "retail" / "storefront" / "changed.py").touch()
    tools = _builders(tmp_path / "tools", DOCKER, "docker")
    (tools / "broken").touch()
    failed = platform.deploy("--only", "04", tools=tools, directory=here)
    assert failed.returncode == 1
    assert "04 application has no new image.\n  command: docker build --platform linux/arm64 " in failed.stderr
    assert "\n    step 3 of 9: no space left on device" in failed.stderr


def test_a_failing_update_says_the_root_cause_and_puts_the_old_values_back(platform: Platform, tmp_path: Path) -> None:
    too_long = broken_checkout(
        tmp_path / "here",
        "06-events.yaml",
        ("VisibilityTimeout: 365", "VisibilityTimeout: 400"),
        ("VisibilityTimeout: 365", "VisibilityTimeout: 99999"),
    )
    done = platform.deploy("--only", "06", directory=too_long)
    assert done.returncode == 1
    assert "06 events failed." in done.stderr
    assert (
        "cause: InventoryUpdateQueue (AWS::SQS::Queue): Invalid value for the parameter VisibilityTimeout"
        in done.stderr
    )
    assert platform.stack("events")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    sqs = platform.client("sqs")
    for queue in platform.outputs("events")["WorkQueueNames"].split(","):
        url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
        assert attributes["VisibilityTimeout"] == "365"


def test_after_a_failing_update_the_unchanged_template_is_no_change(platform: Platform, tmp_path: Path) -> None:
    # Without built code, which would be another than that of the test above.
    done = platform.deploy("--only", "06", directory=checkout(tmp_path / "here"))
    assert (done.returncode, ends(done)) == (0, ["06 events no changes"])


def test_a_failing_creation_stops_the_run_and_a_second_run_carries_on(platform: Platform, tmp_path: Path) -> None:
    stranger = broken_checkout(
        tmp_path / "here",
        "02-security.yaml",
        (
            "GroupId: !GetAtt AlbSecurityGroup.GroupId\n      IpProtocol: tcp",
            "GroupId: sg-0\n      IpProtocol: tcp",
        ),
    )
    stopped = platform.deploy_all("staging", "staging.example.com", directory=stranger)
    assert stopped.returncode == 1
    assert ends(stopped) == ["01 networking created"]
    assert "02 security failed.\n  stack: retail-staging-security in eu-west-1, ROLLBACK_COMPLETE" in stopped.stderr
    assert "cause: CloudFrontToAlbIngress (AWS::EC2::SecurityGroupIngress): " in stopped.stderr
    assert "carry on with .venv/bin/python -m retail.ops.deploy --environment staging" in stopped.stderr

    carried_on = platform.deploy_all("staging", "staging.example.com")
    assert carried_on.returncode == 0, carried_on.stderr
    assert "retail-staging-security is ROLLBACK_COMPLETE, the rest of a failed creation" in carried_on.stdout
    assert ends(carried_on)[:2] == ["01 networking no changes", "02 security created"]
    assert platform.statuses("staging").keys() == platform.statuses("dev").keys()


@pytest.mark.slow
def test_the_script_of_a_dry_run_deploys_the_platform(platform: Platform) -> None:
    shop = ("--domain", "script.example.com", "--hosted-zone", platform.zone)
    dry = platform.deploy("--project", "script", "--stacks-only", "--dry-run", *shop)
    assert dry.returncode == 0, dry.stderr
    script = subprocess.run(
        ["bash"], input=dry.stdout, cwd=platform.directory, env=platform.aws.environment, capture_output=True, text=True
    )
    assert script.returncode == 0, script.stderr
    made = [
        (each["StackName"], each["StackStatus"])
        for region in (REGION, EDGE_REGION)
        for each in platform.client("cloudformation", region).describe_stacks()["Stacks"]
        if each["StackName"].startswith("script-dev-")
    ]
    again = {"networking", "ingress", "application", "data"}
    assert dict(made) == {
        f"script-dev-{label[3:]}": "UPDATE_COMPLETE" if label[3:] in again else "CREATE_COMPLETE" for label in IN_ORDER
    }


def test_a_stack_is_not_deployed_alone_before_those_that_it_imports_from(platform: Platform) -> None:
    done = platform.deploy("--only", "05", environment="prod")
    assert done.returncode == 2, done.stderr
    assert done.stderr.endswith("it imports from retail-prod-networking, which is not there; deploy 01 first\n")
    assert platform.statuses("prod") == {}


def test_a_domain_outside_its_zone_is_refused_before_a_certificate_would_wait_for_it(
    platform: Platform,
) -> None:
    done = platform.deploy_all("prod", domain="store.example.org")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"--domain store.example.org: zone {platform.zone} is that of example.com" in done.stderr
    assert platform.statuses("prod") == {}


def test_a_zone_that_is_not_there_is_refused(platform: Platform) -> None:
    done = platform.deploy("--domain", DOMAIN, "--hosted-zone", "Z404", environment="prod")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--hosted-zone Z404: " in done.stderr


@pytest.fixture(scope="module")
def prod(platform: Platform) -> Platform:
    """With the first stacks of prod in us-east-1, each deployed alone."""
    shop = ("--domain", "prod.example.com", "--hosted-zone", platform.zone)
    for number in ("01", "02", "03"):
        alone = platform.deploy("--only", number, *shop, environment="prod", region=EDGE_REGION)
        assert alone.returncode == 0, alone.stderr
    return platform


def test_the_wafs_log_is_under_the_key_where_the_primary_region_is_us_east_1(prod: Platform) -> None:
    stacks = prod.client("cloudformation", EDGE_REGION)
    [security] = stacks.describe_stacks(StackName="retail-prod-security")["Stacks"]
    [key] = [each["OutputValue"] for each in security["Outputs"] if each["OutputKey"] == "KeyArn"]
    [waf] = stacks.describe_stacks(StackName="retail-prod-ingress-waf")["Stacks"]
    assert {"ParameterKey": "WafLogsKmsKeyArn", "ParameterValue": key} in waf["Parameters"]


def test_networking_deployed_alone_after_security_is_given_its_key(prod: Platform) -> None:
    alone = prod.deploy("--only", "01", environment="prod", region=EDGE_REGION)
    assert ends(alone) == ["01 networking no changes", "01 networking (flow logs under the key) updated"]


def test_a_template_that_cloudformation_refuses_is_said_to_be_refused_and_why(
    platform: Platform, tmp_path: Path
) -> None:
    unknown = broken_checkout(tmp_path / "here", "07-analytics.yaml", ("AWS::Glue::Database", "AWS::Glue::Datenbank"))
    done = platform.deploy("--only", "07", directory=unknown)
    assert done.returncode == 1
    assert "07 analytics failed." in done.stderr
    assert "AWS::Glue::Datenbank" in done.stderr
    assert platform.stack("analytics")["StackStatus"] == "CREATE_COMPLETE"


def test_every_stack_of_prod_is_protected_from_deletion_and_none_of_dev(prod: Platform) -> None:
    found = prod.client("cloudformation", EDGE_REGION).describe_stacks()["Stacks"]
    mine = {each["StackName"]: each["EnableTerminationProtection"] for each in found if "prod" in each["StackName"]}
    assert mine == {f"retail-prod-{title}": True for title in ("networking", "security", "ingress-waf", "ingress")}
    assert prod.stack("networking")["EnableTerminationProtection"] is False


# Taken down


@pytest.mark.slow
def test_destroy_takes_protection_off_and_empties_on_a_second_flag_and_removes_what_accelerators_leave(
    prod: Platform,
) -> None:
    [security] = prod.client("cloudformation", EDGE_REGION).describe_stacks(StackName="retail-prod-security")["Stacks"]
    [bucket] = [each["OutputValue"] for each in security["Outputs"] if each["OutputKey"] == "LogsBucketName"]
    s3, ec2 = prod.client("s3", EDGE_REGION), prod.client("ec2", EDGE_REGION)
    for body in (b"first", b"second"):
        s3.put_object(Bucket=bucket, Key="log", Body=body)
    [networking] = prod.client("cloudformation", EDGE_REGION).describe_stacks(StackName="retail-prod-networking")[
        "Stacks"
    ]
    [vpc] = [each["OutputValue"] for each in networking["Outputs"] if each["OutputKey"] == "VpcId"]
    group = ec2.create_security_group(GroupName="GlobalAccelerator", Description="left", VpcId=vpc)["GroupId"]

    done = prod.destroy("--confirm", "prod", "--empty", environment="prod", region=EDGE_REGION)
    assert done.returncode == 0, done.stderr
    assert f"{group}, which Global Accelerator has left in {vpc}, deleted" in done.stdout
    assert f"{bucket}: 2 versions deleted" in done.stdout
    assert s3.list_object_versions(Bucket=bucket).get("Versions", []) == []
    left = prod.client("cloudformation", EDGE_REGION).describe_stacks()["Stacks"]
    assert not [each for each in left if each["StackName"].startswith("retail-prod-")]


def test_without_its_confirmation_destroy_removes_nothing(platform: Platform) -> None:
    before = platform.statuses()
    done = platform.destroy("--confirm", "staging")
    assert done.returncode == 2
    assert platform.statuses() == before


def test_destroy_removes_all_stacks_backwards_and_only_those_of_its_environment(platform: Platform) -> None:
    others = platform.statuses("staging")
    done = make("destroy", platform.directory, platform.aws.environment, ENV="dev", REGION=REGION, CONFIRM="dev")
    assert done.returncode == 0, done.stderr
    assert ends(done) == [f"{label} deleted" for label in reversed(IN_ORDER)]
    assert platform.statuses("dev") == {}
    assert platform.statuses("staging") == others
    commands = done.stdout.partition("This is left, and is removed by:\n")[2].splitlines()
    key = platform.client("kms").describe_key(KeyId=commands[-1].split()[-3])["KeyMetadata"]
    assert commands[-1].startswith("  aws kms schedule-key-deletion")
    assert key["KeyState"] == "Enabled"
    buckets = [line.split()[-3] for line in commands if "retail.ops.empty --remove --bucket" in line]
    assert set(buckets) <= {each["Name"] for each in platform.client("s3").list_buckets()["Buckets"]}
    assert f"retail-dev-lake-123456789012-{REGION}" in buckets


def test_destroying_again_finds_nothing_there(platform: Platform) -> None:
    done = platform.destroy("--confirm", "dev")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-9:-1] == [f"{label}: not there" for label in reversed(IN_ORDER)]
