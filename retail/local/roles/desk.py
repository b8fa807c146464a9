"""Where a part fetches its role's credentials: the endpoint that ECS and Lambda give their containers, on loopback.

    with desk(Roles(aws)) as credentials:
        subprocess.Popen(command, env=environment | credentials.environment(role_arn, ECS_TASKS, "storefront-1"))

The SDK asks for credentials when it has none, and again before they expire. Who asks is known by the token that is in
its environment, so that no part gets another's role.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from retail.local.processes import HOST
from retail.local.roles.sessions import NotTrustedError, Roles

PATH = "/credentials"


@dataclass
class Desk:
    """Who may fetch what. Threads may share it."""

    roles: Roles
    url: str
    _admitted: dict[str, tuple[str, str, str]] = field(default_factory=dict)

    def environment(self, role_arn: str, service: str, name: str) -> dict[str, str]:
        """What tells an SDK where its credentials are: those of the role, in a session of that name."""
        token = secrets.token_urlsafe(24)
        self._admitted[token] = (role_arn, service, name)
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": self.url + PATH,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": token,
        }

    def answer(self, path: str, token: str) -> tuple[int, dict[str, str]]:
        """The status and the JSON for a request."""
        who = self._admitted.get(token)
        if path != PATH or who is None:
            return 403, {"Code": "AccessDenied", "Message": "no credentials for this token"}
        try:
            taken = self.roles.assume(*who)
        except NotTrustedError as error:
            return 403, {"Code": "AccessDenied", "Message": str(error)}
        except (ClientError, BotoCoreError) as error:
            return 500, {"Code": "InternalFailure", "Message": str(error)}
        return 200, {
            "RoleArn": who[0],
            "AccessKeyId": taken.access_key,
            "SecretAccessKey": taken.secret_key,
            "Token": taken.token,
            "Expiration": taken.expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


@contextmanager
def desk(roles: Roles) -> Iterator[Desk]:
    """Serve credentials on a free loopback port until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        wbufsize = -1

        def do_GET(self) -> None:
            status, content = opened.answer(self.path, self.headers.get("Authorization", ""))
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    server.daemon_threads = True
    opened = Desk(roles, f"http://{HOST}:{server.server_port}")
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="credentials", daemon=True).start()
    try:
        yield opened
    finally:
        server.shutdown()
        server.server_close()
