"""After a deployment: does the shop answer by its name, and is its origin closed to everybody else?"""

from __future__ import annotations

import socket
import time
import urllib.error
import urllib.request

from retail.ops.cli import StackError, say

PATH = "/healthz"
PATIENCE_SECONDS = 120
"""How long names and edges may take to hear of a new shop."""

POLL_SECONDS = 5
TIMEOUT_SECONDS = 10


def test(domain: str) -> None:
    """Ask the shop by its name, and its origin without CloudFront. Raises StackError where either is wrong."""
    if not resolves(domain):
        say(f"smoke test: {domain} does not resolve from here, so nothing is asked of it")
        return
    shop_answers(f"https://{domain}{PATH}")
    origin_refuses(f"https://origin.{domain}{PATH}")


def resolves(name: str) -> bool:
    """Whether this machine knows an address for the name."""
    try:
        return bool(socket.getaddrinfo(name, 443, type=socket.SOCK_STREAM))
    except OSError:
        return False


def shop_answers(url: str, patience: float = PATIENCE_SECONDS) -> None:
    """Wait for a 200. Raises StackError with the last answer when it does not come."""
    deadline = time.monotonic() + patience
    while (answer := _ask(url)) != "200":
        if time.monotonic() > deadline:
            raise StackError(f"smoke test failed.\n  asked: {url}\n  cause: it answers {answer}, and 200 is wanted")
        time.sleep(POLL_SECONDS)
    say(f"smoke test: {url} answers 200")


def origin_refuses(url: str) -> None:
    """Raises StackError when the origin serves somebody who is not CloudFront."""
    answer = _ask(url)
    if answer.startswith("2"):
        raise StackError(
            f"smoke test failed.\n  asked: {url}\n  cause: it answers {answer} without CloudFront and its web ACL; "
            "look at X-Origin-Verify on the listener, and at the load balancer's security group"
        )
    say(f"smoke test: the origin turns away who comes without CloudFront ({answer})")


def _ask(url: str) -> str:
    """The status, or why there is none."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:
            return str(response.status)
    except urllib.error.HTTPError as error:
        return str(error.code)
    except OSError as error:
        return str(getattr(error, "reason", error)) or "nothing"
