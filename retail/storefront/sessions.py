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

FRESH = "session_fresh"
"""The cookie that is there while the other one is young. It is one of its own, and no field of the session, as a task
of the version before would take a session with a field that it does not know for nobody's."""

FRESH_FOR = timedelta(days=7)
"""After this a session is issued anew with the next answer, so that its time begins again."""

STAFF_KEPT = timedelta(hours=12)


class ForgedError(Exception):
    """A form did not come from one of the shop's own pages."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """What the cookie says. Forms carry `csrf_token` in a hidden field; `staff` is the id of a login of staff, which
    only counts while the database has it (staff.py)."""

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

    def log_in(self, request: Request, login_id: str) -> None:
        """A staff member has shown their password. Forms of before are void."""
        until = int((self._now() + STAFF_KEPT).timestamp())
        session = replace(self.of(request), staff=login_id, staff_until=until, csrf_token=_token())
        request.state.session = session

    def log_out(self, request: Request) -> None:
        """Whoever it was is no longer staff in this browser."""
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

    def is_fresh(self, cookies: str) -> bool:
        """Whether the session in a Cookie header need not be issued anew yet."""
        return FRESH in cookie_parser(cookies)

    def cookies(self, session: Session, *, is_secure: bool) -> tuple[str, str]:
        """The Set-Cookie headers: the session, and that it is fresh."""
        value = self._serializer.dumps(asdict(session))
        text = value.decode() if isinstance(value, bytes) else value
        return _cookie(COOKIE, text, KEPT, is_secure), _cookie(FRESH, "yes", FRESH_FOR, is_secure)


def _cookie(name: str, value: str, kept: timedelta, is_secure: bool) -> str:
    attributes = f"Path=/; Max-Age={int(kept.total_seconds())}; HttpOnly; SameSite=Lax"
    return f"{name}={value}; {attributes}{'; Secure' if is_secure else ''}"


def _token() -> str:
    return secrets.token_urlsafe(18)
