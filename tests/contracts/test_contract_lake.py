"""Where a batch lies in the lake."""

from __future__ import annotations

from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from retail.contracts.lake import DOMAINS, object_key, raw

IDS = st.lists(st.uuids().map(str), min_size=1, max_size=10, unique=True)


@given(st.sampled_from(DOMAINS), IDS, st.randoms())
def test_a_batch_is_the_same_object_in_any_order(domain: str, ids: list[str], random: Random) -> None:
    shuffled = ids[:]
    random.shuffle(shuffled)
    key = object_key(domain, "2026-11-22", ids)
    assert object_key(domain, "2026-11-22", shuffled) == key
    assert key.startswith(f"{raw(domain)}dt=2026-11-22/")
    assert key.endswith(".json")


@given(IDS, IDS)
def test_another_batch_is_another_object(ids: list[str], others: list[str]) -> None:
    assume(set(ids) != set(others))
    assert object_key("orders", "2026-11-22", ids) != object_key("orders", "2026-11-22", others)


def test_another_day_or_domain_is_another_object() -> None:
    places = [(domain, day) for domain in DOMAINS for day in ("2026-11-22", "2026-11-23")]
    assert len({object_key(domain, day, ["a"]) for domain, day in places}) == len(places)
