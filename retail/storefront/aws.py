"""The clients of the AWS services that the storefront works with; botocore finds Region, endpoints and login itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from retail.runtime.cache import IamCredentials
from retail.storefront.discovery import Endpoints

QUICK = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 3})
"""For what a shopper waits for."""

PATIENT = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2})
"""For what happens in the background and is tried again anyway."""

ONCE = Config(connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 1})
"""For what a page does without."""


@dataclass(frozen=True, kw_only=True)
class Clients:
    """The clients; threads may share them."""

    ssm: Any
    dynamodb: Any
    events: Any
    s3: Any
    bedrock: Any

    @classmethod
    def make(cls) -> Clients:
        """Make them; nothing is asked of AWS."""
        session = boto3.session.Session()
        return cls(
            ssm=session.client("ssm", config=PATIENT),
            dynamodb=session.client("dynamodb", config=QUICK),
            events=session.client("events", config=PATIENT),
            s3=session.client("s3", config=PATIENT),
            bedrock=session.client("bedrock-runtime", config=ONCE),
        )


def iam_login(endpoints: Endpoints) -> IamCredentials:
    """The task role's way into the cache (T145)."""
    return IamCredentials(endpoints.cache_name, endpoints.cache_user)
