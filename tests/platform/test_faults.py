"""Faults in the middle of things: no order is lost, and what cannot be handled ends in the dead letters."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from retail.contracts.events import SOURCE, OrderPlaced
from tests.platform.program import PATIENCE_SECONDS, Program, archived, changed, eventually, place, running, tasks

pytestmark = pytest.mark.slow


def restart(program: Program) -> None:
    """Kill every task of the shop at once, and wait until others serve."""
    before = set(tasks(program).values())
    for pid in before:
        os.kill(pid, signal.SIGKILL)

    def are_new() -> bool:
        now = set(tasks(program).values())
        return len(now) == len(before) and not before & now

    eventually(are_new)

    def serves() -> bool:
        try:
            return httpx.get(f"{program.url}/api/products", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    eventually(serves)


def test_a_cart_outlives_a_restart_of_the_shop_and_so_does_the_order_made_of_it(program: Program) -> None:
    with httpx.Client(base_url=program.url, timeout=PATIENCE_SECONDS) as shopper:
        sku = shopper.get("/api/products").json()["items"][0]["sku"]
        shopper.put(f"/api/cart/{sku}", json={"quantity": 2}).raise_for_status()
        restart(program)
        key = {"Idempotency-Key": str(uuid4())}
        first = shopper.post("/api/checkout", headers=key)
        assert first.status_code == 201, first.text
        # Nothing may be published yet when the tasks die.
        restart(program)
        again = shopper.post("/api/checkout", headers=key)
    order_id = first.json()["order_id"]
    assert again.json() == first.json()
    eventually(lambda: archived(program, "orders", order_id) and archived(program, "inventory", order_id))


def test_a_message_that_cannot_be_handled_is_a_dead_letter_after_three_receives(tmp_path: Path) -> None:
    patient = "      VisibilityTimeout: 365\n"
    templates = changed(tmp_path, "06-events.yaml", patient, patient.replace("365", "2"), count=3)
    with running(tmp_path / "state", "--templates", templates) as program:
        made = program.stack("events")
        entry = {
            "EventBusName": made["RetailEventBus"],
            "Source": SOURCE,
            "DetailType": OrderPlaced.__name__,
            "Detail": json.dumps({"version": 1}),
        }
        assert program.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0
        sqs = program.client("sqs")

        def dead(pipeline: str) -> list[str]:
            answer = sqs.receive_message(
                QueueUrl=made[f"{pipeline}DeadLetters"], VisibilityTimeout=0, AttributeNames=["ApproximateReceiveCount"]
            )
            return [each["Body"] for each in answer.get("Messages", [])]

        eventually(lambda: dead("OrderProcessing") and dead("CustomerNotification"), 90)
        order_id = place(program.url)
        eventually(lambda: archived(program, "orders", order_id))


def test_a_part_that_dies_is_told_and_only_the_emulator_s_death_is_the_end(tmp_path: Path) -> None:
    with running(tmp_path / "state") as program:
        writer, *_ = program.processes("bin/postgres -D", "writer")
        os.kill(writer, signal.SIGKILL)
        eventually(lambda: "writer: has ended; start it on the page" in program.said())
        assert httpx.get(f"{program.url}/healthz", timeout=PATIENCE_SECONDS).status_code == 200

        emulator, *_ = program.processes("retail.local.emulator")
        os.kill(emulator, signal.SIGKILL)
        assert program.child.wait(2 * PATIENCE_SECONDS) == 1
        log = tmp_path / "state" / "run" / "aws" / "emulator.log"
        assert program.said().splitlines()[-1] == f"local: the emulator has ended; see {log}"
        assert program.processes() == []
