"""The page over HTTP: the page itself, its live frames, the resources as deployed, and the buttons."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jinja2
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from retail.local.watch.guard import Guard
from retail.local.watch.live import Live, fingerprint
from retail.local.watch.picture import picture
from retail.local.watch.watched import Outcome, Watched

HERE = Path(__file__).parent
PATH = "/_platform"


def application(platform: Watched) -> Starlette:
    """The page of a platform, to be served on loopback.

    Whoever serves it bounds the time that its server waits for open streams when it stops
    (uvicorn: ``timeout_graceful_shutdown``).
    """
    token = secrets.token_urlsafe(24)
    page = Page(platform, token)
    routes = [
        Route(PATH, page.show),
        Route(f"{PATH}/", page.show),
        Route(f"{PATH}/frames", page.frames),
        Route(f"{PATH}/resources", page.resources),
        Route(f"{PATH}/do/{{action}}", page.do, methods=["POST"]),
        Mount(f"{PATH}/static", StaticFiles(directory=HERE / "static")),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Guard, token=token)])


class Page:
    """What the routes lead to."""

    def __init__(self, platform: Watched, token: str) -> None:
        self._platform, self._token = platform, token
        self._live = Live(platform)
        self._busy: set[str] = set()
        loader = jinja2.FileSystemLoader(HERE)
        self._template = jinja2.Environment(
            loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
        ).get_template("page.html")

    async def show(self, request: Request) -> Response:
        """The page, drawn by what is deployed now."""
        snapshot = await self._live.latest()
        queries = await asyncio.to_thread(self._platform.queries)
        drawn = picture(snapshot.data)
        html = self._template.render(
            name=self._platform.name,
            token=self._token,
            picture=drawn,
            fingerprint=fingerprint(snapshot),
            links=[asdict(link) for link in drawn.links],
            pipelines=[each for each in snapshot.data.pipelines if each.stack == "events"],
            processes=[each for each in snapshot.processes if each.may_be_stopped],
            queries=queries,
            path=PATH,
        )
        return HTMLResponse(html)

    async def frames(self, request: Request) -> Response:
        """Server-sent events, one for each frame."""

        async def lines() -> AsyncIterator[str]:
            yield "retry: 1000\n\n"
            async for frame in self._live.frames():
                yield f"data: {json.dumps(frame, separators=(',', ':'))}\n\n"

        return StreamingResponse(lines(), media_type="text/event-stream")

    async def resources(self, request: Request) -> Response:
        """Every resource as deployed, and by which boxes it is opened."""
        resources = await asyncio.to_thread(self._platform.resources)
        parts = picture((await self._live.latest()).data).parts
        shown = [{**asdict(each), "parts": [part.id for part in parts if part.owns(each)]} for each in resources]
        return JSONResponse({"resources": shown})

    async def do(self, request: Request) -> Response:
        """Press a button; the body is JSON with the button's one argument as ``name``."""
        action = request.path_params["action"]
        try:
            name = json.loads(await request.body() or b"{}").get("name", "")
        except (ValueError, AttributeError):
            return _answer(Outcome(False, "A button sends JSON."), 400)
        buttons: dict[str, Callable[[], Outcome]] = {
            "poison": lambda: self._platform.poison(name),
            "stop": lambda: self._platform.stop(name),
            "start": lambda: self._platform.start(name),
            "curate": self._platform.curate,
            "query": lambda: self._platform.query(name),
        }
        if action not in buttons or not isinstance(name, str):
            return _answer(Outcome(False, "There is no such button."), 404)
        if action in self._busy:
            return _answer(Outcome(False, "It is still at it."), 409)
        self._busy.add(action)
        try:
            return _answer(await asyncio.to_thread(buttons[action]))
        except Exception as error:  # said on the page, whatever it is
            return _answer(Outcome(False, f"It failed: {type(error).__name__}: {error}"), 500)
        finally:
            self._busy.discard(action)


def _answer(outcome: Outcome, status: int = 200) -> Response:
    told: dict[str, Any] = asdict(outcome)
    return Response(json.dumps(told, default=str), status, media_type="application/json")
