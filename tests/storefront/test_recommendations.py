"""Recommendations by Bedrock's Converse as boto3 really calls it: an endpoint on this machine answers for Bedrock."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from threading import Event
from typing import Any
from urllib.parse import unquote

import pytest
from botocore.config import Config

from retail.storefront import aws
from retail.storefront import recommendations as recommended
from retail.storefront.aws import Clients
from retail.storefront.catalogue import Product
from retail.storefront.recommendations import SECONDS, Recommendations
from tests.storefront.conftest import wait_until
from tests.storefront.endpoint import Answer, Endpoint, Request, endpoint

MODEL = "eu.amazon.nova-lite-v1:0"
JSON = {"Content-Type": "application/json"}
MUG = Product(
    sku="MUG-1",
    name="Mug",
    category="Kitchen",
    price_cents=1,
    currency="EUR",
    picture="/images/MUG-1.svg",
    availability="in_stock",
    description="",
    available=9,
    version=1,
)
LAMP = MUG.model_copy(update={"sku": "LAMP-1", "name": "Lamp", "category": "Lamps"})
OTHERS = [LAMP, *(MUG.model_copy(update={"sku": f"MUG-{number}"}) for number in range(2, 8))]
SAME_CATEGORY = ["MUG-2", "MUG-3", "MUG-4", "MUG-5"]

Ask = Callable[..., tuple[Recommendations, Endpoint]]


def said(*parts: Any) -> Answer:
    """Converse's answer with these parts."""
    message = {"role": "assistant", "content": list(parts)}
    usage = {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}
    whole = {"output": {"message": message}, "stopReason": "end_turn", "usage": usage, "metrics": {"latencyMs": 1}}
    return Answer(json.dumps(whole).encode(), headers=JSON)


@pytest.fixture
def bedrock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ask]:
    """Recommendations with the storefront's own client, which finds its endpoint as botocore does."""
    for name, value in (("DEFAULT_REGION", "eu-central-1"), ("ACCESS_KEY_ID", "x"), ("SECRET_ACCESS_KEY", "x")):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setattr(aws, "ONCE", aws.ONCE.merge(Config(connect_timeout=60, read_timeout=60)))

    def ask(
        answer: Callable[[Request], Answer], clock: Callable[[], float] = time.monotonic, seconds: float = 60
    ) -> tuple[Recommendations, Endpoint]:
        # A model that is quick is waited for until it has answered, however busy this machine is.
        monkeypatch.setattr(recommended, "SECONDS", seconds)
        there = stack.enter_context(endpoint(answer))
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", there.url)
        recommendations = Recommendations(Clients.make().bedrock, MODEL, clock)
        stack.callback(recommendations.close)
        return recommendations, there

    with ExitStack() as stack:
        yield ask


def shown(recommendations: Recommendations) -> list[str]:
    return [each.sku for each in recommendations.for_product(MUG, OTHERS)]


def test_the_model_chooses_among_the_shops_own_products_and_is_asked_once(bedrock: Ask) -> None:
    answer = said({"text": 'I would show ["LAMP-1", '}, {"text": '"NOT-OURS", "MUG-7"]'})
    recommendations, there = bedrock(lambda _: answer)
    for _ in range(2):
        assert shown(recommendations) == ["LAMP-1", "MUG-7", "MUG-2", "MUG-3"]
    (request,) = there.requests
    assert unquote(request.path) == f"/model/{MODEL}/converse"
    asked = json.loads(request.body)
    (message,) = asked["messages"]
    assert message["role"] == "user"
    offered = {line.split(":")[0] for line in message["content"][0]["text"].splitlines() if "-" in line}
    assert offered == {"LAMP-1", "MUG-2", "MUG-3", "MUG-4", "MUG-5", "MUG-6", "MUG-7"}
    assert asked["inferenceConfig"]["maxTokens"] == 200


