"""What the benchmark says of its figures."""

from __future__ import annotations

import os

import pytest

from retail.local.shares import bound


@pytest.mark.parametrize(
    ("cores", "said"),
    [
        (
            {"shop": 0.97, "this process": 0.6},
            "bound by one core, which is full: shop (cores: shop 0.97",
        ),
        ({"database": 0.8, "shop": 0.7, "emulator": 0.35}, "bound by the 2 cores of this machine together"),
        ({"database": 0.5, "shop": 0.4, "cache": 0.01}, "bound by waiting for one another, as no core is full"),
        ({"others": 1.2, "shop": 0.8}, "disturbed by whoever else is busy on this machine"),
    ],
)
def test_the_benchmark_says_what_bounds_a_figure(
    cores: dict[str, float], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert bound(cores).startswith(said)
