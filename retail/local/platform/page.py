"""An ASGI application served by a thread of this process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import uvicorn
from starlette.types import ASGIApp

from retail.local.processes import HOST, START_SECONDS, ServerError

GRACE_SECONDS = 1
"""For open streams, which never end by themselves."""


@contextmanager
def served(application: ASGIApp, port: int) -> Iterator[None]:
    """Serve on loopback until the block ends. Raises ServerError if that does not begin."""
    config = uvicorn.Config(
        application,
        host=HOST,
        port=port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, name="page", daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise ServerError(f"the page cannot be served at {HOST}:{port}")
        time.sleep(0.02)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
