"""Run the whole platform on this machine, from the templates in out/, until Ctrl-C.

python -m retail.local.platform [--port 8080] [--state .local] [--templates out] [--iam]

The exit status is 1 when a part fails, and 2 when something given is wrong.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

from retail.local.platform import STOPPED


def leave(number: int, frame: FrameType | None) -> None:
    """Nothing has been started yet, so nothing is to be ended. An exception could get lost within an import."""
    print(STOPPED, flush=True)
    os._exit(0)


def main() -> int:
    """Run the program; returns its exit status."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, leave)
    # Importing it takes a second, within which Ctrl-C is to be as quiet as later.
    from retail.local.platform import program

    return program.main()


if __name__ == "__main__":
    sys.exit(main())
