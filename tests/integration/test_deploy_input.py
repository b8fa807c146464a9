"""What the deployment programs refuse before they touch anything. No emulator: nothing may reach AWS here."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from tests.integration.programs import broken_checkout, checkout, run, with_environment

EXPIRED = b"""<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code>
<Message>The security token included in the request is expired</Message></Error></ErrorResponse>"""

ALL = ("--environment", "dev", "--domain", "store.example.com", "--hosted-zone", "Z0123456789")


class Aws(BaseHTTPRequestHandler):
    """An AWS that holds every caller's credentials for expired."""

    calls: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.calls.append(self.rfile.read(length).decode())
        self.send_response(403)
        self.end_headers()
        self.wfile.write(EXPIRED)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Aws)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def environment(aws: str) -> dict[str, str]:
    Aws.calls.clear()
    return {
        "AWS_ENDPOINT_URL": aws,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": "eu-west-1",
    }


def the_refusal(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2, done.stdout + done.stderr
    [line] = done.stderr.splitlines()
    return line


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--environment", "qa", *ALL[2:]), "--environment qa: give dev, staging or prod"),
        ((*ALL, "--project", "Retail!"), "--project Retail!: give 2 to 12 lower-case letters and digits"),
        ((*ALL[:3], "Store", *ALL[4:]), "--domain Store: give a domain name in lower case"),
        ((*ALL[:3], f"{'s' * 53}.example.com", *ALL[4:]), "in lower case of 64 letters at the most"),
        ((*ALL[:5], "zone-1"), "--hosted-zone zone-1: give the id of a hosted zone"),
        ((*ALL, "--only", "09"), "--only 09: give one of 01, 02, 03"),
        ((*ALL, "--operations-email", "nobody"), "--operations-email nobody: give an e-mail address, or none"),
        ((*ALL, "--customer-email", "nobody"), "--customer-email nobody: give an e-mail address, or none"),
        ((*ALL, "--set", "CacheEngine"), "--set CacheEngine: give Parameter=Value"),
        (
            (*ALL, "--set", "CacheEngin=redis"),
            "--set CacheEngin: no template to be deployed has this parameter; did you mean CacheEngine?",
        ),
        ((*ALL, "--set", "CacheEngine=memcached"), "--set CacheEngine=memcached: give valkey or redis"),
        ((*ALL, "--set", "DesiredCount=0"), "--set DesiredCount=0: give"),
        ((*ALL, "--set", "Environment=prod"), "Environment is not set this way; give --environment"),
        (
            ("--environment", "dev", "--only", "02", "--set", "CacheEngine=redis"),
            "--set CacheEngine: no template",
        ),
        ((*ALL, "--region", "Ireland"), "--region Ireland: give a Region"),
        ((*ALL, "--speed", "high"), "--speed"),
        ((), "--environment"),
    ],
)
def test_bad_input_is_one_line_that_names_it_and_reaches_no_aws(
    arguments: tuple[str, ...], named: str, environment: dict[str, str], tmp_path: Path
) -> None:
    done = run("retail.ops.deploy", *arguments, directory=checkout(tmp_path / "here"), environment=environment)
    assert named in the_refusal(done)
    assert Aws.calls == []


@pytest.mark.parametrize("platform", ["dev", "staging", "prod"])
def test_the_files_of_the_repository_are_refused_by_what_has_to_be_edited(
    platform: str, environment: dict[str, str], tmp_path: Path
) -> None:
    here = checkout(tmp_path / "here")
    for given, still in (
        ((), "domain is still store.example.com; write the name that shoppers type"),
        (("--domain", "shop.example.org"), "hosted_zone is still Z0123456789ABCDEFGHIJ; write the id of the public"),
    ):
        done = run("retail.ops.deploy", "--environment", platform, *given, directory=here, environment=environment)
        assert f"environments/{platform}.yaml: {still}" in the_refusal(done)
    assert Aws.calls == []


