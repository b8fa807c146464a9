from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from lambdas.notification import handler
from lambdas.notification.ledger import Ledger
from retail.contracts import settings, told
from tests.lambdas.conftest import Logs
from tests.lambdas.messages import DAY, Context, batch, envelope, failed, noon, paid, placed, shipped

Process = Callable[..., dict[str, Any]]


@pytest.fixture
def topic(client: Callable[[str], Any]) -> str:
    arn: str = client("sns").create_topic(Name=f"notifications-{uuid4()}")["TopicArn"]
    return arn


@pytest.fixture
def table(client: Callable[[str], Any]) -> str:
    """A ledger in which nothing stands."""
    name = f"told-{uuid4()}"
    client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": told.EVENT_ID, "AttributeType": "S"}],
        KeySchema=[{"AttributeName": told.EVENT_ID, "KeyType": "HASH"}],
    )
    return name


@pytest.fixture
def ledger(table: str, client: Callable[[str], Any]) -> Ledger:
    return Ledger(client("dynamodb"), table)


@pytest.fixture
def about(topic: str, table: str) -> settings.Notification:
    return settings.Notification(topic_arn=topic, told_table=table)


@pytest.fixture
def process(about: settings.Notification, ledger: Ledger, client: Callable[[str], Any]) -> Process:
    """The function with its parts; takes a batch."""
    return partial(handler.process, told=about, sns=client("sns"), ledger=ledger, now=noon)


@pytest.fixture
def inbox(topic: str, client: Callable[[str], Any]) -> Callable[..., list[dict[str, Any]]]:
    """A subscription with a filter policy, or with none; returns what has come, in any order."""
    sqs = client("sqs")

    def subscribed(policy: dict[str, Any] | None = None) -> Callable[[], list[dict[str, Any]]]:
        url = sqs.create_queue(QueueName=f"inbox-{uuid4()}")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        allow = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": arn,
                }
            ],
        }
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(allow)})
        attributes = {"FilterPolicy": json.dumps(policy)} if policy else {}
        client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)

        def come() -> list[dict[str, Any]]:
            found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
            return [json.loads(each["Body"]) for each in found]

        return come

    return subscribed  # type: ignore[return-value]


def test_customers_are_told_of_orders_placed_and_shipped(process: Process, inbox: Any) -> None:
    come = inbox()
    order, parcel = placed(), shipped()
    assert process(batch(order, parcel)) == failed()
    assert {message["Subject"]: message["Message"] for message in come()} == {
        "We have your order": f"Thank you. We have your order {order.order_id}: 3 pieces, 29.99 USD."
        " It will be with you by 2026-11-25.",
        "Your order is on its way": f"Your order {parcel.order_id} is on its way with Post, number RR 1.",
    }


def test_a_subscription_chooses_by_event_type_and_customer(process: Process, inbox: Any) -> None:
    of_parcels, of_one_customer = inbox({"event_type": ["OrderShipped"]}), inbox({"customer_id": ["c-1"]})
    order, parcel = placed(), shipped()
    process(batch(order, parcel))
    chosen = [[message["MessageAttributes"]["event_id"]["Value"] for message in come()]
              for come in (of_parcels, of_one_customer)]  # fmt: skip
    assert chosen == [[parcel.event_id], [order.event_id]]


def test_nobody_is_told_of_what_is_replayed(process: Process, inbox: Any, logs: Logs) -> None:
    come = inbox()
    order = placed()
    assert process(batch(envelope(placed(), **{"replay-name": "after-the-outage"}), order)) == failed()
    assert [message["MessageAttributes"]["event_id"]["Value"] for message in come()] == [order.event_id]
    assert [line["replayed"] for line in logs.lines if line["message"] == "customers told"] == [1]


def test_an_event_that_is_twice_in_a_batch_is_told_once(process: Process, inbox: Any) -> None:
    come = inbox()
    order = placed()
    assert process(batch(order, order, order)) == failed()
    assert len(come()) == 1


@pytest.mark.parametrize(
    "poison",
    [
        "{",
        envelope(placed()) | {"source": "x"},
        paid(placed()),
        placed(occurred_at=DAY.replace(year=2025)),
        placed(occurred_at=DAY + timedelta(days=2)),
        placed(event_id="x" * 3_000),
    ],
    ids=[
        "no JSON",
        "another's event",
        "an event of another queue",
        "a day before the lake's first",
        "a day to come",
        "an id that no table takes",
    ],
)
def test_a_bad_message_harms_only_itself(process: Process, inbox: Any, poison: Any) -> None:
    come = inbox()
    assert process(batch(placed(), poison, shipped())) == failed("m1")
    assert len(come()) == 2


def test_more_than_one_call_takes_are_told_in_several(process: Process, logs: Logs) -> None:
    assert process(batch(*(placed() for _ in range(23)))) == failed()
    assert [line["CustomersTold"] for line in logs.lines if line["message"] == "customers told"] == [23]


