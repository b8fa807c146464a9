"""Who a request comes from: a signed cookie that scripts cannot read and other sites' forms do not send.

There is no account to log in to: a shopper is whoever holds the cookie. The key is derived from the database's
password, which every task has, so that they share it without another secret; a new password ends all sessions.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from itsdangerous import BadSignature, URLSafeSerializer
from starlette.requests import Request, cookie_parser

COOKIE = "session"
KEPT = timedelta(days=180)
"""A shopper who comes back within this still sees their orders."""

STAFF_KEPT = timedelta(hours=12)


class ForgedError(Exception):
    """A form did not come from one of the shop's own pages."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """What the cookie says. Forms carry `csrf_token` in a hidden field; `staff` is a staff member's name."""

    customer_id: str
    cart_id: str
    csrf_token: str
    staff: str | None = None
    staff_until: int = 0


class Sessions:
    """Makes, reads and changes sessions; what was changed is in the answer's cookie."""

    def __init__(self, password: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        key = hmac.digest(password.encode(), b"retail.storefront.sessions", "sha256")
        self._serializer = URLSafeSerializer(key, salt="session", signer_kwargs={"digest_method": hashlib.sha256})
        self._now = now

    def of(self, request: Request) -> Session:
        """Whose request it is."""
        session: Session = request.state.session
        return session

    def check(self, request: Request, csrf_token: str) -> None:
        """Raises ForgedError unless this is the token of the request's session."""
        if not hmac.compare_digest(self.of(request).csrf_token.encode(), csrf_token.encode(errors="replace")):
            raise ForgedError("This form has expired; load its page again.")

    def log_in(self, request: Request, staff: str) -> None:
        """A staff member has shown their password. Forms of before are void."""
        until = int((self._now() + STAFF_KEPT).timestamp())
        session = replace(self.of(request), staff=staff, staff_until=until, csrf_token=_token())
        request.state.session = session

    def log_out(self, request: Request) -> None:
        """Whoever it was is no longer staff."""
        request.state.session = replace(self.of(request), staff=None, staff_until=0, csrf_token=_token())

    def new(self) -> Session:
        """A shopper who comes for the first time."""
        return Session(customer_id=str(uuid4()), cart_id=str(uuid4()), csrf_token=_token())

    def read(self, cookies: str) -> Session | None:
        """The session in a Cookie header; None where there is none, or one that is not from here."""
        try:
            # The standard library's parser gives all cookies up for one, such as a parent domain's, that holds JSON.
            value = cookie_parser(cookies).get(COOKIE)
            said: Any = self._serializer.loads(value) if value else None
            session = Session(**said) if said else None
        except (BadSignature, TypeError):
            return None
        if session and session.staff and session.staff_until < self._now().timestamp():
            return replace(session, staff=None, staff_until=0)
        return session

    def cookie(self, session: Session, *, is_secure: bool) -> str:
        """The Set-Cookie header."""
        value = self._serializer.dumps(asdict(session))
        text = value.decode() if isinstance(value, bytes) else value
        attributes = f"Path=/; Max-Age={int(KEPT.total_seconds())}; HttpOnly; SameSite=Lax"
        return f"{COOKIE}={text}; {attributes}{'; Secure' if is_secure else ''}"


def _token() -> str:
    return secrets.token_urlsafe(18)
