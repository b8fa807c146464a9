"""The deployed way in, one of it for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from retail.local.emulator import Emulator
from tests.edge.origin import Origin
from tests.edge.world import World, deployed_world


@pytest.fixture(scope="package")
def way_in(aws: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Origin]]:
    """The world and its origin; whoever deploys something else deploys the emitted stacks again."""
    with deployed_world(aws, "edge", tmp_path_factory.mktemp("edge") / "edge.log") as both:
        yield both


@pytest.fixture
def world(way_in: tuple[World, Origin]) -> World:
    return way_in[0]


@pytest.fixture
def storefront(way_in: tuple[World, Origin]) -> Origin:
    """The one target, which has heard nothing yet."""
    way_in[1].heard.clear()
    way_in[1].says.clear()
    return way_in[1]
