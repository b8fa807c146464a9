"""What the page is told of the running platform, and what it may ask of it: the launcher implements `Watched`.

Times are seconds since 1970. Logical ids are those of the deployed stacks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from retail.local.watch.facts import Data


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource as its stack shows it."""

    stack: str
    """The stack's title, e.g. ``events``."""

    logical_id: str
    type: str
    physical_id: str
    status: str
    recorded_only: str = ""
    """Why nothing stands behind it on this machine; empty where something does."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that came to the edge."""

    number: int
    """Grows by one with each."""

    at: float
    method: str
    path: str
    behaviour: str
    """The path pattern of the cache behaviour; ``Default (*)`` for the default; empty where the web ACL stopped it."""

    blocked_by: str
    """The web ACL's rule that blocked it, with a managed group's own after a slash; empty if let through."""

    cache: str
    """``Hit``, ``Miss``, or empty where the behaviour does not cache."""

    target: str
    """Which target of the load balancer answered, as address and port; empty if none was asked."""

    status: int
    milliseconds: float
    is_direct: bool = False
    """Whether it came to the load balancer past the distribution."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a function."""

    number: int
    """Grows by one with each."""

    function: str
    """Logical id."""

    started: float
    seconds: float
    messages: int
    failed: int
    is_cold: bool = False
    error: str = ""
    """Why the whole run failed, in one line; empty if it did not."""

    log: str = ""
    """The last lines it wrote."""


@dataclass(frozen=True, slots=True)
class Process:
    """A part that is a process on this machine."""

    name: str
    """``writer``, ``reader``, ``cache``, and ``task-1``, ``task-2`` ... for the storefront's."""

    is_up: bool
    address: str = ""
    """Where it listens, as host and port."""

    detail: str = ""
    """Anything worth telling, e.g. ``starts again in 2 s``."""

    may_be_stopped: bool = True
    """Whether the page offers to stop it."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that went wrong."""

    at: float
    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Job:
    """The last run of the Glue job."""

    state: str
    """``RUNNING``, ``SUCCEEDED`` or ``FAILED``, as Glue has them."""

    started: float
    seconds: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """All that has been since the start, watched or not."""

    requests: int = 0
    """To the distribution."""

    refused: int = 0
    """Came to the load balancer directly, and were sent away."""

    blocked: Mapping[str, int] = field(default_factory=dict)
    """By the web ACL's rule."""

    behaviours: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """By the path pattern, and in it by what a request's ``cache`` says."""

    runs: Mapping[str, int] = field(default_factory=dict)
    """By the function's logical id."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The platform at one moment."""

    at: float
    data: Data
    counts: Counts = field(default_factory=Counts)
    requests: Sequence[Request] = ()
    """The last few hundred, the oldest first."""

    runs: Sequence[Run] = ()
    """The last few hundred, the oldest first."""

    processes: Sequence[Process] = ()
    job: Job | None = None
    troubles: Sequence[Trouble] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a button; the text is one sentence for whoever pressed it."""

    is_done: bool
    text: str


@dataclass(frozen=True, slots=True)
class Answer(Outcome):
    """What came of a query; values are as JSON has them."""

    columns: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()


class Watched(Protocol):
    """The running platform. Its methods are called in threads, `snapshot` about once a second while someone watches.

    The buttons answer with an Outcome and never raise for what a user can bring about; whatever they raise all the
    same is shown as a failure.
    """

    @property
    def name(self) -> str:
        """What the stacks' names begin with, e.g. ``retail-dev``."""

    def resources(self) -> Sequence[Resource]:
        """Every resource of every stack as deployed."""

    def snapshot(self) -> Snapshot:
        """The platform now. Takes well under a second, also while parts of it are down."""

    def queries(self) -> Sequence[str]:
        """The logical ids of the named queries."""

    def poison(self, pipeline: str) -> Outcome:
        """Put an event on the bus that the pipeline, by its rule's logical id, takes and cannot handle."""

    def stop(self, process: str) -> Outcome:
        """Kill a process by its name, and leave it down where nothing brings it back by itself."""

    def start(self, process: str) -> Outcome:
        """Bring a process back."""

    def curate(self) -> Outcome:
        """Run the Glue job, and return when it has ended."""

    def query(self, name: str) -> Answer:
        """Ask the lake one of the named queries, by its logical id."""
