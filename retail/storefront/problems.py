"""What went wrong, as application/problem+json (RFC 9457) for programs and as a page for people."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import psycopg
from botocore.exceptions import BotoCoreError, ClientError
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from retail.storefront.carts import CartBusyError, CartFullError
from retail.storefront.order_types import (
    AlreadyShippedError,
    EmptyOrderError,
    KeyReusedError,
    MixedCurrenciesError,
    NoSuchOrderError,
    NotForSaleError,
    NotPaidError,
    OutOfStockError,
    PriceChangedError,
)
from retail.storefront.pages import error_page
from retail.storefront.payments import DeclinedError, ProviderTimeoutError
from retail.storefront.sessions import ForgedError

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5


class FieldError(BaseModel):
    """A field of the request that is wrong: its path, such as items[0].quantity, and what is wrong with it."""

    field: str
    message: str


class Problem(BaseModel):
    """Why a request was not answered."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: tuple[FieldError, ...] = ()


DOCUMENTED: dict[int | str, dict[str, Any]] = {
    "default": {"description": "A problem.", "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}}
}
"""What every operation may answer besides; the schema stands in each, as FastAPI collects only JSON models."""

STATUS: dict[type[Exception], tuple[int, str]] = {
    EmptyOrderError: (409, "items"),
    NotForSaleError: (409, "sku"),
    OutOfStockError: (409, "quantity"),
    MixedCurrenciesError: (409, "items"),
    PriceChangedError: (409, "items"),
    KeyReusedError: (409, "Idempotency-Key"),
    CartFullError: (409, "sku"),
    CartBusyError: (409, "sku"),
    NoSuchOrderError: (404, "order_id"),
    NotPaidError: (409, "order_id"),
    AlreadyShippedError: (409, "tracking_number"),
    DeclinedError: (402, "card"),
    ProviderTimeoutError: (503, ""),
    ForgedError: (403, "csrf_token"),
}
"""What each refusal is in HTTP, and the field that it is about."""


def problem(status: int, detail: str, errors: Sequence[FieldError] = ()) -> Response:
    """A problem for a program."""
    told = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=tuple(errors))
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if status == 503 else {}
    return JSONResponse(told.model_dump(), status, headers, MEDIA_TYPE)


def answer(request: Request, status: int, detail: str, errors: Sequence[FieldError] = ()) -> Response:
    """A problem, as whoever asked can read it."""
    if request.url.path.startswith("/api/"):
        return problem(status, detail, errors)
    return error_page(request, status)


def install(app: FastAPI) -> None:
    """Let the application answer with problems."""

    def refused(request: Request, error: Exception) -> Response:
        status, field = STATUS[type(error)]
        errors = [FieldError(field=field, message=str(error))] if field else []
        return answer(request, status, str(error), errors)

    def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        errors = [FieldError(field=_path(each["loc"]), message=each["msg"]) for each in error.errors()]
        return answer(request, 422, "; ".join(f"{each.field}: {each.message}" for each in errors), errors)

    def known(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        is_about_the_body = error.status_code in (400, 413)
        errors = [FieldError(field="body", message=str(error.detail))] if is_about_the_body else []
        response = answer(request, error.status_code, str(error.detail), errors)
        response.headers.update(error.headers or {})
        return response

    def down(request: Request, error: Exception) -> Response:
        log.error("a dependency fails", extra={"path": request.url.path, "error": f"{type(error).__name__}: {error}"})
        return answer(request, 503, "A part of the shop is not answering right now.")

    for refusal in STATUS:
        app.add_exception_handler(refusal, refused)
    for outage in (psycopg.OperationalError, BotoCoreError, ClientError):
        app.add_exception_handler(outage, down)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, known)


def _path(location: Sequence[str | int]) -> str:
    """A field's path: ("body", "items", 0, "sku") is items[0].sku. A body that is no JSON is just body."""
    source, *parts = location
    if source == "header":
        return "-".join(word.capitalize() for word in str(parts[0]).replace("_", "-").split("-"))
    named = [part for part in parts if isinstance(part, str)]
    if not named:
        return str(source)
    path = ""
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path
