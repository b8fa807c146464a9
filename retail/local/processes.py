"""Servers as child processes on loopback: a free port for each, and waiting until they answer."""

from __future__ import annotations

import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

HOST = "127.0.0.1"
PORTS = range(11_000, 32_768)
"""Linux gives these to nobody who asks for any port, so one stays free until its server has started, or does again."""

START_SECONDS = 60
STOP_SECONDS = 10
REPOSITORY = Path(__file__).resolve().parents[2]


class ServerError(Exception):
    """A server that does not start; the message ends with what it said last."""


def free_port(also: int = 0) -> int:
    """A port that nobody has, on any address of this machine. ``also``: nor the one so many higher."""
    while True:
        # Not by `random`, which tests may have seeded alike in several processes.
        port = secrets.choice(range(PORTS.start, PORTS.stop - also))
        if all(map(_is_free, {port, port + also})):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def python(module: str, *arguments: object) -> list[str]:
    """The command that runs a module of this repository, which is where every server is started."""
    return [sys.executable, "-m", module, *map(str, arguments)]


def is_open(port: int) -> bool:
    """Whether something listens on the port."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


class Server:
    """A child process that can be stopped and started again, with the same command and what it has on disk."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        is_ready: Callable[[], bool],
        stop_signal: signal.Signals = signal.SIGTERM,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.command = list(command)
        self.log = log
        self.is_ready = is_ready
        self.stop_signal = stop_signal
        self.environment = environment  # None: that of this process
        self.child: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether it has been started and has not ended."""
        return self.child is not None and self.child.poll() is None

    def start(self) -> None:
        """Start, and return when the server answers. Raises ServerError if it ends or is silent for START_SECONDS."""
        with self.log.open("ab") as output:
            # A session of its own: Ctrl-C is for whoever started it, and stops it in order.
            self.child = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=REPOSITORY,
                env=self.environment,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if self.child.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise ServerError(f"{self._program()} does not start: {self.last_line()}; see {self.log}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop, by force if the signal is not enough. Nothing happens to a server that is not running."""
        if self.child is None:
            return
        self.child.send_signal(self.stop_signal)
        try:
            self.child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.child = None

    def _program(self) -> str:
        """What it is called: its module if it is one of ours."""
        return self.command[2] if self.command[1:2] == ["-m"] else Path(self.command[0]).name

    def last_line(self) -> str:
        """What it said last."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"
