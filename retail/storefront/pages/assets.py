"""Static files under /static by names that hold their content's hash, so that one may keep them for a year.

"/static/*: CSS, JavaScript bundles, and web fonts are served from the edge cache with one-year headers."
"""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

FOR_A_YEAR = "public, max-age=31536000, immutable"
NOT_AT_ALL = "no-store"
"""For what is not there: during a deployment an old task may be asked for a new task's file."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent."""

    body: bytes
    media_type: str


class Assets:
    """The files of a folder, read once."""

    def __init__(self, folder: Path) -> None:
        self._names: dict[str, str] = {}
        self._assets: dict[str, Asset] = {}
        for path in sorted(folder.iterdir()):
            body = path.read_bytes()
            hashed = f"{path.stem}.{sha256(body).hexdigest()[:12]}{path.suffix}"
            self._names[path.name] = hashed
            self._assets[hashed] = Asset(body, mimetypes.guess_type(path.name)[0] or "application/octet-stream")

    def address(self, name: str) -> str:
        """Where a file is, e.g. /static/shop.0123456789ab.css. Raises KeyError for a file that is not there."""
        return f"/static/{self._names[name]}"

    async def serve(self, request: Request) -> Response:
        """GET /static/{name}."""
        asset = self._assets.get(request.path_params["name"])
        if asset is None:
            return Response("Not found", 404, {"Cache-Control": NOT_AT_ALL}, "text/plain")
        return Response(asset.body, headers={"Cache-Control": FOR_A_YEAR}, media_type=asset.media_type)
