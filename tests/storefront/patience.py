"""The storefront with time to wait: a machine that is busy shall not look like a part that is down.

A shopper's request waits a tenth of a second for the cache, and a few seconds for anything else; a test's machine may
be away for longer than that. The tests of what is not waited for take the part itself away.
"""

from __future__ import annotations

from functools import partial

import pytest
from botocore.config import Config

from retail.runtime import cache, database
from retail.storefront import aws, hot, shop

SECONDS = 60


def be_patient(patch: pytest.MonkeyPatch) -> None:
    """Let what is opened from now on wait for cache, database and AWS; a connection of a pool is waited for as ever."""
    patch.setattr(cache, "connect", partial(cache.connect, seconds=SECONDS))
    patch.setattr(hot, "ANSWER_SECONDS", SECONDS)
    patch.setattr(hot, "CONNECT_SECONDS", SECONDS)
    patch.setattr(database, "CONNECT_SECONDS", SECONDS)
    patch.setattr(shop, "STATEMENT_MILLISECONDS", SECONDS * 1000)
    for name in ("QUICK", "PATIENT"):
        waits = Config(connect_timeout=SECONDS, read_timeout=SECONDS)
        patch.setattr(aws, name, getattr(aws, name).merge(waits))
