"""The price file anew, through the real client from a price list on this machine: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from retail.ops.cli import InputError
from retail.ops.cost import prices
from retail.ops.cost.refresh import refresh
from tests.cost.price_list import price_list, product
from tests.integration.programs import run

FILE = """\
# What this file is.
nat_hour:
  what: NAT gateway
  unit: hour
  ask: {service: AmazonEC2, productFamily: NAT Gateway, usage: NatGateway-Hours}
  regions:
    us-east-1: {usd: 1, date: '2020-01-01', sure: memory, source: somebody}
events:
  what: events
  unit: event
  per: 1000000
  ask: {service: AWSEvents, usage: Event-64K-Chunks}
  regions:
    us-east-1: {usd: 1, date: '2020-01-01', sure: memory, source: somebody}
dashboard:
  what: dashboard
  unit: month
  regions:
    us-east-1: {usd: 3, date: '2020-01-01', sure: memory, source: somebody}
"""

NAT = product("AmazonEC2", "NatGateway-Hours", 0.047, productFamily="NAT Gateway")
EVENTS = product("AWSEvents", "USE1-Event-64K-Chunks", 0, 0.0000011, 0.0000005)
OTHERS = [
    product("AmazonEC2", "NatGateway-Bytes", 0.06, productFamily="NAT Gateway"),
    product("AmazonEC2", "NatGateway-Hours", 0.09, productFamily="Another"),
    product("AmazonEC2", "NatGateway-Hours", 0.05, productFamily="NAT Gateway", region="eu-west-1"),
]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[str, Path]]:
    """Refresh a small file from a list of these products; returns what was said, and the file."""
    for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_MAX_ATTEMPTS": "1"}.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "prices.yaml"
    file.write_text(FILE)

    def asking(*products: dict[str, Any], region: str = "us-east-1") -> tuple[str, Path]:
        with price_list([*OTHERS, *products]) as url:
            monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", url)
            return refresh(region, file), file

    return asking


def test_a_refreshed_price_has_todays_figure_and_its_source(ask: Callable[..., tuple[str, Path]]) -> None:
    said, file = ask(NAT, EVENTS)
    found = prices.read("us-east-1", file)
    assert (found["nat_hour"].usd, found["nat_hour"].sure) == (0.047, "read")
    assert found["nat_hour"].source == "AWS price list, effective 2026-11-01"
    assert found["nat_hour"].date > "2026-01-01"
    assert "2 prices of us-east-1" in said


def test_of_tiers_the_first_that_is_not_free_counts_for_the_units_of_the_file(
    ask: Callable[..., tuple[str, Path]],
) -> None:
    _, file = ask(NAT, EVENTS)
    assert prices.read("us-east-1", file)["events"].usd == 1.1


def test_a_price_without_filters_is_kept(ask: Callable[..., tuple[str, Path]]) -> None:
    said, file = ask(NAT, EVENTS)
    kept = prices.read("us-east-1", file)["dashboard"]
    assert (kept.usd, kept.date, kept.sure) == (3, "2020-01-01", "memory")
    assert "1 that have no filters" in said


def test_the_files_first_comment_stays(ask: Callable[..., tuple[str, Path]]) -> None:
    _, file = ask(NAT, EVENTS)
    assert file.read_text().startswith("# What this file is.\nnat_hour:")


@pytest.mark.parametrize(
    ("products", "told"),
    [
        ([EVENTS], "nat_hour finds no prices"),
        ([NAT, EVENTS, product("AmazonEC2", "NatGateway-Hours", 0.1, productFamily="NAT Gateway")], "nat_hour finds 2"),
        ([NAT], "no such service"),
    ],
)
def test_where_one_price_is_not_found_nothing_is_written(
    ask: Callable[..., tuple[str, Path]], tmp_path: Path, products: list[dict[str, Any]], told: str
) -> None:
    with pytest.raises(InputError, match=told) as raised:
        ask(*products)
    assert "nothing is written" in str(raised.value)
    assert [path.name for path in tmp_path.iterdir()] == ["prices.yaml"]
    assert (tmp_path / "prices.yaml").read_text() == FILE


def test_another_region_wants_all_prices_and_names_those_to_add_by_hand(
    ask: Callable[..., tuple[str, Path]], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="dashboard has no filters"):
        ask(product("AWSEvents", "EU-Event-64K-Chunks", 0.000001, region="eu-west-1"), region="eu-west-1")
    assert (tmp_path / "prices.yaml").read_text() == FILE


def test_without_credentials_it_says_so_in_one_line(tmp_path: Path) -> None:
    nobody = {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
    before = prices.FILE.read_bytes()
    done = run("retail.ops.cost", "--refresh", directory=tmp_path, environment=nobody)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "retail.ops.cost: --refresh: no credentials for AWS; sign in with aws configure or aws sso login\n"
    )
    assert prices.FILE.read_bytes() == before


def test_the_price_file_stands_as_a_refresh_writes_it(tmp_path: Path) -> None:
    copied = tmp_path / "prices.yaml"
    copied.write_bytes(prices.FILE.read_bytes())
    prices.write(prices.content(copied), copied)
    assert copied.read_bytes() == prices.FILE.read_bytes()
