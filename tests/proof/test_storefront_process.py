"""The storefront as ECS runs it: its own process, which finds everything else below its SSM path."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from retail.contracts import parameters, settings
from retail.contracts.events import InventoryReserved, OrderPlaced
from retail.local.postgres import Postgres
from retail.local.processes import HOST, free_port
from retail.runtime.cache import product_key
from tests.emitted import ROOT
from tests.proof.platform import PROJECT
from tests.proof.world import INVENTORY, ORDERS, World, eventually

PATH = f"/{PROJECT}/dev"


@dataclass
class Process:
    """A storefront's process, which can die and be started again."""

    environment: dict[str, str]
    log: Path
    port: int = field(default_factory=free_port)
    child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and return when the shop is open and has all it needs."""
        told = settings.Storefront(parameters_path=PATH, model_id="any", port=str(self.port)).variables()
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "retail.storefront.app"]
            self.child = subprocess.Popen(command, cwd=ROOT, env=self.environment | told, stdout=log, stderr=log)
        eventually(self._is_ready)

    def kill(self) -> None:
        """Kill it as the kernel does when memory runs out."""
        assert self.child is not None
        self.child.kill()
        self.child.wait()

    def shopper(self) -> httpx.Client:
        """Somebody with a browser of their own."""
        return httpx.Client(base_url=f"http://{HOST}:{self.port}", timeout=60)

    def _is_ready(self) -> bool:
        try:
            answer = httpx.get(f"http://{HOST}:{self.port}/readyz", timeout=5)
        except httpx.HTTPError:
            return False
        return answer.json() == {"missing": [], "degraded": []}


@pytest.fixture
def storefront(world: World, environment: dict[str, str], postgres: Postgres, tmp_path: Path) -> Iterator[Process]:
    """A storefront of this test's; what the deployed stacks cannot know is where database and cache are here."""
    ssm = world.platform.client("ssm")
    here = {
        parameters.WRITER_HOST: environment["DATABASE_HOST"],
        # The two have one port in AWS, and so one parameter.
        parameters.READER_HOST: environment["DATABASE_HOST"],
        parameters.DATABASE_PORT: environment["DATABASE_PORT"],
        parameters.DATABASE_NAME: environment["DATABASE_NAME"],
        parameters.CACHE_HOST: environment["CACHE_HOST"],
        parameters.CACHE_PORT: environment["CACHE_PORT"],
    }
    for name, value in here.items():
        ssm.put_parameter(Name=f"{PATH}/{name}", Value=value, Type="String", Overwrite=True)
    login = settings.Credentials(database_username=postgres.user, database_password=postgres.password).variables()
    process = Process(environment | login, tmp_path / "storefront.log")
    try:
        process.start()
        yield process
    finally:
        process.kill()


def test_a_shopper_s_order_flows_by_itself_from_the_storefront_to_every_consumer(
    world: World, storefront: Process
) -> None:
    sku = world.stock(on_hand=10)
    with storefront.shopper() as shopper:
        assert shopper.get(f"/api/products/{sku}").json()["available"] == 10
        # Again if the cache was slow: the second shopper is answered from it.
        eventually(lambda: shopper.get(f"/api/products/{sku}") and world.cache.get(product_key(sku)))
        shopper.put(f"/api/cart/{sku}", json={"quantity": 3}).raise_for_status()
        answers = [shopper.post("/api/checkout", headers={"Idempotency-Key": "once"}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()
        order_id = answers[0].json()["order_id"]

        eventually(lambda: world.mapping(ORDERS).waiting() and world.mapping(INVENTORY).waiting())
        world.work()
        assert world.cache.get(product_key(sku)) is None
        assert shopper.get(f"/api/products/{sku}").json()["available"] == 7
        assert shopper.get(f"/api/orders/{order_id}").json() == answers[0].json()
        (order,) = world.orders().history(answers[0].json()["customer_id"])
    assert world.is_processed(order)
    assert world.on_hand(sku) == (7, 0)
    assert [each["event_type"] for each in world.lake("orders", order)] == [OrderPlaced.__name__]
    assert [each["event_type"] for each in world.lake("inventory", order)] == [InventoryReserved.__name__]
    assert world.told(order) == [OrderPlaced.__name__]
    assert world.waiting() == {}


def test_every_order_that_was_confirmed_outlives_the_storefront_s_sudden_end(world: World, storefront: Process) -> None:
    sku = world.stock(on_hand=100)
    with storefront.shopper() as shopper:
        for number in range(20):
            new = {"items": [{"sku": sku, "quantity": 1}]}
            answer = shopper.post("/api/orders", json=new, headers={"Idempotency-Key": str(number)})
            assert answer.status_code == 201
        customer = answer.json()["customer_id"]
    storefront.kill()
    storefront.start()
    orders = world.orders().history(customer)
    assert len(orders) == 20
    eventually(lambda: not any(world.unpublished(order) for order in orders))
    world.work()
    assert all(world.is_processed(order) for order in orders)
    assert world.on_hand(sku) == (80, 0)
    archived = {each["order_id"] for each in world.lake("orders", *orders)}
    assert archived == {str(order.order_id) for order in orders}