SHOP = "domain: shop.example.org\nhosted_zone: Z0123456789\n"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "--domain is missing: 03 ingress needs it; give it, or write environments/dev.yaml"),
        ("domain: shop.example.org\n", "--hosted-zone is missing: 03 ingress needs it"),
        ("domian: shop.example.org\n", "environments/dev.yaml: domian is not a setting; did you mean domain?"),
        (
            "domain: Shop\nhosted_zone: Z0123456789\n",
            "environments/dev.yaml: domain: Shop: give a domain name in lower",
        ),
        (
            f"{SHOP}domain: shop.example.com\n",
            "environments/dev.yaml, line 3 cannot be read: domain stands there twice",
        ),
        (f"{SHOP}parameters: {{data: {{}}, data: {{}}}}\n", "line 3 cannot be read: data stands there twice"),
        (f"{SHOP}project: Retail!\n", "environments/dev.yaml: project: Retail!: give 2 to 12 lower-case letters"),
        (f"{SHOP}seed: perhaps\n", "environments/dev.yaml: seed perhaps: give true or false"),
        ("domain: [a, b]\n", "environments/dev.yaml: domain holds ['a', 'b']; give one text or number"),
        (f"{SHOP}parameters: {{dat: {{}}}}\n", "environments/dev.yaml: dat is not a stack; did you mean data?"),
        (
            f"{SHOP}parameters: {{data: {{CacheEngin: redis}}}}\n",
            "environments/dev.yaml: data has no parameter CacheEngin to set; did you mean CacheEngine?",
        ),
        (
            f"{SHOP}parameters: {{security: {{CacheEngine: redis}}}}\n",
            "environments/dev.yaml: security has no parameter CacheEngine to set; there are",
        ),
        (
            f"{SHOP}parameters: {{data: {{CacheEngine: memcached}}}}\n",
            "environments/dev.yaml: CacheEngine: memcached: give valkey or redis",
        ),
        (
            f"{SHOP}parameters: {{application: {{DesiredCount: 0}}}}\n",
            "environments/dev.yaml: DesiredCount: 0: give",
        ),
        (f"{SHOP}parameters: {{ingress: {{Scope: waf}}}}\n", "ingress has no parameter Scope to set"),
        ("domain: [\n", "environments/dev.yaml, line 2 cannot be read: "),
        ("store\n", "environments/dev.yaml: the file holds 'store'; give names with their values"),
    ],
)
def test_what_an_environments_file_may_not_say_is_one_line_that_names_it_and_reaches_no_aws(
    text: str, named: str, environment: dict[str, str], tmp_path: Path
) -> None:
    here = with_environment(tmp_path / "here", "dev", text)
    done = run("retail.ops.deploy", "--environment", "dev", directory=here, environment=environment)
    assert named in the_refusal(done)
    assert Aws.calls == []


def dry_run(done: subprocess.CompletedProcess[str]) -> dict[str, list[str]]:
    """The words of the last deployment of each stack."""
    assert done.returncode == 0, done.stderr
    subprocess.run(["bash", "-n"], input=done.stdout, text=True, check=True)
    commands = [line.split() for line in done.stdout.splitlines() if line.startswith("aws cloudformation deploy")]
    return {words[words.index("--stack-name") + 1]: words for words in commands}


def test_a_dry_run_prints_the_commands_in_order_and_asks_aws_for_nothing(
    environment: dict[str, str], tmp_path: Path
) -> None:
    here = with_environment(tmp_path / "here", "dev", SHOP)
    words = ("--environment", "dev", "--dry-run")
    done = run("retail.ops.deploy", *words, directory=here, environment=environment)
    dry_run(done)
    steps = [line.split()[:3] for line in done.stdout.splitlines() if line and not line.startswith("#")]
    deployments = [
        "networking", "security", "networking", "ingress-waf", "ingress", "ingress", "application", "application",
        "data", "data", "events", "analytics",
    ]  # fmt: skip
    named = [
        line.split()[4].removeprefix("retail-dev-")
        for line in done.stdout.splitlines()
        if line.startswith("aws cloudformation deploy")
    ]
    assert named == deployments
    order = [step[1] for step in steps if step[0] in ("docker", ".venv/bin/python") or step[1] == "ecs"]
    assert order == ["build", "push", "ecs", "-m"]
    assert "(.venv/bin/python -m retail.ops.plan.policies 05-data)" in done.stdout
    assert "(.venv/bin/python -m retail.ops.plan.policies 03-ingress Scope=waf)" in done.stdout
    assert Aws.calls == []


