"""The program: it reads the command line, starts the platform, tells where everything is, and ends it all."""

from __future__ import annotations

import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from types import FrameType

from retail.local.emulator import EmulatorError
from retail.local.platform import STOPPED, code, family, state
from retail.local.platform.deployment import Templates
from retail.local.platform.page import served
from retail.local.platform.start import Asked, Platform, platform
from retail.local.platform.summary import summary
from retail.local.platform.watching import Watching
from retail.local.processes import HOST, REPOSITORY, ServerError
from retail.local.roles import decisions
from retail.local.roles.report import as_text, report
from retail.local.watch.web import application
from retail.ops import cli
from retail.ops.cli import InputError, Parser, StackError

PROGRAM = "local"
LOOK_SECONDS = 0.5


class Progress:
    """Lines with the seconds since the start."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._printing = threading.Lock()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def __call__(self, line: str) -> None:
        with self._printing:
            cli.say(f"{self.seconds:5.1f} s  {line}")


def run(arguments: Sequence[str]) -> None:
    """Start, tell where everything is, and wait for a signal or for a part that ends."""
    parser = Parser(prog=f"python -m {__package__}", description="Run the whole platform on this machine.")
    parser.add_argument("--port", type=int, default=8080, help="the shop's port on 127.0.0.1 (8080)")
    parser.add_argument("--state", type=Path, default=REPOSITORY / ".local", help="the folder for all that it writes")
    parser.add_argument("--templates", type=Path, default=REPOSITORY / "out", help="the folder of the emitted files")
    parser.add_argument("--iam", action="store_true", help="deny what the emitted policies do not allow")
    options = parser.parse_args(arguments)
    check_port(options.port)
    say = Progress()
    asked = Asked(options.port, Templates(options.templates), options.iam)
    asked.templates.check()
    with state.taken(options.state) as folder:
        code.check(folder.code)
        with family.guarded(folder.folder), platform(asked, folder, say) as running:
            watching = Watching(running)
            # From the last on: the page's server waits for whoever has pressed a button, and they for the job.
            with closing(watching), served(application(watching), running.edge.page), closing(running.lake):
                cli.say(summary(running, say.seconds))
                try:
                    attend(running)
                except KeyboardInterrupt:
                    if options.iam:
                        cli.say(roles_report(running))
                    raise


def attend(running: Platform) -> None:
    """Tell of what policies deny and of parts that end; raises StackError for one without which nothing goes on."""
    told: set[decisions.Decision] = set()
    while True:
        time.sleep(LOOK_SECONDS)
        for each in decisions.read(running.state.aws):
            if not each.allowed and each not in told:
                told.add(each)
                running.troubles.tell(each.role, f"is denied {each.action} on {each.resource}")
        if failure := running.failure():
            raise StackError(f"{PROGRAM}: {failure}")
        for name, said in running.dependencies.fallen():
            running.troubles.tell(name, f"has ended; start it on the page. It said last: {said}")


def roles_report(running: Platform) -> str:
    """What each role has used, not used, and been denied."""
    return as_text(report(running.deployed, decisions.read(running.state.aws)))


def check_port(port: int) -> None:
    """Raises InputError for a port that is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            raise InputError(
                f"port {port} is in use or not to be had: stop what has it, or choose another: make local PORT=8081"
            ) from None


def interrupt(number: int, frame: FrameType | None) -> None:
    """The first signal stops everything; those after it have nothing to add."""
    for each in (signal.SIGINT, signal.SIGTERM):
        # Not SIG_IGN: a child that a thread has yet to start would inherit it, and not end when it is told to.
        signal.signal(each, overheard)
    raise KeyboardInterrupt


def overheard(number: int, frame: FrameType | None) -> None:
    """It ends already."""


def main() -> int:
    """Run as the command line says until a signal; returns the exit status."""

    def work() -> None:
        try:
            for each in (signal.SIGINT, signal.SIGTERM):
                signal.signal(each, interrupt)
            run(sys.argv[1:])
        except (ServerError, EmulatorError) as error:
            raise StackError(f"{PROGRAM}: {error}") from None
        except KeyboardInterrupt:
            cli.say(STOPPED)

    return cli.exit_status(PROGRAM, work)
