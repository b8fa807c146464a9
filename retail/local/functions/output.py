"""What a process writes, line by line as it comes."""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from threading import Lock, Thread
from typing import IO

CHUNK = 65_536


class Output:
    """Reads a pipe in a thread until its end."""

    def __init__(self, pipe: IO[bytes], hear: Callable[[str], None], ended: Callable[[], None]) -> None:
        """`hear` gets each line, `ended` is called after the last one."""
        self._descriptor = pipe.fileno()
        os.set_blocking(self._descriptor, False)
        self._pipe, self._hear, self._ended = pipe, hear, ended
        self._rest = b""
        self._lock = Lock()
        self._thread = Thread(target=self._listen, name="output", daemon=True)
        self._thread.start()

    def drain(self) -> bool:
        """Hand on what has been written until now; False at the end."""
        with self._lock:
            while True:
                try:
                    chunk = os.read(self._descriptor, CHUNK)
                except BlockingIOError:
                    return True
                *lines, self._rest = (self._rest + chunk).split(b"\n")
                if not chunk and self._rest:
                    lines, self._rest = [self._rest], b""
                for line in lines:
                    self._hear(line.decode(errors="replace"))
                if not chunk:
                    return False

    def join(self, seconds: float) -> None:
        """Wait for the end."""
        self._thread.join(seconds)

    def _listen(self) -> None:
        with self._pipe:
            while select.select([self._descriptor], [], []) and self.drain():
                pass
            self._ended()
