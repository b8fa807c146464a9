"""See the package."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp

from retail.local.edge.balancer import LoadBalancer
from retail.local.edge.configuration import Configuration, Follower, Reader, UnreadableError
from retail.local.edge.distribution import CloudFront
from retail.local.edge.feed import Feed, application
from retail.local.edge.page import WithPage
from retail.local.edge.targets import Targets
from retail.local.edge.upstream import BrokenOffError, Upstream
from retail.local.emulator import Emulator
from retail.local.platform.deployed import Deployed
from retail.local.processes import HOST, is_open
from retail.ops.cli import InputError, Parser, exit_status, say

ENDPOINT = "AWS_ENDPOINT_URL"
CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
KEEP_ALIVE_SECONDS = 75
STOP_SECONDS = 2


def is_a_failure(record: logging.LogRecord) -> bool:
    """Whether a line of the log tells of a failure of the edge; that a server behind breaks off is none."""
    return not (record.exc_info and isinstance(record.exc_info[1], BrokenOffError))


class Listener(uvicorn.Server):
    """One of several servers of a process, which receives the signals for all of them."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listener(app: ASGIApp, port: int) -> Listener:
    """A server for an application on loopback."""
    config = uvicorn.Config(
        app,
        host=HOST,
        port=port,
        lifespan="off",
        log_level="error",
        access_log=False,
        proxy_headers=False,  # whoever connects is the client
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    return Listener(config)


async def serve(reader: Reader, options: argparse.Namespace) -> None:
    """Serve until a signal. Raises InputError before anything is bound."""
    try:
        current = reader.read()
    except UnreadableError as error:
        raise InputError(str(error)) from None
    feed = Feed()
    async with Upstream() as upstream:
        targets = Targets(upstream)
        targets.follow(current.balancer.groups)
        await targets.check_all()

        def take(configuration: Configuration) -> None:
            nonlocal current
            current = configuration
            targets.follow(configuration.balancer.groups)
            feed.counters.readings += 1

        def tell(configuration: Configuration) -> None:
            loop.call_soon_threadsafe(take, configuration)

        loop = asyncio.get_running_loop()
        follower = Follower(reader, tell)
        origin = f"{HOST}:{options.load_balancer_port}"
        shop = CloudFront(lambda: current.edge, origin, upstream, feed)
        balancer = LoadBalancer(lambda: current.balancer, targets, upstream, feed)
        listeners = [
            listener(WithPage(shop, upstream, options.page_port), options.port),
            listener(balancer, options.load_balancer_port),
            listener(application(feed, targets.health), options.feed_port),
        ]

        def stop() -> None:
            for each in listeners:
                each.should_exit = True

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
        checking = asyncio.create_task(targets.watch())
        follower.start()
        await asyncio.gather(*(each.serve() for each in listeners), ready(listeners, options))
        await asyncio.to_thread(follower.stop)
        checking.cancel()
        with suppress(asyncio.CancelledError):
            await checking


async def ready(listeners: list[Listener], options: argparse.Namespace) -> None:
    """Say so once all of them listen."""
    while not all(each.started for each in listeners):
        await asyncio.sleep(0.02)
    say(f"Ready: http://{HOST}:{options.port}")


def main() -> int:
    """Read the command line and serve; see ``exit_status``."""
    parser = Parser(prog="python -m retail.local.edge", description="CloudFront, WAF and load balancer, as deployed.")
    parser.add_argument("--port", type=int, required=True, help="the distribution's port on 127.0.0.1")
    parser.add_argument("--load-balancer-port", type=int, required=True)
    parser.add_argument("--feed-port", type=int, required=True, help="the port for who watches")
    parser.add_argument("--page-port", type=int, required=True, help="where the platform's page is served")
    parser.add_argument("--project", required=True)
    parser.add_argument("--environment", required=True)

    def work() -> None:
        options = parser.parse_args()
        for name in (ENDPOINT, *CREDENTIALS):
            if not os.environ.get(name):
                raise InputError(f"{name} is not set: the environment names the emulator and how to sign in to it")
        for name in ("port", "load_balancer_port", "feed_port"):
            if is_open(port := getattr(options, name)):
                raise InputError(f"--{name.replace('_', '-')} {port}: something listens there already")
        logging.getLogger("uvicorn.error").addFilter(is_a_failure)
        aws = Emulator(os.environ[ENDPOINT], dict(os.environ))
        asyncio.run(serve(Reader(Deployed(aws, options.project, options.environment)), options))

    return exit_status("edge", work)


if __name__ == "__main__":
    sys.exit(main())
