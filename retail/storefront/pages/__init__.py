"""The shop's pages: rendered here, fast without a script, "so ECS containers can render personalized content".

Whoever makes the application includes `router` and calls `mount_static`.
"""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from starlette.applications import Starlette

from retail.storefront.pages import browse, buy, images, orders, staff
from retail.storefront.pages.assets import Assets
from retail.storefront.pages.views import Views, error_page

__all__ = ["error_page", "mount_static", "router"]

router = APIRouter()
for part in (browse, buy, orders, staff):
    router.include_router(part.router)


def mount_static(app: Starlette) -> None:
    """Read the static files, prepare the templates, and serve /static and /images."""
    assets = Assets(Path(__file__).parents[1] / "static")
    app.state.views = Views(assets)
    app.add_route("/static/{name}", assets.serve)
    app.add_route("/images/{sku}.svg", images.product)
    app.add_route("/images/banners/{category}.svg", images.banner)
