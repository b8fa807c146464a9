"""Logs as one JSON object a line, without secrets. Log facts by `extra`: `log.info("archived", extra={"events": 10})`.

What stands below `metrics` of `extra` is a metric of CloudWatch if the line says what it is of: a function's line
does, any other by one of `metrics.DIMENSIONS` beside it in `extra`. Standard library only, for functions and
storefront alike.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

from retail.contracts import metrics

SECRET_NAMES = re.compile(r"password|passwd|secret|token|authorization|cookie|signature|credential|card", re.IGNORECASE)
HIDDEN = "***"
SECRET_TEXT = (
    (
        re.compile(
            r"((?:password|passwd|secret|token|signature|credential|authorization)[\w-]*"
            r"[\\'\"]*\s*[=:]\s*[\\'\"]*(?:(?:bearer|basic)\s+)?)[^\s'\"&\\]+",
            re.IGNORECASE,
        ),
        r"\1" + HIDDEN,
    ),
    (re.compile(r"(://[^/\s:@]+:)[^/\s@]+@"), r"\1" + HIDDEN + "@"),
)
"""How a secret may stand in an error's text: `password=...`, `X-Amz-Signature=...`, `postgresql://user:...@host`."""

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """A record as JSON: time (UTC), level, logger, message, the `extra` and an exception's traceback."""

    def __init__(self, facts: dict[str, Any]) -> None:
        super().__init__()
        self._facts = facts

    def format(self, record: logging.LogRecord) -> str:
        given = {name: value for name, value in vars(record).items() if name not in STANDARD}
        counts = given.pop("metrics", {})
        line = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **self._facts,
            **given,
            **counts,
        }
        dimension = next((name for name in metrics.DIMENSIONS if name in line), None)
        if counts and dimension:
            line["_aws"] = _declared(counts, dimension, record.created)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(_hidden(line), default=str)


def configure(service: str, level: str = "INFO", stream: TextIO = sys.stdout) -> None:
    """Write every log of this process as JSON to `stream`; replaces what logged before, such as Lambda's own."""
    handler = logging.StreamHandler(stream)
    function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
    handler.setFormatter(JsonFormatter({"service": service} | ({metrics.FUNCTION: function} if function else {})))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # It tells where it found its credentials, each time.
    logging.getLogger("botocore").setLevel(logging.WARNING)


def _declared(counts: dict[str, float], dimension: str, at: float) -> dict[str, Any]:
    """What tells CloudWatch which of a line's fields are metrics: its embedded metric format, without a call."""
    units = [{"Name": name, "Unit": metrics.UNITS.get(name, "Count")} for name in counts]
    declared = {"Namespace": metrics.NAMESPACE, "Dimensions": [[dimension]], "Metrics": units}
    return {"Timestamp": int(at * 1000), "CloudWatchMetrics": [declared]}


def _hidden(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: HIDDEN if SECRET_NAMES.search(str(name)) else _hidden(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(each) for each in value]
    if isinstance(value, str):
        for pattern, replacement in SECRET_TEXT:
            value = pattern.sub(replacement, value)
    return value
