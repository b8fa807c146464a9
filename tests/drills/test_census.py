"""What a task of the storefront's image counts, run as the task is."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from retail.contracts import parameters
from retail.local.postgres import Postgres
from retail.runtime.database import Target
from tests.emitted import ROOT
from tests.integration.programs import run
from tests.proof.platform import Platform
from tests.proof.world import World

PATH = "/census/test"


@pytest.mark.parametrize("elsewhere", [False, True], ids=["the shop's own", "another host"])
def test_it_counts_what_was_before_a_moment_at_the_host_that_it_is_given(
    world: World, deployed: Platform, postgres: Postgres, target: Target, elsewhere: bool
) -> None:
    world.place((world.stock(on_hand=10), 4))
    known = {name: "none" for key, name in vars(parameters).items() if key.isupper()} | {
        parameters.WRITER_HOST: "nobody.example.com" if elsewhere else target.host,
        parameters.DATABASE_PORT: str(target.port),
        parameters.DATABASE_NAME: target.name,
        parameters.CACHE_PORT: "6379",
        parameters.CACHE_READER_PORT: "6380",
    }
    for name, value in known.items():
        deployed.client("ssm").put_parameter(Name=f"{PATH}/{name}", Value=value, Type="String", Overwrite=True)
    told = {
        "PARAMETERS_PATH": PATH,
        "MODEL_ID": "none",
        "PORT": "8080",
        "DATABASE_USERNAME": postgres.user,
        "DATABASE_PASSWORD": postgres.password,
        "PGSSLROOTCERT": str(postgres.certificate),
    }
    moment = datetime.now(UTC).isoformat()
    world.place((world.stock(on_hand=10), 4))
    done = run(
        "retail.storefront.census",
        moment,
        *([target.host] if elsewhere else []),
        directory=ROOT,
        environment=deployed.aws.environment | told,
    )
    assert done.returncode == 0, done.stderr
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("census "))
    counted = json.loads(line.removeprefix("census "))
    ((orders,),) = world.rows("SELECT count(*) FROM orders")
    assert counted["orders"].split()[0] == str(orders - 1), "the later one is left out"
    assert sorted(counted) == ["anew", "order_lines", "orders", "processed_events", "stock"]
