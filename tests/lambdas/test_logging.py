from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from datetime import datetime
from typing import Any

import pytest

from tests import emitted
from tests.lambdas.conftest import Logs

log = logging.getLogger("retail.test")


def test_a_line_is_an_object_with_time_level_and_facts() -> None:
    program = (
        "import logging\nfrom retail.runtime.logging import configure\n"
        "logging.basicConfig()\nconfigure('shop')\n"
        "logging.getLogger('retail.x').info('%s placed', 'order', extra={'order_id': 7, 'parts': ['a', {'b': 1}]})\n"
        "logging.getLogger('retail.x').debug('not shown')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=emitted.ROOT, capture_output=True, text=True, check=True)
    line = json.loads(done.stdout)
    assert line.pop("timestamp").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "retail.x",
        "message": "order placed",
        "service": "shop",
        "order_id": 7,
        "parts": ["a", {"b": 1}],
    }
    assert done.stderr == ""


COUNTS = (
    "import logging\nfrom retail.runtime.logging import configure\n"
    "configure('order-processor')\n"
    "logging.getLogger('retail.x').info('written', extra={'objects': 2, 'metrics': {'Orders': 3, 'Parcels': 1}})\n"
)


def test_what_a_function_counts_is_a_metric_of_cloudwatch_by_its_log_line() -> None:
    line = _logged(COUNTS, AWS_LAMBDA_FUNCTION_NAME="retail-dev-orders")
    (declared,) = line["_aws"]["CloudWatchMetrics"]
    assert declared["Namespace"] == "Retail"
    assert [[line[name] for name in names] for names in declared["Dimensions"]] == [["retail-dev-orders"]]
    assert [(line[each["Name"]], each["Unit"]) for each in declared["Metrics"]] == [(3, "Count"), (1, "Count")]
    written = datetime.fromisoformat(line["timestamp"]).timestamp() * 1000
    assert abs(line["_aws"]["Timestamp"] - written) <= 1, "milliseconds since 1970"
    assert (line["message"], line["objects"]) == ("written", 2)


def test_what_is_no_function_counts_for_the_log_only() -> None:
    line = _logged(COUNTS)
    assert "_aws" not in line
    assert (line["Orders"], line["Parcels"]) == (3, 1)


def _logged(program: str, **environment: str) -> dict[str, Any]:
    """The one line that a program logs."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=emitted.ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    line: dict[str, Any] = json.loads(done.stdout)
    return line


@pytest.mark.parametrize(
    "facts",
    [
        {"database_password": "hunter2"},
        {"nested": {"Authorization": "Bearer hunter2"}},
        {"listed": [{"session_token": "hunter2"}]},
        {"text": "host=db password=hunter2 dbname=x"},
        {"text": "postgresql://retail:hunter2@db:5432/retail"},
        {"text": "GET http://cache/?Action=connect&X-Amz-Signature=hunter2&x=1"},
        {"text": "X-Amz-Security-Token=hunter2"},
        {"text": '{"username": "retail", "password": "hunter2"}'},
        {"text": json.dumps({"text": json.dumps({"password": "hunter2"})})},
        {"text": "{'card_number': 'x', 'secret': 'hunter2'}"},
    ],
)
def test_a_secret_is_in_no_line(logs: Logs, facts: dict[str, Any]) -> None:
    log.info("told", extra=facts)
    try:
        raise ValueError(str(facts))
    except ValueError:
        log.exception(str(facts))
    assert "hunter2" not in logs.stream.getvalue()
    assert logs.stream.getvalue().count("***") >= 3


def test_what_is_no_secret_is_shown_as_it_is(logs: Logs) -> None:
    facts = {"order_id": "3f9c", "sku": "MUG-1", "key": "raw/orders/dt=2026-11-22/ab.json", "url": "https://x/y?z=1"}
    log.info("told", extra=facts)
    assert logs.lines[0].items() >= facts.items()


def test_an_exception_is_one_line_with_its_traceback(logs: Logs) -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        log.exception("failed")
    (line,) = logs.lines
    assert "ValueError: two\nlines" in line["exception"]
    assert line["level"] == "ERROR"
