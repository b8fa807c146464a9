"""A run of the job: each domain in turn, what it counted, and whether too much of it was rejected."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime

from pyspark.sql import SparkSession

from retail.contracts import lake
from retail.jobs import ledger
from retail.jobs.counts import Counts
from retail.jobs.domain import curate
from retail.jobs.stores import Store

LIMIT_PERCENT = 5.0
FEWEST_REJECTED = 10
"""A few broken lines of few are no reason to wake somebody; a domain's rows of a small shop's day are."""

log = logging.getLogger(__name__)

Done = Callable[[str, Counts, list[str]], None]


class TooManyRejected(Exception):
    """What is good is written and what is bad is quarantined; the text names share, domain and place."""


def run(
    spark: SparkSession,
    store: Store,
    now: datetime,
    *,
    limit_percent: float = LIMIT_PERCENT,
    again: frozenset[str] = frozenset(),
    done: Done = lambda domain, counts, days: None,
) -> dict[str, Counts]:
    """Curate every domain; `done` is told of each with its counts and the days that were written.

    `again` names days whose raw folders are to be read although they have been (``all``: every folder). Raises
    TooManyRejected at the end; the domains concerned are not noted as read, so that the next run says it again until
    the lines are mended or the limit is raised for a run.
    """
    counted: dict[str, Counts] = {}
    complaints = []
    for domain in lake.DOMAINS:
        curated = curate(spark, store, domain, now, again)
        counts = counted[domain] = curated.counts
        log.info("curated", extra={"domain": domain, **asdict(counts), "days": curated.days})
        done(domain, counts, curated.days)
        if counts.rejected >= FEWEST_REJECTED and counts.rejected_percent > limit_percent:
            complaints.append(
                f"{counts.rejected_percent:.1f} % of the rows of {domain} were rejected "
                f"({counts.rejected} of {counts.read}, the limit is {limit_percent:g} %): "
                f"see {store.uri(lake.quarantine(domain))}"
            )
        else:
            ledger.write(store, domain, curated.fingerprints)
    if complaints:
        raise TooManyRejected("; ".join(complaints))
    return counted
