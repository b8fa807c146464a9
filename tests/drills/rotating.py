"""A rotation that kills itself once it has said a step: python -m tests.drills.rotating <step> <arguments>."""

from __future__ import annotations

import os
import signal
import sys

from retail.ops import cli
from retail.ops.drills import rotate


def say(line: str) -> None:
    """Say it, and die if that was the step."""
    cli.say(line)
    if line.startswith(f"{sys.argv[1]} of {len(rotate.STEPS)}: "):
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    rotate.say = say  # type: ignore[attr-defined]  # what it imports is its own to call
    rotate.drill(sys.argv[2:])
