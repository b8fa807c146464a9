"""Letting staff in and out: what the cookie says, checked against the logins that the database has."""

from __future__ import annotations

from starlette.requests import Request

from retail.storefront.shop import Shop


def is_staff(shop: Shop, request: Request) -> bool:
    """Whether a member of staff asks, whose login nobody has ended since. Raises psycopg's errors."""
    login_id = shop.sessions.of(request).staff
    return login_id is not None and shop.staff.is_in(login_id)


def log_in(shop: Shop, request: Request, username: str, password: str) -> bool:
    """Let staff in; whether name and password belong together. Raises psycopg's errors."""
    login_id = shop.staff.log_in(username, password)
    if login_id is None:
        return False
    shop.sessions.log_in(request, login_id)
    return True


def log_out(shop: Shop, request: Request) -> None:
    """End the login that the request comes with, also for copies of its cookie. Raises psycopg's errors."""
    login_id = shop.sessions.of(request).staff
    if login_id is not None:
        shop.staff.log_out(login_id)
    shop.sessions.log_out(request)
