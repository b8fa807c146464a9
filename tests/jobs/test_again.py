"""Run twice, run over a day again, run after a death: the tables are what the raw events say."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from retail.contracts import lake as contract
from retail.jobs import publishing, writing
from retail.jobs.counts import Counts
from retail.jobs.stores import Folder
from tests.jobs.conftest import NOTHING, Lake, placed, product

DAY = "raw/orders/dt=2026-11-01"
ONE = "curated/orders/dt=2026-11-01/part-00000.parquet"


def numbers(lake: Lake) -> list[int]:
    """The orders in the table."""
    return [int(row["event_id"][:8]) for row in lake.rows("orders")]


def test_a_late_event_is_added_to_its_day_and_no_other_day_is_touched(lake: Lake) -> None:
    lake.put(f"{DAY}/a.json", placed(1), placed(2))
    lake.put("raw/orders/dt=2026-11-02/a.json", placed(3, day="2026-11-02"))
    lake.run()
    before = lake.written()
    lake.put(f"{DAY}/late.json", placed(4), placed(1))
    assert lake.run()["orders"] == Counts(read=4, written=3, duplicates=1)
    assert numbers(lake) == [1, 2, 3, 4]
    assert {key for key, content in lake.written().items() if before.get(key) != content} == {ONE}


def test_a_day_is_its_events_own_and_not_that_of_the_folder_they_came_in(lake: Lake) -> None:
    lake.put(f"{DAY}/a.json", placed(1))
    lake.run()
    lake.put("raw/orders/dt=2026-11-05/a.json", placed(2), placed(1))
    lake.run()
    assert [str(row["dt"]) for row in lake.rows("orders")] == ["2026-11-01", "2026-11-01"]


def test_what_raw_has_no_more_stays_in_the_table(lake: Lake) -> None:
    lake.put(f"{DAY}/a.json", placed(1))
    lake.run()
    shutil.rmtree(lake.root / "raw")
    lake.put(f"{DAY}/b.json", placed(2))
    assert lake.run()["orders"] == Counts(read=1, written=1)
    assert numbers(lake) == [1, 2]


def test_a_lost_ledger_costs_a_reading_and_changes_nothing(lake: Lake) -> None:
    lake.put(f"{DAY}/a.json", placed(1), placed(2), "bad")
    lake.run()
    before = lake.written()
    (lake.root / "curated/orders/_read.json").unlink()
    assert lake.run()["orders"] == Counts(read=3, written=2, rejected=1)
    assert lake.written() == before


def test_a_day_may_be_read_again_by_its_name(lake: Lake) -> None:
    lake.put(f"{DAY}/a.json", placed(1))
    lake.put("raw/orders/dt=2026-11-02/a.json", placed(2, day="2026-11-02"))
    lake.run()
    before = lake.written()
    assert lake.run(again=frozenset({"2026-11-01"})) == NOTHING | {"orders": Counts(read=1, written=1)}
    assert lake.written() == before


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_which_of_two_tellings_of_an_event_stays_does_not_depend_on_which_came_first(
    lake: Lake, order: tuple[int, int]
) -> None:
    tellings = [placed(1, order_id="one"), placed(1, order_id="other")]
    for number, each in enumerate(order):
        lake.put(f"{DAY}/{number}.json", tellings[each])
        lake.run()
    assert [row["order_id"] for row in lake.rows("orders")] == ["one"]


def test_a_product_is_there_in_its_latest_version_whenever_that_came(lake: Lake) -> None:
    lake.put("raw/products/dt=2026-11-01/a.json", product("A", 1), product("B", 1), product("B", 2))
    assert lake.run()["products"] == Counts(read=3, written=2, superseded=1)
    lake.put("raw/products/dt=2026-11-03/a.json", product("A", 3, day="2026-11-03"))
    lake.run()
    lake.put("raw/products/dt=2026-11-02/late.json", product("A", 2, day="2026-11-02"))
    assert lake.run()["products"] == Counts(read=1, superseded=1)
    assert [(row["sku"], row["version"], str(row["dt"])) for row in lake.rows("products")] == [
        ("A", 3, "2026-11-03"),
        ("B", 2, "2026-11-01"),
    ]


@pytest.mark.slow
def test_a_large_day_has_several_files_and_an_event_is_in_one_of_them(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "ROWS_PER_FILE", 40)
    lake.put(f"{DAY}/a.json", *[placed(number) for number in range(100)])
    lake.run()
    before = {key for key in lake.written() if key.startswith("curated/orders/")}
    assert before == {f"curated/orders/dt=2026-11-01/part-0000{number}-of-00003.parquet" for number in range(3)}
    assert lake.run(again=frozenset({"all"}))["orders"] == Counts(read=100, written=100)
    assert {key for key in lake.written() if key.startswith("curated/orders/")} == before
    lake.put(f"{DAY}/b.json", *[placed(number) for number in range(90, 140)])
    monkeypatch.setattr(writing, "ROWS_PER_FILE", 1_000)
    lake.run()
    assert numbers(lake) == list(range(140))
    assert {key for key in lake.written() if key.startswith("curated/orders/")} == {ONE}


class Died(Exception):
    """The job's death."""


