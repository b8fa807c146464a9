"""The API as a program sees it, from looking around to shipping."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from retail.runtime import cache
from retail.storefront.payments import Sandbox
from retail.storefront.shop import Shop
from retail.storefront.staff import hash_password
from tests.storefront.conftest import World

CARD = {"number": Sandbox.ACCEPTED, "expiry": "04/31", "code": "123"}
NOBODYS = "5c9b7a52-1d0e-4f0a-9c53-0f6f5f1d2a11"  # an order that there is not


def order(client: TestClient, *items: tuple[str, int], key: str = "") -> Response:
    """Order without a cart."""
    body = {"items": [{"sku": sku, "quantity": quantity} for sku, quantity in items]}
    return client.post("/api/orders", json=body, headers={"Idempotency-Key": key or str(uuid4())})


@pytest.fixture
def staff(world: World, shop: Shop, customer: TestClient) -> TestClient:
    """Somebody who may ship."""
    shop.staff.grant("ada", hash_password("a long password"))
    answer = customer.post("/api/staff/session", json={"username": "ada", "password": "a long password"})
    assert answer.status_code == 204
    return customer


def test_a_product_is_found_by_its_number(world: World, visitor: TestClient) -> None:
    sku = world.product(stock=3)
    found = visitor.get(f"/api/products/{sku}")
    assert found.status_code == 200
    assert found.json() == {
        "sku": sku,
        "name": "Enamel mug",
        "category": "Kitchen",
        "price_cents": 1250,
        "currency": "EUR",
        "picture": "/images/mug.svg",
        "availability": "few",
        "description": "Holds coffee.",
        "available": 3,
        "version": 1,
    }


def test_a_category_is_paged_by_name(world: World, visitor: TestClient) -> None:
    category = f"Lamps {uuid4().hex}"
    for name in ("Cube", "Arc", "Beam"):
        world.product(name=name, category=category)
    first, second = (
        visitor.get("/api/products", params={"category": category, "size": 2, "page": page}).json() for page in (1, 2)
    )
    assert [item["name"] for item in first["items"]] == ["Arc", "Beam"]
    assert [item["name"] for item in second["items"]] == ["Cube"]
    assert first["total"] == second["total"] == 3
    beyond = visitor.get("/api/products", params={"category": category, "page": 9}).json()
    assert (beyond["items"], beyond["total"]) == ([], 3)


def test_a_search_finds_words_in_any_form_the_best_match_first(world: World, visitor: TestClient) -> None:
    word = f"zq{uuid4().hex[:8]}"
    world.product(name="Plain vase", description=f"Goes with {word} lamps.")
    world.product(name=f"Lamp {word}", description="Shines.")
    world.product(name="Vase", description="No light.")
    found = visitor.get("/api/products", params={"q": f"{word} lamp"}).json()
    assert [item["name"] for item in found["items"]] == [f"Lamp {word}", "Plain vase"]


def test_a_search_within_a_category_is_another_than_without(world: World, visitor: TestClient) -> None:
    word, category = f"zq{uuid4().hex[:8]}", f"Toys {uuid4().hex}"
    world.product(name=f"Robot {word}", category=category)
    world.product(name=f"Poster {word}", category="Prints")
    everywhere = visitor.get("/api/products", params={"q": word}).json()
    within = visitor.get("/api/products", params={"q": word, "category": category}).json()
    assert (everywhere["total"], within["total"]) == (2, 1)


@pytest.mark.parametrize("body", ["[" * 30_000, '{"quantity": ' + "9" * 5_000 + "}"])
def test_a_body_that_cannot_even_be_parsed_is_named(customer: TestClient, body: str) -> None:
    answer = customer.put("/api/cart/MUG-1", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (400, ["body"])


def test_what_is_not_for_sale_is_not_found(world: World, visitor: TestClient) -> None:
    sku = world.product(is_active=False)
    assert visitor.get(f"/api/products/{sku}").status_code == 404
    assert visitor.get("/api/products/NO-SUCH-THING").status_code == 404


def test_every_category_is_named_with_its_products(world: World, shop: Shop, visitor: TestClient) -> None:
    world.product(category="Kitchen")
    shop.cache.delete(cache.CATEGORIES_KEY)
    assert "Kitchen" in [each["name"] for each in visitor.get("/api/categories").json()]


def test_a_cart_shows_todays_prices_and_keeps_only_what_was_put_in(world: World, customer: TestClient) -> None:
    mug, bowl = world.product(price_cents=1250), world.product(price_cents=900, name="Bowl")
    customer.put(f"/api/cart/{mug}", json={"quantity": 1})
    customer.put(f"/api/cart/{bowl}", json={"quantity": 3})
    filled = customer.put(f"/api/cart/{mug}", json={"quantity": 2}).json()
    assert {item["sku"]: item["quantity"] for item in filled["items"]} == {mug: 2, bowl: 3}
    assert filled["total_cents"] == 2 * 1250 + 3 * 900
    customer.delete(f"/api/cart/{bowl}")
    assert [item["sku"] for item in customer.get("/api/cart").json()["items"]] == [mug]
    customer.delete("/api/cart")
    assert customer.get("/api/cart").json() == {"items": [], "total_cents": 0}


def test_a_shopper_goes_from_cart_to_paid_order(world: World, customer: TestClient) -> None:
    sku = world.product(stock=4)
    customer.put(f"/api/cart/{sku}", json={"quantity": 3})
    placed = customer.post("/api/checkout", headers={"Idempotency-Key": "first"})
    assert placed.status_code == 201
    assert (placed.json()["status"], placed.json()["total_cents"]) == ("placed", 3 * 1250)
    assert customer.get("/api/cart").json()["items"] == []
    address = f"/api/orders/{placed.json()['order_id']}"
    assert customer.get(address).json() == placed.json(), "a shopper sees their own order at once"
    paid = customer.post(f"{address}/payment", json=CARD)
    assert (paid.status_code, paid.json()["status"]) == (200, "paid")
    assert customer.get("/api/orders").json() == [paid.json()]
    again = customer.post("/api/checkout", headers={"Idempotency-Key": "first"})
    assert again.json()["order_id"] == placed.json()["order_id"], "also when the cart is empty by then"


def test_staff_ship_what_is_paid_and_only_once(world: World, staff: TestClient) -> None:
    address = f"/api/staff/orders/{order(staff, (world.product(), 1)).json()['order_id']}/shipment"
    order_address = address.replace("/staff", "").removesuffix("/shipment")
    parcel = {"carrier": "Post", "tracking_number": "PK-4711"}
    assert staff.post(address, json=parcel).status_code == 409, "it is not paid for"
    staff.post(f"{order_address}/payment", json=CARD)
    assert order_address.rsplit("/", 1)[1] in [each["order_id"] for each in staff.get("/api/staff/orders").json()]
    shipped = staff.post(address, json=parcel)
    assert (shipped.status_code, shipped.json()["status"]) == (200, "shipped")
    assert staff.post(address, json=parcel).json() == shipped.json()
    assert staff.post(address, json=parcel | {"tracking_number": "PK-4712"}).status_code == 409
    events = world.one(
        "SELECT count(*) FROM outbox WHERE detail_type = 'OrderShipped' AND detail->>'order_id' = %s",
        shipped.json()["order_id"],
    )
    assert events == 1


def test_only_staff_see_and_ship_others_orders(world: World, customer: TestClient) -> None:
    assert customer.get("/api/staff/orders").status_code == 401
    parcel = {"carrier": "Post", "tracking_number": "PK-4711"}
    assert customer.post(f"/api/staff/orders/{uuid4()}/shipment", json=parcel).status_code == 401
    wrong = customer.post("/api/staff/session", json={"username": "ada", "password": "a wrong password"})
    nobody = customer.post("/api/staff/session", json={"username": "nobody", "password": "a wrong password"})
    assert (wrong.status_code, nobody.status_code) == (401, 401)


def test_whoever_logs_out_is_no_longer_staff(staff: TestClient) -> None:
    assert staff.get("/api/staff/orders").status_code == 200
    staff.delete("/api/staff/session")
    assert staff.get("/api/staff/orders").status_code == 401


def test_a_copy_of_the_cookie_ends_with_the_login_and_another_login_goes_on(
    staff: TestClient, stranger: TestClient
) -> None:
    copied = {"Cookie": f"session={staff.cookies['session']}"}
    password = {"username": "ada", "password": "a long password"}
    assert stranger.post("/api/staff/session", json=password).status_code == 204
    staff.delete("/api/staff/session")
    staff.cookies.clear()
    assert staff.get("/api/staff/orders", headers=copied).status_code == 401
    assert stranger.get("/api/staff/orders").status_code == 200


@pytest.mark.parametrize("change", ["another password", "removed", "removed and let in again"])
def test_who_is_removed_or_has_another_password_is_out_at_once(
    world: World, shop: Shop, staff: TestClient, change: str
) -> None:
    kept = world.one("SELECT password_hash FROM staff WHERE username = 'ada'")
    if change == "another password":
        shop.staff.grant("ada", hash_password("another password"))
    else:
        assert shop.staff.remove("ada")
    if change == "removed and let in again":
        shop.staff.grant("ada", kept)
    assert staff.get("/api/staff/orders").status_code == 401
    assert "<h1>For staff</h1>" in staff.get("/staff").text


def test_a_login_is_forgotten_when_its_twelve_hours_are_over(world: World, shop: Shop, staff: TestClient) -> None:
    world.writer.execute("UPDATE staff_logins SET until = now() WHERE username = 'ada'")
    assert staff.get("/api/staff/orders").status_code == 401
    assert shop.staff.log_in("ada", "a long password")
    assert world.one("SELECT count(*) FROM staff_logins WHERE until <= now()") == 0


def test_a_name_as_cookies_of_before_have_it_is_no_login(shop: Shop, staff: TestClient) -> None:
    assert not shop.staff.is_in("ada")


def test_nobody_sees_or_pays_another_shoppers_order(world: World, customer: TestClient, stranger: TestClient) -> None:
    address = f"/api/orders/{order(customer, (world.product(), 1)).json()['order_id']}"
    assert stranger.get(address).status_code == 404
    assert stranger.post(f"{address}/payment", json=CARD).status_code == 404
    assert stranger.get("/api/orders").json() == []


@pytest.mark.parametrize(
    ("number", "status"), [(Sandbox.DECLINED, 402), ("5555555555554444", 402), (Sandbox.TIMES_OUT, 503)]
)
def test_an_order_stays_unpaid_when_the_card_is_not_charged(
    world: World, customer: TestClient, number: str, status: int
) -> None:
    address = f"/api/orders/{order(customer, (world.product(), 1)).json()['order_id']}"
    assert customer.post(f"{address}/payment", json=CARD | {"number": number}).status_code == status
    assert customer.get(address).json()["status"] == "placed"
    assert customer.post(f"{address}/payment", json=CARD).json()["status"] == "paid", "another try succeeds"


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("GET", "/api/products?page=0", None, "page"),
        ("GET", "/api/products?size=101", None, "size"),
        ("GET", f"/api/products?q={'x' * 101}", None, "q"),
        ("GET", "/api/products?q=%00", None, "q"),
        ("GET", "/api/products?category=%00", None, "category"),
        ("GET", "/api/products/lower", None, "sku"),
        ("GET", "/api/products/lower/recommendations", None, "sku"),
        ("GET", "/api/orders/7", None, "order_id"),
        ("PUT", "/api/cart/MUG-1", {"quantity": 0}, "quantity"),
        ("PUT", "/api/cart/MUG-1", {"quantity": 100}, "quantity"),
        ("PUT", "/api/cart/MUG-1", {"quantity": "2"}, "quantity"),
        ("PUT", "/api/cart/MUG-1", {"quantity": 1, "price_cents": 1}, "price_cents"),
        ("PUT", "/api/cart/MUG-1", None, "body"),
        ("PUT", "/api/cart/NO-SUCH-THING", {"quantity": 1}, "sku"),
        ("POST", "/api/orders", {"items": []}, "items"),
        ("POST", "/api/orders", {"items": [{"sku": "MUG-1", "quantity": -1}]}, "items[0].quantity"),
        ("POST", "/api/orders", {"items": [{"sku": "MUG-1", "quantity": 1}] * 51}, "items"),
        ("POST", "/api/orders", {"items": [{"sku": "NO-SUCH-THING", "quantity": 1}]}, "sku"),
        ("POST", "/api/checkout", None, "items"),
        ("POST", f"/api/orders/{NOBODYS}/payment", CARD | {"number": "1"}, "number"),
        ("POST", f"/api/orders/{NOBODYS}/payment", CARD, "order_id"),
    ],
)
def test_a_problem_names_the_field_that_is_wrong(
    customer: TestClient, method: str, path: str, body: Any, field: str
) -> None:
    answer = customer.request(method, path, json=body, headers={"Idempotency-Key": str(uuid4())})
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_an_order_needs_an_idempotency_key(world: World, customer: TestClient) -> None:
    body = {"items": [{"sku": world.product(), "quantity": 1}]}
    answer = customer.post("/api/orders", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "Idempotency-Key")


def test_more_than_there_is_cannot_be_ordered(world: World, customer: TestClient) -> None:
    plenty, scarce = world.product(stock=9), world.product(stock=2)
    answer = order(customer, (plenty, 1), (scarce, 3))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (409, "quantity")
    assert answer.json()["detail"] == f"Only 2 of {scarce} can be ordered."
    assert world.one("SELECT reserved FROM stock WHERE sku = %s", plenty) == 0, "nothing of it is reserved"


def test_a_price_sent_by_the_client_is_refused(world: World, customer: TestClient) -> None:
    body = {"items": [{"sku": world.product(), "quantity": 1, "unit_price_cents": 1}]}
    answer = customer.post("/api/orders", json=body, headers={"Idempotency-Key": "cheap"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "items[0].unit_price_cents")
