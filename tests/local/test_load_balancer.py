"""The deployed load balancer's data plane, over HTTP."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from retail.local.emulator import Emulator
from tests.local.conftest import Deployer


@pytest.fixture(scope="module")
def balancer(deployer: Deployer, boto: Callable[..., Any], survival: dict[str, str]) -> Iterator[str]:
    """The DNS name of a load balancer with one target on this machine."""

    class Target(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f"storefront {self.path}".encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Target) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        boto("elbv2").register_targets(
            TargetGroupArn=survival["Targets"], Targets=[{"Id": "127.0.0.1", "Port": server.server_port}]
        )
        yield deployer.outputs("survival")["BalancerDns"]
        server.shutdown()


@pytest.fixture(scope="module")
def secret(boto: Callable[..., Any], survival: dict[str, str]) -> str:
    import json

    value = boto("secretsmanager").get_secret_value(SecretId=survival["Secret"])["SecretString"]
    return str(json.loads(value)["password"])


def get(url: str, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.parametrize("headers", [{}, {"X_Origin_Verify": "wrong"}], ids=["no header", "wrong header"])
def test_requests_without_the_secret_header_get_403(aws: Emulator, balancer: str, headers: dict[str, str]) -> None:
    assert get(f"{aws.url}/products", Host=balancer, **headers) == (403, "forbidden")


def test_requests_with_the_secret_header_reach_a_target(aws: Emulator, balancer: str, secret: str) -> None:
    assert get(f"{aws.url}/products", Host=balancer, X_Origin_Verify=secret) == (200, "storefront /products")


def test_the_load_balancer_answers_by_path_too(aws: Emulator, balancer: str, secret: str) -> None:
    assert get(f"{aws.url}/_alb/survival/products", X_Origin_Verify=secret) == (200, "storefront /products")