class Dying(Folder):
    """A lake whose job dies at the third file that it moves in."""

    def move(self, source: str, target: str) -> None:
        if "dt=2026-11-03" in target:
            raise Died
        super().move(source, target)


def test_a_job_that_dies_as_it_publishes_loses_no_day_and_the_next_run_ends_what_it_began(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [f"2026-11-0{day}" for day in range(1, 6)]
    for number, day in enumerate(days):
        lake.put(f"raw/orders/dt={day}/a.json", placed(number, day=day))
    lake.run()
    for number, day in enumerate(days):
        lake.put(f"raw/orders/dt={day}/b.json", placed(number + 10, day=day))
    monkeypatch.setattr("tests.jobs.conftest.Folder", Dying)
    with pytest.raises(Died):
        lake.run()
    monkeypatch.undo()
    assert set(range(5)) <= set(numbers(lake))
    assert len(numbers(lake)) == len(set(numbers(lake)))
    assert lake.run()["orders"] == Counts(read=10, written=10)
    assert numbers(lake) == [*range(5), *range(10, 15)]
    assert not list((lake.root / "curated/orders").glob("_staging*"))


class DyingInADay(Folder):
    """A lake whose job dies when it has moved the first of a day's files in."""

    def move(self, source: str, target: str) -> None:
        if "part-00000" not in target:
            raise Died
        super().move(source, target)


def test_a_job_that_dies_as_a_day_gets_more_files_loses_nothing_that_raw_does_not_tell_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.put("raw/orders/dt=2026-11-05/late.json", *[placed(number) for number in range(10)])
    lake.run()
    shutil.rmtree(lake.root / "raw")
    lake.put(f"{DAY}/a.json", *[placed(number) for number in range(10, 22)])
    monkeypatch.setattr(writing, "ROWS_PER_FILE", 6)
    monkeypatch.setattr("tests.jobs.conftest.Folder", DyingInADay)
    with pytest.raises(Died):
        lake.run()
    assert set(range(10)) <= set(numbers(lake))
    monkeypatch.undo()
    lake.run()
    assert numbers(lake) == list(range(22))


def test_days_read_again_have_what_a_new_column_asks_for(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = ("version", "event_id", "occurred_at", "order_id", "customer_id")
    shipped = {"event_type": "OrderShipped", "tracking_number": "T1", "carrier": "Blue Parcel"}
    lake.put(f"{DAY}/a.json", {name: placed(1)[name] for name in fields} | shipped)
    columns = contract.COLUMNS["orders"]
    monkeypatch.setitem(contract.COLUMNS, "orders", {name: kind for name, kind in columns.items() if name != "carrier"})
    lake.run()
    assert "carrier" not in lake.rows("orders")[0]
    monkeypatch.undo()
    lake.run(again=frozenset({"2026-11-01"}))
    assert [row["carrier"] for row in lake.rows("orders")] == ["Blue Parcel"]


def test_a_file_takes_the_place_of_its_forerunner_before_anything_is_removed(tmp_path: Path) -> None:
    seen: list[Any] = []

    class Watched(Folder):
        def move(self, source: str, target: str) -> None:
            seen.append(("move", target))
            super().move(source, target)

        def remove(self, keys: Any) -> None:
            seen.extend(("remove", key) for key in keys)
            super().remove(keys)

    store = Watched(tmp_path)
    prefix = contract.curated("orders")
    for name in ("part-00000", "part-00001"):
        store.write(f"{prefix}dt=2026-11-01/{name}.parquet", b"old")
    store.write(f"{prefix}_staging/dt=2026-11-01/file=0/part-0-x.c000.zstd.parquet", b"new")
    assert publishing.publish(store, prefix) == ["2026-11-01"]
    assert seen == [("move", ONE), ("remove", "curated/orders/dt=2026-11-01/part-00001.parquet")]
    assert [path.read_bytes() for path in tmp_path.rglob("*.parquet")] == [b"new"]
