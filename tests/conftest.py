"""What any test may ask for."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import Any

import botocore.session
import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from tests.parts import aws, bucket, client, postgres, shop_cache

__all__ = ["aws", "bucket", "client", "postgres", "shop_cache"]

# The same examples in every run, however slow the machine is just then.
settings.register_profile(
    "steady", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


# A session reads the services' models anew, 50 ms of work for each client. Nobody changes them: one reader will do.
botocore.session.create_loader = cache(botocore.session.create_loader)


class ByFolder(LoadScopeScheduling):
    """Side by side, each folder is one process's: what its tests share is made once, and nobody else's fault."""

    def _split_scope(self, nodeid: str) -> str:
        return "/".join(nodeid.split("::")[0].split("/")[:2])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFolder:
    """xdist asks for the order of work; its own groups do not know pytest 9's ids."""
    return ByFolder(config, log)


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: tests wait as often as they work."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(autouse=True)
def fresh_session() -> None:
    """boto3's default session keeps the environment of whoever asked first; each test has one of its own."""
    if "boto3" in sys.modules:
        sys.modules["boto3"].DEFAULT_SESSION = None  # type: ignore[attr-defined]  # a module's variable