def test_nothing_refuses_deletion_while_it_is_made_or_a_failed_creation_would_be_stuck(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """T13, T136: not even where the environment's file wants it from the start."""
    protected = "parameters: {data: {DeletionProtection: true}, ingress: {DeletionProtection: true}}\n"
    here = with_environment(tmp_path / "here", "prod", SHOP + protected)
    words = ("--environment", "prod", "--dry-run")
    done = run("retail.ops.deploy", *words, directory=here, environment=environment)
    for title in ("ingress", "data"):
        made = [line for line in done.stdout.splitlines() if f"deploy --stack-name retail-prod-{title} " in line]
        assert [line.split("DeletionProtection=")[1].split()[0] for line in made] == ["false", "true"]


def test_the_command_line_wins_over_the_file_and_a_stacks_own_line_reaches_that_stack_only(
    environment: dict[str, str], tmp_path: Path
) -> None:
    here = with_environment(
        tmp_path / "here",
        "dev",
        f"{SHOP}region: eu-central-1\noperations_email: of-file@example.org\n"
        "parameters:\n  data:\n    DeletionProtection: false\n    CacheEngine: redis\n"
        "    DatabaseEngineVersion: 17.10\n"
        "  events:\n    CustomerEmail: of-stack@example.org\n",
    )
    typed = ("--domain", "typed.example.org", "--customer-email", "typed@example.org", "--set", "CacheEngine=valkey")
    words = ("--environment", "dev", "--dry-run", *typed)
    commands = dry_run(run("retail.ops.deploy", *words, directory=here, environment=environment))
    data, ingress = commands["retail-dev-data"], commands["retail-dev-ingress"]
    assert {"DeletionProtection=false", "CacheEngine=valkey", "eu-central-1"} <= set(data)
    assert "DatabaseEngineVersion=17.10" in data  # as a number it would be 17.1
    assert {"DomainName=typed.example.org", "HostedZoneId=Z0123456789"} <= set(ingress)
    assert "DeletionProtection=true" in ingress  # as its template has it
    assert "OperationsEmail=of-file@example.org" in commands["retail-dev-security"]
    assert "CustomerEmail=typed@example.org" in commands["retail-dev-events"]


def test_a_template_that_is_not_there_is_named_with_how_to_make_it(environment: dict[str, str], tmp_path: Path) -> None:
    done = run("retail.ops.deploy", *ALL, directory=tmp_path, environment=environment)
    assert "out/01-networking.yaml is not there: run make templates" in the_refusal(done)


def test_a_file_that_is_no_template_is_named(environment: dict[str, str], tmp_path: Path) -> None:
    here = broken_checkout(tmp_path / "here", "05-data.yaml", ("\nParameters:", "\nParametres:"))
    done = run("retail.ops.deploy", *ALL, directory=here, environment=environment)
    assert "out/05-data.yaml is not a template" in the_refusal(done)


def test_two_builds_of_one_function_are_not_chosen_between(environment: dict[str, str], tmp_path: Path) -> None:
    here = checkout(tmp_path / "here")
    (here / "build" / "lambdas").mkdir(parents=True)
    for digest in ("0a1b2c", "3d4e5f"):
        (here / "build" / "lambdas" / f"notification-{digest}.zip").touch()
    done = run("retail.ops.deploy", *ALL, directory=here, environment=environment)
    assert "notification-0a1b2c.zip and build/lambdas/notification-3d4e5f.zip" in the_refusal(done)


def test_a_machine_without_the_aws_cli_is_told_so(environment: dict[str, str], tmp_path: Path) -> None:
    here = checkout(tmp_path / "here")
    done = run("retail.ops.deploy", *ALL, directory=here, environment=environment | {"PATH": "/nowhere"})
    assert "the AWS CLI (aws) is not on the PATH" in the_refusal(done)


def test_no_region_at_all_is_asked_for(environment: dict[str, str], tmp_path: Path) -> None:
    here = checkout(tmp_path / "here")
    done = run("retail.ops.deploy", *ALL, directory=here, environment=environment | {"AWS_REGION": ""})
    assert "--region is missing: give a Region" in the_refusal(done)


def test_expired_credentials_stop_the_run_before_any_stack(environment: dict[str, str], tmp_path: Path) -> None:
    done = run("retail.ops.deploy", *ALL, directory=checkout(tmp_path / "here"), environment=environment)
    assert "The security token included in the request is expired" in the_refusal(done)
    assert all("Action=GetCallerIdentity" in call for call in Aws.calls)


def test_missing_credentials_stop_the_run_before_any_stack(environment: dict[str, str], tmp_path: Path) -> None:
    here = checkout(tmp_path / "here")
    environment = environment | {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    done = run("retail.ops.deploy", *ALL, directory=here, environment=environment)
    assert "no access to AWS: Unable to locate credentials" in the_refusal(done)
    assert Aws.calls == []


@pytest.mark.parametrize("confirmation", [(), ("--confirm", ""), ("--confirm", "prod"), ("--confirm", "yes")])
def test_without_the_right_confirmation_destroy_only_says_what_would_go_and_stay(
    confirmation: tuple[str, ...], environment: dict[str, str], tmp_path: Path
) -> None:
    here = checkout(tmp_path / "here")
    done = run("retail.ops.destroy", "--environment", "dev", *confirmation, directory=here, environment=environment)
    assert "nothing is deleted without --confirm dev" in the_refusal(done)
    stacks = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")]
    assert "- 1 AWS::KMS::Key: 1 dollar a month" in done.stdout
    assert "Lost for good: what the cache holds" in done.stdout
    assert (stacks[0], stacks[-1], len(stacks)) == ("retail-dev-analytics", "retail-dev-networking", 8)
    assert "retail-dev-security in eu-west-1; it leaves Key, " in done.stdout
    assert Aws.calls == []


def test_destroy_refuses_an_unknown_environment(environment: dict[str, str], tmp_path: Path) -> None:
    here = checkout(tmp_path / "here")
    arguments = ("--environment", "qa", "--confirm", "qa")
    done = run("retail.ops.destroy", *arguments, directory=here, environment=environment)
    assert "--environment qa: give dev, staging or prod" in the_refusal(done)
