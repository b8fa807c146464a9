"""The load balancer: nobody comes in but through the distribution, and requests go to healthy targets."""

from __future__ import annotations

import http.client

import pytest

from tests.edge.origin import Origin, Says, origin
from tests.edge.world import World, until


@pytest.mark.parametrize("headers", [{}, {"X-Origin-Verify": "wrong"}], ids=["no header", "wrong header"])
def test_the_load_balancer_answers_403_to_whoever_does_not_bring_the_secret_header(
    world: World, storefront: Origin, headers: dict[str, str]
) -> None:
    answer = world.ask("/api/products", headers=headers, port=world.load_balancer_port)
    assert (answer.status, answer.body) == (403, b"Forbidden")
    assert storefront.heard == []


def test_the_distribution_brings_the_deployed_secret_whatever_the_viewer_says(world: World, storefront: Origin) -> None:
    assert world.ask("/api/products", headers={"X-Origin-Verify": "wrong"}).status == 200
    assert storefront.heard[0].headers["x-origin-verify"] == world.secret()


def test_a_target_is_told_who_asked_and_of_which_host(world: World, storefront: Origin) -> None:
    world.ask("/account?tab=orders", headers={"Host": "store.example.com"}, address="127.0.0.5")
    heard = storefront.heard[0]
    assert heard.target == "/account?tab=orders"
    assert heard.headers["host"] == "store.example.com"
    assert heard.headers["x-forwarded-for"] == "127.0.0.5, 127.0.0.1"
    assert heard.headers["x-forwarded-proto"] == "http"
    assert heard.headers["x-forwarded-port"] == "443"
    assert heard.headers["x-amzn-trace-id"].startswith("Root=1-")


def test_a_body_arrives_as_it_was_sent(world: World, storefront: Origin) -> None:
    body = b"x" * 300_000
    assert world.ask("/api/reviews", "POST", body=body).status == 200
    assert storefront.heard[0].body == body


def test_header_names_that_are_none_are_dropped(world: World, storefront: Origin) -> None:
    world.ask("/", headers={"X_Under_Score": "1", "X-Hyphen": "1"})
    assert "x-hyphen" in storefront.heard[0].headers
    assert "x_under_score" not in storefront.heard[0].headers


def test_what_concerns_one_connection_only_does_not_go_on(world: World, storefront: Origin) -> None:
    world.ask("/", headers={"Connection": "keep-alive, X-Hop", "X-Hop": "1", "TE": "trailers"})
    assert not {"x-hop", "te"} & set(storefront.heard[0].headers)


def test_a_target_that_breaks_off_is_a_bad_gateway(world: World, storefront: Origin) -> None:
    storefront.says["/api/cart"] = Says(breaks_off=True)
    assert world.ask("/api/cart", "POST", body=b"{}").status == 502


def test_an_answer_that_is_cut_short_is_not_taken_for_a_whole_one(world: World, storefront: Origin) -> None:
    storefront.says["/report"] = Says(body=b"x" * 200_000, stops_after=100_000)
    with pytest.raises(http.client.IncompleteRead):
        world.ask("/report")
    assert "Traceback" not in world.log.read_text()


@pytest.mark.slow
def test_without_targets_the_service_is_unavailable(world: World, storefront: Origin) -> None:
    world.register()
    answer = world.ask("/")
    world.register(storefront)
    assert (answer.status, answer.cache) == (503, "Error")


@pytest.mark.slow
def test_targets_take_turns(world: World, storefront: Origin) -> None:
    with origin("second", "127.0.0.2") as second:
        world.register(storefront, second)
        answers = {world.ask("/").body.split()[0] for _ in range(4)}
        world.register(storefront)
    assert answers == {b"storefront", b"second"}


@pytest.mark.slow
def test_an_unhealthy_target_gets_no_request_until_it_is_well_again(world: World, storefront: Origin) -> None:
    with origin("second", "127.0.0.2") as second:
        second.health = 503
        world.register(storefront, second)
        answers = {world.ask("/").body.split()[0] for _ in range(4)}
        second.health = 200
        until(lambda: {each["state"] for each in world.feed("/targets")} == {"healthy"})
        later = {world.ask("/").body.split()[0] for _ in range(4)}
        world.register(storefront)
    assert answers == {b"storefront"}
    assert later == {b"storefront", b"second"}


@pytest.mark.slow
def test_with_no_healthy_target_at_all_requests_go_to_any(world: World, storefront: Origin) -> None:
    with origin("second", "127.0.0.2") as second:
        second.health = 500
        world.register(second)
        answer = world.ask("/")
        world.register(storefront)
    assert (answer.status, answer.body) == (200, b"second 1")
