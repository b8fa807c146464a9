"""The whole platform, from the shop's front page in a browser to a row of curated Parquet."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
from playwright.sync_api import Browser, Page, expect

from retail.contracts.events import OrderPlaced, OrderShipped, PaymentProcessed
from retail.contracts.lake import curated, raw
from tests.platform.program import Program, eventually

JOB_SECONDS = 180
LIFE = {event.__name__ for event in (OrderPlaced, PaymentProcessed, OrderShipped)}


def objects(program: Program, prefix: str) -> list[str]:
    """The keys in the deployed lake below a prefix."""
    found = program.client("s3").list_objects_v2(Bucket=program.stack("data")["LakeBucket"], Prefix=prefix)
    return [each["Key"] for each in found.get("Contents", [])]


def order(page: Page, url: str) -> str:
    """Buy a mug as a shopper does, from the front page on; returns the order's id."""
    page.goto(url)
    page.get_by_role("navigation", name="Categories").get_by_role("link", name="kitchen").click()
    page.get_by_role("link", name="Hearth Mug").click()
    page.get_by_role("button", name="Add to cart").click()
    page.wait_for_url("**/cart")
    page.get_by_role("link", name="Go to checkout").click()
    page.get_by_label("Card number").fill("4242 4242 4242 4242")
    page.get_by_label("Expires").fill("12/39")
    page.get_by_label("Security code").fill("123")
    page.get_by_role("button", name="Pay $18.00").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you for your order")
    return page.url.rsplit("/", 1)[1]


def ship(page: Page, program: Program, order_id: str) -> None:
    """Send the parcel as the clerk does whom the summary names."""
    page.goto(f"{program.url}/staff")
    page.get_by_label("User name").fill(program.told(r"staff, as (\w+) with"))
    page.get_by_label("Password").fill(program.told(r"with the password (\S+)"))
    page.get_by_role("button", name="Log in").click()
    parcel = page.locator(".orders li").filter(has_text=order_id)
    parcel.get_by_label("Carrier").fill("Parcel Post")
    parcel.get_by_label("Tracking number").fill("PP-1234")
    parcel.get_by_role("button", name="Ship").click()
    expect(page.get_by_role("status")).to_contain_text(order_id)


def test_an_order_goes_its_way_from_the_front_page_to_curated_parquet(
    program: Program, chromium: Browser, tmp_path: Path
) -> None:
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    order_id = order(page, program.url)
    ship(page, program, order_id)
    s3, bucket = program.client("s3"), program.stack("data")["LakeBucket"]

    def archived() -> set[str]:
        bodies = [s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in objects(program, raw("orders"))]
        events = [json.loads(line) for body in bodies for line in body.splitlines()]
        return {event["event_type"] for event in events if event["order_id"] == order_id}

    eventually(lambda: archived() == LIFE)

    page.goto(f"{program.url}/_platform")
    page.get_by_role("button", name="Run now").click()
    expect(page.locator("#outcome")).to_contain_text("curated the lake", timeout=JOB_SECONDS * 1000)
    page.close()

    for key in objects(program, curated("orders")):
        if key.endswith(".parquet"):
            path = tmp_path / key
            path.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, key, str(path))
    files = str(tmp_path / curated("orders") / "*" / "*.parquet")
    rows = duckdb.execute(
        "SELECT event_type, total_cents, carrier FROM read_parquet(?) WHERE order_id = ? ORDER BY event_type",
        [files, order_id],
    ).fetchall()
    assert rows == [
        (OrderPlaced.__name__, 1800, None),
        (OrderShipped.__name__, None, "Parcel Post"),
        (PaymentProcessed.__name__, 1800, None),
    ]