@pytest.mark.parametrize("is_begun", [False, True], ids=["nothing comes", "it comes byte by byte"])
def test_a_page_does_not_wait_for_a_model_that_takes_its_time(bedrock: Ask, is_begun: bool) -> None:
    is_over = Event()
    answer = said({"text": '["LAMP-1"]'})

    def late(_: Request) -> Answer:
        if is_begun:
            # No single read is late; the client itself would wait to the end.
            return replace(answer, wait=lambda: is_over.wait(0.2))
        is_over.wait(30)
        return answer

    recommendations, there = bedrock(late, seconds=SECONDS)
    try:
        started = time.monotonic()
        assert shown(recommendations) == SAME_CATEGORY
        assert shown(recommendations) == SAME_CATEGORY
        assert time.monotonic() - started < 15, "it has not waited for the answer"
        wait_until(lambda: there.requests != [])
        assert len(there.requests) == 1, "and leaves the model alone for a while"
    finally:
        is_over.set()


REFUSALS = {
    "throttled": (429, "ThrottlingException"),
    "denied": (403, "AccessDeniedException"),
    "no such model": (404, "ResourceNotFoundException"),
    "not now": (503, "ServiceUnavailableException"),
}


@pytest.mark.parametrize(("status", "error"), REFUSALS.values(), ids=REFUSALS)
def test_a_model_that_refuses_is_not_asked_again_and_the_same_category_is_shown(
    bedrock: Ask, status: int, error: str
) -> None:
    refusal = Answer(b'{"message": "Not this time"}', status, JSON | {"x-amzn-ErrorType": error})
    recommendations, there = bedrock(lambda _: refusal)
    assert shown(recommendations) == SAME_CATEGORY
    assert shown(recommendations) == SAME_CATEGORY
    assert len(there.requests) == 1


MALFORMED = {
    "no list": said({"text": "I like lamps."}),
    "no text": said({"image": {"format": "png", "source": {"bytes": ""}}}),
    "nothing said": said(),
    "no JSON in it": said({"text": "[LAMP-1]"}),
    "another list": said({"text": '[{"sku": "LAMP-1"}, 7, null]'}),
    "half a list": said({"text": '["LAMP-1", "MU'}),
    "no message": Answer(b'{"output": {}, "stopReason": "end_turn"}', headers=JSON),
    "text for a message": Answer(b'{"output": {"message": "LAMP-1"}}', headers=JSON),
    "text for parts": Answer(b'{"output": {"message": {"content": "LAMP-1"}}}', headers=JSON),
    "a list of nothing": Answer(b'{"output": {"message": {"content": [null]}}}', headers=JSON),
    "a list": Answer(b"[]", headers=JSON),
    "half an answer": Answer(b'{"output": {"mess', headers=JSON),
    "a page": Answer(b"<html>Gateway</html>", headers={"Content-Type": "text/html"}),
    "an empty body": Answer(b"", headers=JSON),
}


@pytest.mark.parametrize("answer", MALFORMED.values(), ids=MALFORMED)
def test_an_answer_that_makes_no_sense_harms_no_page(bedrock: Ask, answer: Answer) -> None:
    recommendations, there = bedrock(lambda _: answer)
    assert shown(recommendations) == SAME_CATEGORY
    assert len(there.requests) == 1


def test_an_endpoint_that_is_not_there_harms_no_page(bedrock: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    recommendations, _ = bedrock(lambda _: said())
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "http://127.0.0.1:9")
    assert shown(Recommendations(Clients.make().bedrock, MODEL)) == SAME_CATEGORY
    assert shown(recommendations) == SAME_CATEGORY


def test_an_answer_is_kept_for_an_hour(bedrock: Ask) -> None:
    moments = iter([0.0, 3599.0, 3601.0])
    recommendations, there = bedrock(lambda _: said({"text": '["MUG-7"]'}), lambda: next(moments))
    for asked in (1, 1, 2):
        assert shown(recommendations)[0] == "MUG-7"
        assert len(there.requests) == asked


def test_what_is_sold_out_is_not_recommended(bedrock: Ask) -> None:
    gone = [each.model_copy(update={"availability": "none"}) for each in OTHERS]
    recommendations, _ = bedrock(lambda _: said({"text": '["MUG-7"]'}))
    assert recommendations.for_product(MUG, [*gone, MUG]) == ()
