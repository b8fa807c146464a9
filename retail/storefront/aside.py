"""Cache-aside with stampede protection: of all who miss an entry at once, one loads it.

Within a process they wait for the same load. Among processes a short lock in the cache lets one load and the others
wait for what it finds; whoever has waited long enough loads too, and so does everybody while the cache is down.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock

from retail.runtime.cache import LOADING_SECONDS, Cache, turn_key
from retail.storefront.hot import HotReader

WAIT_SECONDS = 0.3
"""How long to wait for another process's load, which takes some milliseconds."""

POLL_SECONDS = 0.01

NOTHING = b"null"
"""What a load returns where there is nothing; it is not kept, or whoever asks for nonsense fills the cache."""


class Aside:
    """Entries of the cache, loaded when they are not there. `load` may be called in any thread."""

    def __init__(self, cache: Cache, hot: HotReader) -> None:
        self._cache = cache
        self._hot = hot
        self._lock = Lock()
        self._flights: dict[str, Future[bytes]] = {}

    def read(self, key: str, seconds: int, load: Callable[[], bytes]) -> bytes:
        """The entry, or what `load` returns, which is then kept for `seconds`. Raises what `load` raises."""
        return self._cache.get(key) or self._load_once(key, seconds, load)

    async def kept(self, key: str) -> bytes | None:
        """The entry for the event loop, if it can be had at once."""
        return await self._hot.get(key)

    def drop(self, *keys: str) -> None:
        """Forget entries that have proved wrong."""
        self._cache.drop(*keys)

    def _load_once(self, key: str, seconds: int, load: Callable[[], bytes]) -> bytes:
        with self._lock:
            flight = self._flights.get(key)
            is_leader = flight is None
            if flight is None:
                flight = self._flights[key] = Future()
        if is_leader:
            try:
                flight.set_result(self._load_in_turn(key, seconds, load))
            except BaseException as error:
                flight.set_exception(error)
            finally:
                with self._lock:
                    del self._flights[key]
        return flight.result()

    def _load_in_turn(self, key: str, seconds: int, load: Callable[[], bytes]) -> bytes:
        turn = turn_key(key)
        deadline = time.monotonic() + WAIT_SECONDS
        # False says that another process has the turn; None, that there is no cache to take turns by.
        while (mine := self._cache.add(turn, b"1", LOADING_SECONDS)) is False:
            if time.monotonic() > deadline:
                return load()
            time.sleep(POLL_SECONDS)
            if found := self._cache.get(key):
                return found
        try:
            # Whoever had the turn before may have ended between the miss and now.
            if mine and (found := self._cache.get(key)):
                return found
            value = load()
            if value != NOTHING:
                self._cache.add(key, value, seconds)
            return value
        finally:
            self._cache.delete(turn)
