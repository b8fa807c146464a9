"""A redrive that kills itself when botocore comes to a point: python -m tests.drills.victim <event> <arguments>."""

from __future__ import annotations

import sys

from retail.ops.drills import pile, redrive
from tests.proof.victim import die_at

HIDDEN_SECONDS = 1
"""How long the messages of the dead stay hidden."""

if __name__ == "__main__":
    die_at(sys.argv[1])
    pile.HIDDEN_SECONDS = HIDDEN_SECONDS
    redrive.drill(sys.argv[2:])
