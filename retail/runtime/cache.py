"""The cache: its keys and lifetimes, the way to it, and a wrapper that a broken cache cannot hurt.

ElastiCache Serverless speaks the Redis protocol in cluster mode and only over TLS (T142, T143). Every key has a
lifetime, as keys without one are never evicted (T144). Its certificates are signed by public authorities; another,
such as a local server's, is named by SSL_CERT_FILE, as everywhere in OpenSSL.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from functools import cached_property
from typing import TypeVar, cast
from urllib.parse import quote, urlencode

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.session import Session
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.credentials import CredentialProvider, UsernamePasswordCredentialProvider
from redis.exceptions import RedisClusterException, RedisError
from redis.retry import Retry

log = logging.getLogger(__name__)
T = TypeVar("T")

PRODUCT_SECONDS = 300
"""A product's answer; the inventory handler drops it when the stock changes."""

LISTING_SECONDS = 30
"""A page of products. Nothing drops it, so that what it says of stock is at most this old."""

SEARCH_SECONDS = 60

CATEGORIES_KEY = "categories"
CATEGORIES_SECONDS = 30
"""The categories with the number of their products, JSON bytes. Nothing drops them either."""

PROBE_KEY = "ready"
PROBE_SECONDS = 30
"""What is written to see whether the cache takes a value; nobody reads it."""

LOADING_SECONDS = 2
"""How long the turn of a process that died while it loaded holds the others up, if they waited that long."""

ANSWER_SECONDS = 0.1
"""How long a shopper's request waits for the cache to answer or to be reached, before it asks the database."""

PAUSE_SECONDS = 2.0
"""How long a cache that did not answer is left alone."""

SETTLING_SECONDS = 2
"""How long a dropped key stays barred: longer than a reader usually lags behind the writer, and than a read takes."""

DOUBT_SECONDS = 60
"""How long after a drop a reader may still lag. What is added meanwhile is kept for SETTLING_SECONDS only."""

TOKEN_SECONDS = 900
"""How long a login is good; a connection that has it stays open for up to 12 hours."""

TROUBLE = (RedisError, RedisClusterException, OSError, BotoCoreError)
"""What a cache in trouble raises. The second is no RedisError; a socket or TLS error on the way to the first node comes
as it is; the last is of the login's signature."""


def product_key(sku: str) -> str:
    """The product API's answer, JSON bytes. The braces make the SKU the key's slot, with whatever else has them."""
    return f"product:{{{sku}}}"


def listing_key(category: str | None, page: int, size: int) -> str:
    """A page of the products of a category, or of all."""
    return f"listing:{{{'all' if category is None else 'in ' + quote(category, safe='')}}}:{page}:{size}"


def search_key(query: str, page: int, size: int) -> str:
    """A page of what was found. The query is hashed: it is a customer's text, of any length."""
    return f"search:{{{hashlib.sha256(query.encode()).hexdigest()[:32]}}}:{page}:{size}"


def doubt_key(key: str) -> str:
    """It is there while what readers say of the other key may be old."""
    return f"{key}:dropped"


def turn_key(key: str) -> str:
    """Whoever has this key loads the other one; it lies in the same slot where that one has braces."""
    return f"{key}:loading"


class IamCredentials(CredentialProvider):
    """The login of an IAM user: a signed request that is never sent, good for 15 minutes (T145)."""

    def __init__(self, cache_name: str, user: str) -> None:
        """The credentials and the Region that sign are the environment's."""
        self._cache_name, self._user = cache_name, user

    @cached_property
    def _session(self) -> Session:
        return Session()

    def get_credentials(self) -> tuple[str, str]:
        """User and token, signed anew for each connection, as the credentials themselves are short-lived."""
        query = urlencode({"Action": "connect", "ResourceType": "ServerlessCache", "User": self._user})
        request = AWSRequest("GET", f"http://{self._cache_name}/?{query}")
        region = self._session.get_config_variable("region")
        SigV4QueryAuth(self._session.get_credentials(), "elasticache", region, TOKEN_SECONDS).add_auth(request)
        return self._user, str(request.url).removeprefix("http://")


def password(user: str, secret: str) -> CredentialProvider:
    """The login of a user with a password."""
    return UsernamePasswordCredentialProvider(user, secret)


def connect(host: str, port: int, credentials: CredentialProvider, *, seconds: float = ANSWER_SECONDS) -> RedisCluster:
    """A client of the cluster, which asks for its topology at once; each answer may take so many seconds.

    Raises one of TROUBLE when the cache cannot be reached.
    """
    return RedisCluster(
        host=host,
        port=port,
        ssl=True,
        credential_provider=credentials,
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        # Another try would take longer than asking the database.
        retry=Retry(NoBackoff(), 0),
    )


class Cache:
    """The cache as its users want it: whatever goes wrong is logged and looks like a miss. Threads may share it."""

    def __init__(self, opened: Callable[[], RedisCluster], clock: Callable[[], float] = time.monotonic) -> None:
        """`opened` connects, at the first use and again after trouble; `clock` counts seconds."""
        self._opened = opened
        self._clock = clock
        self._client: RedisCluster | None = None
        self._shut_until = float("-inf")

    def get(self, key: str) -> bytes | None:
        """The value, or None where there is none, the key was just dropped, or the cache is down."""
        # An empty value is a bar, see `drop`; without decode_responses a value is always bytes.
        return cast("bytes | None", self._ask(lambda client: client.get(key))) or None

    def add(self, key: str, value: bytes, seconds: int) -> bool | None:
        """Keep a value that is not there yet; False where one is or was just dropped, None where the cache is down.

        Filling the cache so after a miss, what was read before a change does not hide the change: see `drop`.
        """

        def keep(client: RedisCluster) -> bool:
            is_doubtful = seconds > SETTLING_SECONDS and client.exists(doubt_key(key))
            return bool(client.set(key, value, ex=SETTLING_SECONDS if is_doubtful else seconds, nx=True))

        return self._ask(keep)

    def drop(self, *keys: str) -> bool:
        """Drop values and bar their keys from `add` for SETTLING_SECONDS; False where the cache is down.

        Without the bar, a reader that asked Aurora's reader a moment before would put the old value back for its
        whole lifetime; and so would one that asks later, if Aurora's reader lags longer: see DOUBT_SECONDS.
        """

        def bar(client: RedisCluster) -> bool:
            for key in keys:
                client.set(doubt_key(key), b"1", ex=DOUBT_SECONDS)
                client.set(key, b"", ex=SETTLING_SECONDS)
            return True

        return bool(self._ask(bar))

    def delete(self, *keys: str) -> bool:
        """Delete values; False where the cache is down."""
        return self._ask(lambda client: [client.delete(key) for key in keys]) is not None

    def _ask(self, question: Callable[[RedisCluster], T]) -> T | None:
        if self._clock() < self._shut_until:
            return None
        try:
            client = self._client or self._opened()
            self._client = client
            return question(client)
        except TROUBLE as error:
            self._client, self._shut_until = None, self._clock() + PAUSE_SECONDS
            log.warning("the cache did not answer", extra={"error": f"{type(error).__name__}: {error}"})
            return None
