"""The storefront as an ASGI application, and the process that serves it.

python -m retail.storefront.app
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from threading import Event, Thread

import uvicorn
from botocore.exceptions import BotoCoreError, ClientError
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from retail.contracts import settings
from retail.runtime import logging as structured
from retail.storefront import api, discovery, pages, problems
from retail.storefront.aws import Clients, iam_login
from retail.storefront.middleware import Gate
from retail.storefront.reads import Shortcut
from retail.storefront.sessions import Sessions
from retail.storefront.shop import CacheLogin, Shop

log = logging.getLogger(__name__)

EVERY_INTERFACE = "0.0.0.0"
"""A task has its address to itself."""

FIRST_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 15.0

GRACE_SECONDS = 25
"""How long requests may take to finish after SIGTERM; ECS kills the task after 60, and the relay needs some too."""

KEEP_ALIVE_SECONDS = 75
"""Longer than the load balancer keeps an idle connection (60), or it would send a request on a closed one."""


class Opening:
    """Opens the shop as soon as its endpoints are known, in a thread of its own (T201)."""

    def __init__(self, find: Callable[[], discovery.Endpoints], opened: Callable[[discovery.Endpoints], None]) -> None:
        self.missing = "nobody has looked yet"
        self._find, self._opened = find, opened
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="opening", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no further."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        pause = FIRST_RETRY_SECONDS
        while not self._stopping.is_set():
            try:
                self._opened(self._find())
                return
            except discovery.NotThereYetError as error:
                self.missing = f"parameters {error}"
            except (BotoCoreError, ClientError, ValueError) as error:
                self.missing = f"parameters: {type(error).__name__}"
                log.warning("the endpoints cannot be read", extra={"error": f"{type(error).__name__}: {error}"})
            self._stopping.wait(pause)
            pause = min(2 * pause, LONGEST_RETRY_SECONDS)


def create_app(
    credentials: settings.Credentials,
    clients: Clients,
    model_id: str,
    find: Callable[[], discovery.Endpoints],
    cache_login: CacheLogin = iam_login,
) -> FastAPI:
    """The application. It answers from the start; the shop opens in the background, when `find` finds everything."""
    sessions = Sessions(credentials.database_password)

    def opened(endpoints: discovery.Endpoints) -> None:
        app.state.shop = Shop.open(endpoints, credentials, sessions, clients, model_id, cache_login)
        log.info("the shop is open")

    opening = Opening(find, opened)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        opening.start()
        yield
        await asyncio.to_thread(opening.stop)
        if app.state.shop:
            app.state.shop.hot.close()
            await asyncio.to_thread(app.state.shop.close)

    # The interactive documentation would load scripts from elsewhere.
    app = FastAPI(
        title="RetailPlatform storefront",
        version="1",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.shop = None
    app.state.opening = opening
    app.add_api_route("/healthz", healthz, include_in_schema=False)
    app.add_api_route("/readyz", readyz, include_in_schema=False)
    app.include_router(api.router)
    app.include_router(pages.router)
    pages.mount_static(app)
    problems.install(app)
    app.add_middleware(Shortcut)
    app.add_middleware(Gate, sessions=sessions)
    return app


async def healthz() -> Response:
    """Whether the process runs; nothing else is asked (T113)."""
    return Response("ok", media_type="text/plain")


def readyz(request: Request) -> Response:
    """Whether all that the shop needs is there, and what is not. Without the cache it is only slower."""
    shop: Shop | None = request.app.state.shop
    missing = shop.missing() if shop else [request.app.state.opening.missing]
    degraded = [] if shop is None or shop.has_cache() else ["cache"]
    return JSONResponse({"missing": missing, "degraded": degraded}, 503 if missing else 200)


def main(host: str = EVERY_INTERFACE) -> None:
    """Serve until SIGTERM, then finish what is under way."""
    structured.configure("storefront")
    told = settings.Storefront.read(os.environ)
    clients = Clients.make()

    def find() -> discovery.Endpoints:
        return discovery.find(clients.ssm, told.parameters_path)

    serve(create_app(settings.Credentials.read(os.environ), clients, told.model_id, find), int(told.port), host)


def serve(app: FastAPI, port: int, host: str = EVERY_INTERFACE) -> None:
    """Serve the application until SIGTERM, which is an orderly end: the process exits with 0."""
    # uvicorn raises the signal again when it is done; by itself that would look as if the process had been killed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    uvicorn.run(
        app,
        host=host,
        port=port,
        # Only the load balancer reaches the task, and it says how the shopper came.
        proxy_headers=True,
        forwarded_allow_ips="*",
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


if __name__ == "__main__":
    main()
