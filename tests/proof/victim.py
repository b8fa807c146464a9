"""A process that does one thing of the shop's, with the real code, and kills itself at a point on the way.

    python -m tests.proof.victim checkout <customer> <sku> <quantity>
    python -m tests.proof.victim relay <bus> <event of botocore>        e.g. after-call.eventbridge.PutEvents
    python -m tests.proof.victim work <pipeline> <queue> <event of botocore>

It finds the parts by its environment, as the functions do. The product knows nothing of it: the points are the end of
the storefront's transaction, which it is told of, and the calls to AWS, which botocore tells of.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import boto3
from botocore.session import get_session

from retail.contracts import settings
from retail.runtime import database
from retail.runtime.database import Target
from retail.storefront.carts import CartLine
from retail.storefront.orders import Orders
from retail.storefront.payments import Sandbox
from retail.storefront.relay import Relay
from tests.proof.service import Mapping
from tests.proof.world import HANDLERS

HIDDEN_SECONDS = 1
"""How long the messages of the dead stay hidden."""


def die(**_: Any) -> None:
    """End as by the kernel's hand: nothing is cleaned up."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(event: str) -> None:
    """Die when botocore comes to this point, in any client that is made from now on."""
    session = get_session()
    session.register(event, die)
    boto3.setup_default_session(botocore_session=session)


def writer() -> Any:
    """The storefront's pool."""
    told = settings.OrderProcessor.read(os.environ)
    login = database.login(boto3.client("secretsmanager"), told.database_secret_arn)
    target = Target(told.database_host, int(told.database_port), told.database_name)
    pool = database.pool(target, login.username, login.password, statement_timeout_ms=60_000, size=1, wait_seconds=60)
    pool.open()
    return pool


def main() -> None:
    match sys.argv[1:]:
        case ["checkout", customer, sku, quantity]:
            orders = Orders(writer(), Sandbox(), committed=die)
            orders.checkout(customer, [CartLine(sku=sku, quantity=int(quantity))], "the only one")
        case ["relay", bus, point]:
            die_at(point)
            lake = settings.OrderProcessor.read(os.environ).lake_bucket
            Relay(writer(), boto3.client("events"), bus, boto3.client("s3"), lake).publish()
        case ["work", pipeline, queue, point]:
            die_at(point)
            Mapping(boto3.client("sqs"), queue, HANDLERS[pipeline]).poll(HIDDEN_SECONDS)


if __name__ == "__main__":
    main()
