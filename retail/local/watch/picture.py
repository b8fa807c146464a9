"""The picture that the page draws of what is deployed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from retail.local.watch.boxes import Part, Step
from retail.local.watch.facts import Data
from retail.local.watch.links import Link, links
from retail.local.watch.steps import steps

GROUND = (
    Part("networking", "Networking", "networking", ("AWS::",)),
    Part("security", "Security", "security", ("AWS::",)),
)


@dataclass(frozen=True, slots=True)
class Picture:
    """All of it."""

    steps: Sequence[Step]
    ground: Sequence[Part]
    """What all else stands in: no step of its own."""

    links: Sequence[Link]

    @property
    def parts(self) -> list[Part]:
        """Every box, in the order of the way."""
        return [*(part for step in self.steps for part in step.parts), *self.ground]


def picture(data: Data) -> Picture:
    """The picture of the platform as it is deployed."""
    shop = [pipeline for pipeline in data.pipelines if pipeline.stack == "events"]
    objects = [pipeline for pipeline in data.pipelines if pipeline.stack == "analytics"]
    return Picture(steps(data.behaviours, shop, objects), GROUND, list(links(len(data.behaviours), shop, objects)))