def test_an_event_that_comes_again_is_told_once(process: Process, inbox: Any, logs: Logs) -> None:
    come = inbox()
    order = placed()
    for _ in range(5):
        assert process(batch(order)) == failed()
    assert len(come()) == 1
    assert [line["known"] for line in logs.lines if line["message"] == "customers told"] == [0, 1, 1, 1, 1]


def test_an_event_that_sns_has_refused_is_told_when_it_comes_again(
    process: Process, inbox: Any, about: settings.Notification, ledger: Ledger, client: Callable[[str], Any]
) -> None:
    come = inbox()
    order, sns = placed(), client("sns")
    refusal = {"Successful": [], "Failed": [{"Id": "0", "Code": "KMSThrottlingException", "SenderFault": False}]}
    with Stubber(sns) as stub:
        stub.add_response("publish_batch", refusal)
        assert handler.process(batch(order), about, sns, ledger, noon) == failed("m0")
    assert process(batch(order)) == failed()
    assert len(come()) == 1


def test_the_ledger_forgets_after_thirty_days(table: str, ledger: Ledger, client: Callable[[str], Any]) -> None:
    began = int(time.time())
    ledger.note(["e-1"])
    ended = time.time()
    (item,) = client("dynamodb").scan(TableName=table)["Items"]
    assert began <= int(item[told.EXPIRES_AT]["N"]) - 30 * 86_400 <= ended


def test_what_dynamodb_leaves_over_is_asked_and_noted_again(client: Callable[[str], Any]) -> None:
    dynamodb = client("dynamodb")
    keys = [{told.EVENT_ID: {"S": "e-1"}}]
    put = [{"PutRequest": {"Item": {told.EVENT_ID: {"S": "e-2"}, told.EXPIRES_AT: {"N": "1"}}}}]
    with Stubber(dynamodb) as stub:
        stub.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": {"t": {"Keys": keys}}})
        stub.add_response("batch_get_item", {"Responses": {"t": keys}})
        stub.add_response("batch_write_item", {"UnprocessedItems": {"t": put}})
        stub.add_response("batch_write_item", {})
        assert Ledger(dynamodb, "t").told(["e-1"]) == {"e-1"}
        Ledger(dynamodb, "t").note(["e-2"])
        stub.assert_no_pending_responses()


def test_what_sns_refuses_is_reported_and_nothing_else(
    about: settings.Notification, ledger: Ledger, client: Callable[[str], Any]
) -> None:
    sns = client("sns")
    refused, taken = placed(), shipped()
    answer = {
        "Successful": [{"Id": "1", "MessageId": "x"}],
        "Failed": [{"Id": "0", "Code": "KMSThrottlingException", "SenderFault": False}],
    }
    with Stubber(sns) as stub:
        stub.add_response("publish_batch", answer)
        assert handler.process(batch(refused, taken, refused), about, sns, ledger, noon) == failed("m0", "m2")


@pytest.mark.parametrize("code", ["BatchRequestTooLong", "InvalidParameter"])
def test_an_event_that_spoils_the_call_for_all_harms_only_itself(
    about: settings.Notification, ledger: Ledger, client: Callable[[str], Any], code: str
) -> None:
    sns = client("sns")
    first, large, last = placed(), shipped(carrier="x" * 300_000), shipped()
    taken = {"Successful": [{"Id": "0", "MessageId": "x"}], "Failed": []}
    with Stubber(sns) as stub:
        stub.add_client_error("publish_batch", code)
        stub.add_response("publish_batch", taken)
        stub.add_client_error("publish_batch", code)
        stub.add_response("publish_batch", taken)
        assert handler.process(batch(first, large, last), about, sns, ledger, noon) == failed("m1")
        stub.assert_no_pending_responses()
    assert ledger.told([first.event_id, large.event_id, last.event_id]) == {first.event_id, last.event_id}


def test_nothing_is_done_when_sns_is_out_of_reach(
    about: settings.Notification, ledger: Ledger, client: Callable[[str], Any]
) -> None:
    gone, order = replace(about, topic_arn=about.topic_arn + "-gone"), placed()
    with pytest.raises(ClientError, match="NotFound"):
        handler.process(batch(order), gone, client("sns"), ledger, noon)
    assert ledger.told([order.event_id]) == set()


def test_lambda_finds_everything_in_the_environment(
    about: settings.Notification, inbox: Any, environment: Callable[[Any], None]
) -> None:
    come = inbox()
    environment(about)
    handler._parts.cache_clear()
    assert handler.handler(batch(placed(occurred_at=datetime.now(UTC)), "{"), Context()) == failed("m1")
    assert len(come()) == 1
    handler._parts.cache_clear()
