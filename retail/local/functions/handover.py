"""In the emulator's process: its own pollers leave the queues to ours.

MiniStack invokes a function as soon as one message is there. It knows no batching window, takes its own credentials to
the queue and gives the function the whole of this Python's libraries. Its mappings are kept and read all the same.
"""

from __future__ import annotations

from retail.local import touchpoints


def register() -> None:
    """Put this in place, once per process."""
    module, name = touchpoints.queue_poller()
    setattr(module, name, _found_nothing)


def _found_nothing() -> bool:
    return False
