"""AWS's price list on this machine: a server that speaks its protocol and knows the products it is given."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def product(service: str, usage: str, *tiers: float, region: str = "us-east-1", **attributes: str) -> dict[str, Any]:
    """A product of the list, with its prices by tier."""
    dimensions = {
        f"R{begin}": {"beginRange": str(begin), "pricePerUnit": {"USD": f"{usd:.10f}"}, "unit": "unit"}
        for begin, usd in enumerate(tiers)
    }
    return {
        "product": {"attributes": attributes | {"servicecode": service, "usagetype": usage, "regionCode": region}},
        "terms": {"OnDemand": {"T": {"effectiveDate": "2026-11-01T00:00:00Z", "priceDimensions": dimensions}}},
    }


@contextmanager
def price_list(products: list[dict[str, Any]]) -> Iterator[str]:
    """The server's URL; it answers one product a page, and an error for a service that it does not know."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.headers["X-Amz-Target"] == "AWSPriceListService.GetProducts"
            wanted = {each["Field"]: each["Value"] for each in asked["Filters"]}
            of_service = [
                each for each in products if each["product"]["attributes"]["servicecode"] == asked["ServiceCode"]
            ]
            found = [each for each in of_service if wanted.items() <= each["product"]["attributes"].items()]
            at = int(asked.get("NextToken", "0"))
            answer: dict[str, Any] = {
                "FormatVersion": "aws_v1",
                "PriceList": [json.dumps(e) for e in found[at : at + 1]],
            }
            if at + 1 < len(found):
                answer["NextToken"] = str(at + 1)
            if not of_service:
                answer = {"__type": "InvalidParameterException", "message": "no such service"}
            body = json.dumps(answer).encode()
            self.send_response(200 if of_service else 400)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
