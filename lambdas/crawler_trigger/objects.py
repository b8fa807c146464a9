"""The news that an object lies in the lake."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from retail.contracts import lake


class NotRaw(ValueError):
    """A message that tells of no raw object."""


@dataclass(frozen=True, slots=True)
class Created:
    """Raw objects of a domain, the newest written at `at`."""

    domain: str
    at: datetime

    def envelope(self) -> dict[str, Any]:
        """The news as S3 tells it by EventBridge, to be told again later."""
        return {
            "source": "aws.s3",
            "detail-type": "Object Created",
            "time": self.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "detail": {"object": {"key": lake.raw(self.domain)}},
        }


def read(envelope: Any) -> Created:
    """The news in an EventBridge envelope of S3 (T176). Raises NotRaw for anything else."""
    try:
        if (envelope["source"], envelope["detail-type"]) != ("aws.s3", "Object Created"):
            raise NotRaw(f"expected Object Created of aws.s3, got {envelope['detail-type']} of {envelope['source']}")
        key, at = envelope["detail"]["object"]["key"], datetime.fromisoformat(envelope["time"])
        domain = next((domain for domain in lake.DOMAINS if key.startswith(lake.raw(domain))), None)
        if domain is None or at.tzinfo is None:
            raise NotRaw(f"expected a raw object and a time with its zone, got {key} and {at}")
    except (KeyError, TypeError, AttributeError) as error:
        raise NotRaw(f"not a message of S3: {type(error).__name__} {error}") from None
    return Created(domain, at.astimezone(UTC))
