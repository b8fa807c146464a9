"""The platform under the names that the operators' programs expect, and a shop on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from subprocess import CompletedProcess

import pytest

from retail.local.emulator import REGION, Emulator, emulator
from retail.local.postgres import Postgres
from retail.runtime.database import Target
from tests.emitted import OUT, ROOT, template
from tests.integration.programs import run
from tests.local.conftest import Deployer
from tests.parts import own_database
from tests.proof.conftest import environment, world
from tests.proof.platform import Platform

__all__ = ["environment", "world"]

DATABASE = "drills"
DOMAIN = "store.example.com"

STACKS = (
    ("01-networking", "networking"),
    ("02-security", "security"),
    ("03-ingress", "ingress-waf"),
    ("03-ingress", "ingress"),
    ("04-application", "application"),
    ("05-data", "data"),
    ("06-events", "events"),
    ("07-analytics", "analytics"),
)

Drill = Callable[..., CompletedProcess[str]]


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """All stacks of retail-dev, in an emulator of their own."""
    with emulator(state=tmp_path_factory.mktemp("drills")) as aws:
        zone = aws.client("route53").create_hosted_zone(Name="example.com", CallerReference="drills")["HostedZone"]
        given = {
            "CloudFrontPrefixListId": "pl-3b927c52",
            "DomainName": DOMAIN,
            "HostedZoneId": zone["Id"].split("/")[-1],
        }
        deployer = Deployer(aws.client("cloudformation"))
        made: dict[str, str] = {}
        for file, title in STACKS:
            declared = {key: value for key, value in given.items() if key in template(file)["Parameters"]}
            scope = {"Scope": "waf" if title.endswith("-waf") else "cdn"} if file == "03-ingress" else {}
            status = deployer.create(f"retail-dev-{title}", (OUT / f"{file}.yaml").read_text(), **declared, **scope)
            assert status == "CREATE_COMPLETE", deployer.failures(f"retail-dev-{title}")
            given |= deployer.outputs(f"retail-dev-{title}") if title == "ingress-waf" else {}
            made |= deployer.refs(f"retail-dev-{title}")
        yield Platform(aws, made)


@pytest.fixture(scope="session")
def platform(deployed: Platform, postgres: Postgres) -> Platform:
    """The same, with the local database's login in its secret."""
    deployed.give_login(postgres)
    return deployed


@pytest.fixture(scope="session")
def target(postgres: Postgres) -> Target:
    return own_database(postgres, DATABASE)


def drill_on(aws: Emulator, environment: dict[str, str] | None = None) -> Drill:
    """Runs a drill as its operator does, in retail-dev."""

    def run_drill(name: str, *arguments: str) -> CompletedProcess[str]:
        where = ("--environment", "dev", "--region", REGION)
        return run(
            f"retail.ops.drills.{name}", *where, *arguments, directory=ROOT, environment=environment or aws.environment
        )

    return run_drill


@pytest.fixture
def drill(deployed: Platform) -> Drill:
    return drill_on(deployed.aws)
