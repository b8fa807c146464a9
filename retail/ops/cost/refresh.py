"""The price file anew from AWS's price list, all of it or nothing.

A price is found by the filters under its `ask`: `usage` is a usage type without the Region's prefix, the others are
attributes as the price list has them. Of a tiered price the first tier that is not free counts. A price without `ask`
is kept as it is, and so has none in another Region.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retail.ops.cli import InputError
from retail.ops.cost import prices

if TYPE_CHECKING:
    from botocore.client import BaseClient

API_REGION = "us-east-1"
"""Where the price list answers, for all Regions."""

PREFIX = r"(?:(?:[A-Z]{2,5}\d?|[a-z]{2}(?:-[a-z]+)+-\d)-)?"
"""What a usage type begins with in most Regions, such as USE1-, EU- or us-east-1-."""

READ = "read"


def refresh(region: str, file: Path = prices.FILE) -> str:
    """Ask AWS and write the file; returns what was done, in one line. Raises InputError, then nothing is written."""
    client = _client()
    entries = prices.content(file)
    today = datetime.now(UTC).date().isoformat()
    wrong: list[str] = []
    asked = {key: entry for key, entry in entries.items() if "ask" in entry}
    for key, entry in entries.items():
        if key in asked:
            found = _found(client, entry["ask"], region)
            if len(found) == 1:
                usd, effective = found.popitem()
                entry["regions"][region] = {
                    "usd": _rounded(usd * entry.get("per", 1)),
                    "date": today,
                    "sure": READ,
                    "source": f"AWS price list, effective {effective[:10]}",
                }
                continue
            wrong.append(f"{key} finds {len(found) or 'no'} prices")
        elif region not in entry["regions"]:
            wrong.append(f"{key} has no filters")
    if wrong:
        raise InputError(
            f"--refresh: {'; '.join(wrong)}; mend ask, or add a price by hand, in {file.name}; nothing is written"
        )
    prices.write(entries, file)
    kept = len(entries) - len(asked)
    return f"{file}: {len(asked)} prices of {region} from AWS's price list; {kept} that have no filters are as before"


def _client() -> BaseClient:
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        session = boto3.Session()
        if session.get_credentials() is None:
            raise InputError("--refresh: no credentials for AWS; sign in with aws configure or aws sso login")
        return session.client("pricing", region_name=API_REGION)
    except BotoCoreError as error:
        raise InputError(f"--refresh: {error}") from None


def _found(client: BaseClient, ask: dict[str, str], region: str) -> dict[float, str]:
    """The distinct prices of one unit that the filters find, each with the date since when it holds."""
    from botocore.exceptions import BotoCoreError, ClientError

    attributes = {key: value for key, value in ask.items() if key not in ("service", "usage")} | {"regionCode": region}
    filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in attributes.items()]
    usage = re.compile(PREFIX + re.escape(ask["usage"]))
    found: dict[float, str] = {}
    try:
        for told in client.get_paginator("get_products").paginate(
            ServiceCode=ask["service"], Filters=filters, FormatVersion="aws_v1"
        ):
            for product in map(json.loads, told["PriceList"]):
                if usage.fullmatch(product["product"]["attributes"].get("usagetype", "")):
                    found |= dict(_first_tier(product))
    except (BotoCoreError, ClientError) as error:
        raise InputError(f"--refresh: {' '.join(str(error).split())}; nothing is written") from None
    return found


def _first_tier(product: dict[str, Any]) -> Iterator[tuple[float, str]]:
    for term in product["terms"].get("OnDemand", {}).values():
        tiers = sorted(term["priceDimensions"].values(), key=lambda tier: float(tier.get("beginRange", 0)))
        for tier in tiers:
            if usd := float(tier["pricePerUnit"]["USD"]):
                yield usd, term["effectiveDate"]
                break


def _rounded(usd: float) -> float:
    """Without what binary fractions add."""
    return float(f"{usd:.12g}")
