"""What the picture is made of: steps, the lanes in each, and the boxes in those."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from retail.local.watch.watched import Resource


@dataclass(frozen=True, slots=True)
class Part:
    """A box that opens its resources. `types` are resource types or how they begin; `ids` logical ids, likewise."""

    id: str
    label: str
    stack: str
    types: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    hint: str = ""
    is_recorded_only: bool = False

    def owns(self, resource: Resource) -> bool:
        """Whether the part stands for a resource."""
        return resource.stack == self.stack and (
            resource.type.startswith(self.types) or resource.logical_id.startswith(self.ids)
        )


@dataclass(frozen=True, slots=True)
class Lane:
    """Parts that stand below one another."""

    id: str
    parts: Sequence[Part]
    label: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the narrative."""

    number: int
    id: str
    title: str
    services: str
    stack: str
    lanes: Sequence[Lane]

    @property
    def parts(self) -> list[Part]:
        """All parts, in the order in which they are drawn."""
        return [part for lane in self.lanes for part in lane.parts]
