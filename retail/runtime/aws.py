"""Clients of AWS that give up in time."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

MOST_SECONDS = 25
"""How long a call may take at the most: three tries of 2 s to connect and 5 s to be answered, with pauses between."""

PATIENCE = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})


def client(service: str) -> Any:
    """A client in the Region and with the credentials of the environment."""
    return boto3.client(service, config=PATIENCE)
