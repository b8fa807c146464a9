"""What a check has found: that something is fine, or what is missing and the one command that mends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

FINE, MISSING, UNKNOWN = "fine", "missing", "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table."""

    status: str
    subject: str
    found: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the platform is to stand, and as what."""

    project: str
    environment: str
    region: str
    account: str = ""
    partition: str = "aws"

    @property
    def prefix(self) -> str:
        """How every fixed name begins."""
        return f"{self.project}-{self.environment}"

    def client(self, service: str, region: str = "") -> Any:
        """A client that does not wait long for an answer."""
        patience = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 3, "mode": "standard"})
        return boto3.client(service, region_name=region or self.region, config=patience)


Check = Callable[[], Iterator[Finding]]


def safely(subject: str, check: Check) -> Iterator[Finding]:
    """What a check finds; what AWS does not answer or permit is unknown, and no reason to stop the others."""
    try:
        yield from check()
    except (ClientError, BotoCoreError) as error:
        yield Finding(UNKNOWN, subject, " ".join(str(error).split()))


def is_missing(error: ClientError, *codes: str) -> bool:
    """Whether an answer says that there is no such thing."""
    return error.response.get("Error", {}).get("Code") in codes
