"""The whole platform with its policies enforced: every flow passes, each part as the role that its stack gives it."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from retail.local.emulator import Emulator
from retail.local.platform.deployed import Deployed
from retail.local.roles import decisions
from retail.local.roles.report import RoleReport, report
from tests.platform.program import Program, eventually, running

CARD = {"number": "4242424242424242", "expiry": "04/31", "code": "123"}

USED = {
    ("application", "ExecutionRole"): {"secretsmanager:GetSecretValue"},
    ("application", "TaskRole"): {
        "bedrock:InvokeModel",
        "dynamodb:DeleteItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "events:PutEvents",
        "s3:PutObject",
        "ssm:GetParametersByPath",
    },
    ("events", "OrderProcessorRole"): {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "s3:PutObject",
        "secretsmanager:GetSecretValue",
        "sqs:DeleteMessage",
        "sqs:ReceiveMessage",
    },
    ("events", "InventoryHandlerRole"): {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "s3:PutObject",
        "secretsmanager:GetSecretValue",
        "sqs:DeleteMessage",
        "sqs:ReceiveMessage",
    },
    ("events", "NotificationRole"): {
        "dynamodb:BatchGetItem",
        "dynamodb:BatchWriteItem",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "sns:Publish",
        "sqs:DeleteMessage",
        "sqs:ReceiveMessage",
    },
    ("analytics", "CrawlerTriggerRole"): {
        "glue:StartCrawler",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "sqs:DeleteMessage",
        "sqs:ReceiveMessage",
    },
}
"""What an order's way needs, by stack and role."""


def order(shop: str) -> None:
    """Go the way of a customer who orders one thing and pays."""
    with httpx.Client(base_url=shop, timeout=60, headers={"Origin": shop}) as customer:
        products = customer.get("/api/products").json()["items"]
        sku = next(each["sku"] for each in products if each["availability"] == "in_stock")
        assert customer.get(f"/api/products/{sku}/recommendations").is_success
        assert customer.put(f"/api/cart/{sku}", json={"quantity": 1}).is_success
        placed = customer.post("/api/checkout", headers={"Idempotency-Key": str(uuid4())})
        assert placed.status_code == 201, placed.text
        paid = customer.post(f"/api/orders/{placed.json()['order_id']}/payment", json=CARD)
        assert paid.is_success, paid.text


def crawl_at_once(program: Program) -> None:
    """Leave out the window before a crawler is started."""
    api = program.client("lambda")
    name = program.stack("analytics")["CrawlerTrigger"]
    (mapping,) = api.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    api.update_event_source_mapping(UUID=mapping["UUID"], MaximumBatchingWindowInSeconds=0)


def reports(program: Program) -> dict[tuple[str, str], RoleReport]:
    root = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    deployed = Deployed(Emulator(program.told(r"--endpoint-url (\S+)"), root), "retail", "dev")
    found = report(deployed, decisions.read(program.state / "run" / "aws"))
    return {(each.stack, each.role): each for each in found}


@pytest.mark.slow
def test_an_order_comes_all_its_way_and_nobody_is_denied_anything(tmp_path: Path) -> None:
    with running(tmp_path / "state", "--iam") as program:
        crawl_at_once(program)
        order(program.url)
        eventually(lambda: all(set(reports(program)[role].used) >= used for role, used in USED.items()), 120)
        found = reports(program)
    assert {role: each.denied for role, each in found.items() if each.denied} == {}
    assert {role for role, each in found.items() if each.is_taken} == USED.keys()
