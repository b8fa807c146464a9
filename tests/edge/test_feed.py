"""Who watches is told of each request; the platform's page is reached at the shop's address."""

from __future__ import annotations

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from tests.edge.origin import Origin
from tests.edge.world import World


def test_each_request_is_told_with_the_way_it_took(world: World, storefront: Origin) -> None:
    before = world.feed("/requests")["last"]
    world.ask("/static/told.css")
    world.ask("/static/told.css")
    world.ask("/api/products?q=mug")
    world.ask("/?q=%3Cscript%3E")
    world.ask("/direct", port=world.load_balancer_port)
    told = world.feed(f"/requests?after={before}")["requests"]
    target = f"127.0.0.1:{storefront.port}"
    shown = ("entrance", "path", "behaviour", "blocked_by", "cache", "listener_rule", "target", "status")
    assert [tuple(each[name] for name in shown) for each in told] == [
        ("distribution", "/static/told.css", "/static/*", "", "Miss", "1", target, 200),
        ("distribution", "/static/told.css", "/static/*", "", "Hit", "", "", 200),
        ("distribution", "/api/products", "/api/*", "", "", "1", target, 200),
        ("distribution", "/", "", "Common/CrossSiteScripting_QUERYARGUMENTS", "", "", "", 403),
        ("load balancer", "/direct", "", "", "", "default", "", 403),
    ]
    assert [each["number"] for each in told] == list(range(before + 1, before + 6))
    assert all(each["milliseconds"] > 0 and each["method"] == "GET" for each in told)


def grown(before: Any, after: Any) -> Any:
    """The counters that have grown, and by how much."""
    if isinstance(after, int):
        return after - (before or 0)
    more = {name: grown((before or {}).get(name), count) for name, count in after.items() if name != "readings"}
    return {name: count for name, count in more.items() if count}


def test_what_has_come_through_is_counted_by_behaviour_rule_and_refusal(world: World, storefront: Origin) -> None:
    before = world.feed("/counters")
    world.ask("/static/counted.css")
    world.ask("/static/counted.css")
    world.ask("/api/products")
    world.ask("/?q=%3Cscript%3E")
    world.ask("/direct", port=world.load_balancer_port)
    world.ask("/direct", port=world.load_balancer_port, headers={"X-Origin-Verify": world.secret()})
    assert grown(before, world.feed("/counters")) == {
        "requests": 4,
        "refused": 1,
        "blocked": {"Common": 1},
        "behaviours": {"/static/*": {"Miss": 1, "Hit": 1}, "/api/*": {"": 1}},
    }


def test_a_rush_is_counted_to_its_last_request_though_the_first_are_known_no_more(
    world: World, storefront: Origin
) -> None:
    world.ask("/static/rush.css")
    before, last = world.feed("/counters"), world.feed("/requests")["last"]
    for _ in range(700):
        world.ask("/static/rush.css", address="127.0.0.8")
    assert grown(before, world.feed("/counters")) == {"requests": 700, "behaviours": {"/static/*": {"Hit": 700}}}
    assert len(world.feed(f"/requests?after={last}")["requests"]) == 500


def test_the_feed_is_not_reached_through_the_shop(world: World, storefront: Origin) -> None:
    world.ask("/requests")
    world.ask("/requests", port=world.load_balancer_port, headers={"X-Origin-Verify": world.secret()})
    assert [each.target for each in storefront.heard] == ["/requests", "/requests"]


def test_the_feed_answers_only_to_this_machines_name(world: World, storefront: Origin) -> None:
    assert world.ask("/requests", port=world.feed_port, headers={"Host": "evil.example"}).status == 400


def test_the_platforms_page_is_served_past_the_web_acl_and_labelled(world: World, storefront: Origin) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f"page {self.path}".encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", world.page_port), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        answer = world.ask("/_platform/boxes?q=<script>", headers={"User-Agent": ""})
        server.shutdown()
    assert (answer.status, answer.body) == (200, b"page /_platform/boxes?q=<script>")
    assert answer.headers["x-local"] == "not part of the platform"
    assert storefront.heard == []


def test_the_pages_events_arrive_at_once_and_end_when_nobody_watches_any_more(world: World, storefront: Origin) -> None:
    is_over = threading.Event()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"data: tick\n\n")
                    time.sleep(0.05)
            except OSError:
                is_over.set()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", world.page_port), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with socket.create_connection(("127.0.0.1", world.port)) as viewer:
            viewer.sendall(b"GET /_platform/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            received = b""
            while b"data: tick" not in received:
                received += viewer.recv(4096)
        assert is_over.wait(60)
        server.shutdown()


def test_a_page_that_does_not_answer_is_said_to_be_so(world: World, storefront: Origin) -> None:
    answer = world.ask("/_platform")
    assert (answer.status, answer.body) == (
        502,
        f"The platform's page does not answer at 127.0.0.1:{world.page_port}.\n".encode(),
    )
