"""The storefront as a process, as `main` serves it, but with the local cache's password: python -m ... PORT PATH."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from redis.credentials import CredentialProvider

from retail.contracts import settings
from retail.runtime import cache
from retail.runtime import logging as structured
from retail.storefront import discovery
from retail.storefront.app import create_app, serve
from retail.storefront.aws import Clients
from tests.storefront.patience import be_patient


def main(port: int, path: str) -> None:
    """Serve, with one route more, which takes its time."""
    structured.configure("storefront")
    be_patient(pytest.MonkeyPatch())
    clients = Clients.make()

    def login(endpoints: discovery.Endpoints) -> CredentialProvider:
        return cache.password(endpoints.cache_user, os.environ["LOCAL_CACHE_PASSWORD"])

    def slow(begun: str, until: str) -> dict[str, str]:
        Path(begun).touch()
        while not Path(until).exists():
            time.sleep(0.02)
        return {"said": "all of it"}

    app = create_app(
        settings.Credentials.read(os.environ), clients, "model", lambda: discovery.find(clients.ssm, path), login
    )
    app.add_api_route("/api/slow", slow, include_in_schema=False)
    serve(app, port)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
