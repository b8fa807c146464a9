"""The storefront's dependencies as things that can fail: each is stopped as a crash would stop it, and brought back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import RLock

from retail.local.cache import Cache
from retail.local.postgres import Postgres
from retail.local.processes import Server


@dataclass(frozen=True, slots=True)
class Dependency:
    """A part that stands for a managed service. Its processes start in their order and stop in the reverse one."""

    name: str
    address: str
    servers: Sequence[Server]

    @property
    def is_up(self) -> bool:
        """Whether all its processes run."""
        return all(server.is_running for server in self.servers)


@dataclass(slots=True)
class Dependencies:
    """Writer, reader and cache. Threads may share it."""

    by_name: Mapping[str, Dependency]
    _fallen: set[str] = field(default_factory=set)
    _lock: RLock = field(default_factory=RLock)

    @classmethod
    def of(cls, postgres: Postgres, cache: Cache) -> Dependencies:
        """Those of a running database and cache."""
        writer, reader = postgres.servers
        found = (
            Dependency("writer", f"{postgres.writer.host}:{postgres.writer.port}", [writer]),
            Dependency("reader", f"{postgres.reader.host}:{postgres.reader.port}", [reader]),
            Dependency("cache", f"{cache.host}:{cache.port}", cache.servers),
        )
        return cls({each.name: each for each in found})

    def stop(self, name: str) -> None:
        """Stop one as if its machine had died."""
        with self._lock:
            for server in reversed(self.by_name[name].servers):
                server.stop()
            self._fallen.add(name)

    def start(self, name: str) -> None:
        """Bring one back; nothing happens to one that runs. Raises ServerError."""
        with self._lock:
            for server in self.by_name[name].servers:
                if not server.is_running:
                    server.start()
            self._fallen.discard(name)

    def fallen(self) -> list[tuple[str, str]]:
        """Which have ended since this was last asked, by nobody's wish, and what they said last."""
        with self._lock:
            found = {name: each for name, each in self.by_name.items() if not each.is_up and name not in self._fallen}
            self._fallen |= found.keys()
            return [
                (name, next(server.last_line() for server in each.servers if not server.is_running))
                for name, each in found.items()
            ]
