"""The pictures under /images, drawn when asked for; CloudFront and browsers keep them for a day."""

from __future__ import annotations

from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

from retail.storefront.pages.assets import NOT_AT_ALL
from retail.storefront.seed.pictures import category_banner, product_picture

FOR_A_DAY = "public, max-age=86400, stale-while-revalidate=604800"
"""A picture keeps its name when it is drawn anew, so it is asked for again; within the week an old one will do."""


async def product(request: Request) -> Response:
    """GET /images/{sku}.svg."""
    return _picture(request, product_picture(request.path_params["sku"]))


async def banner(request: Request) -> Response:
    """GET /images/banners/{category}.svg."""
    return _picture(request, category_banner(request.path_params["category"]))


def _picture(request: Request, picture: str | None) -> Response:
    if picture is None:
        return Response("Not found", 404, {"Cache-Control": NOT_AT_ALL}, "text/plain")
    body = picture.encode()
    headers = {"Cache-Control": FOR_A_DAY, "ETag": f'"{sha256(body).hexdigest()[:16]}"'}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="image/svg+xml")
