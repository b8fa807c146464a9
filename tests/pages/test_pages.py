"""What the pages promise, asked over HTTP."""

from __future__ import annotations

import re
import subprocess
from hashlib import sha256
from xml.etree import ElementTree

import httpx
import pytest

from retail.storefront.seed.products import CATEGORIES, products
from retail.storefront.staff import hash_password
from tests.pages.forms import GOOD_CARD, buy, forms, order_id, send
from tests.pages.running import PASSWORD, STAFF, Running

NOBODYS = "00000000-0000-4000-8000-000000000000"

POSTS = ("/cart/add", "/cart/update", "/cart/remove", "/checkout", f"/orders/{NOBODYS}/payment", "/staff/login",
         "/staff/logout")  # fmt: skip


def reserved(shop: Running, sku: str) -> int:
    row = shop.database.execute("SELECT reserved FROM stock WHERE sku = %s", [sku]).fetchone()
    assert row
    return int(row[0])


@pytest.mark.parametrize("path", POSTS)
def test_a_form_without_the_sessions_token_is_refused(visitor: httpx.Client, path: str) -> None:
    visitor.get("/")
    answer = visitor.post(path, data={"sku": "KIT-101", "quantity": "1", **GOOD_CARD})
    assert answer.status_code == 403
    assert "<h1>Please try once more</h1>" in answer.text


def test_a_form_with_another_sessions_token_is_refused(visitor: httpx.Client, shop: Running) -> None:
    with httpx.Client(base_url=shop.url, timeout=60) as other:
        fields = forms(other.get("/products/KIT-101"))["/cart/add"]
    visitor.get("/")
    assert visitor.post("/cart/add", data=fields).status_code == 403


def test_static_files_are_kept_for_a_year_under_names_with_their_contents_hash(visitor: httpx.Client) -> None:
    addresses = set(re.findall(r'"(/static/[^"]+)"', visitor.get("/").text))
    assert {address.rsplit(".", 1)[1] for address in addresses} == {"css", "js", "svg"}
    for address in addresses:
        answer = visitor.get(address)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert sha256(answer.content).hexdigest()[:12] in address
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/static/shop.css", "/static/shop.000000000000.css", "/images/NOPE-1.svg",
                                  "/images/banners/nope.svg"])  # fmt: skip
def test_a_file_that_is_not_there_is_not_remembered_as_missing(visitor: httpx.Client, path: str) -> None:
    answer = visitor.get(path)
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"


def test_every_product_and_category_has_its_picture(visitor: httpx.Client, shop: Running) -> None:
    pictures = [row[0] for row in shop.database.execute("SELECT picture FROM products ORDER BY sku").fetchall()]
    assert len(pictures) >= 200
    for path in [*pictures, *(f"banners/{category}.svg" for category in CATEGORIES)]:
        answer = visitor.get(f"/images/{path}")
        assert answer.headers["Content-Type"] == "image/svg+xml", path
        assert answer.headers["Cache-Control"].startswith("public, max-age=86400")
        assert "Set-Cookie" not in answer.headers
        ElementTree.fromstring(answer.content)


def test_a_picture_that_has_not_changed_is_not_sent_again(visitor: httpx.Client) -> None:
    first = visitor.get("/images/KIT-101.svg")
    again = visitor.get("/images/KIT-101.svg", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_pages_hold_no_inline_style_or_script_and_are_never_kept(visitor: httpx.Client) -> None:
    buy(visitor, "KIT-103")
    for path in ("/", "/products", "/products/KIT-101", "/cart", "/orders", "/staff", "/nowhere"):
        answer = visitor.get(path)
        assert answer.headers["Cache-Control"] == "no-store", path
        assert not re.search(r"<style|<script(?![^>]* src=)|\sstyle=|\son\w+=|javascript:", answer.text), path


@pytest.mark.parametrize(
    ("path", "status"),
    [("/nowhere", 404), ("/products/NOPE-1", 404), ("/products/%00", 404), ("/products?page=99", 404),
     ("/products?category=nope", 404), ("/products?page=0", 422), ("/products?page=x", 422),
     ("/products?q=" + "x" * 101, 422), (f"/orders/{NOBODYS}", 404), ("/orders/x", 422)],
)  # fmt: skip
def test_what_cannot_be_shown_is_a_page_that_says_so(visitor: httpx.Client, path: str, status: int) -> None:
    answer = visitor.get(path)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert 'href="/">To the shop</a>' in answer.text


def test_whoever_may_read_a_page_may_ask_for_its_head(visitor: httpx.Client) -> None:
    answer = visitor.head("/products/KIT-101")
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_search_finds_by_word_stem_and_keeps_its_words_from_page_to_page(visitor: httpx.Client) -> None:
    first = visitor.get("/products", params={"q": "warmth"})
    assert "Hearth Mug" in first.text
    paged = visitor.get("/products", params={"q": "a or the or and or wool or linen or oak or steel or cotton"})
    following = re.search(r'href="(/products\?q=[^"]+page=2)" rel="next"', paged.text)
    assert following
    assert visitor.get(following[1].replace("&amp;", "&")).text.count('class="card') > 0


def test_what_a_product_is_called_is_text_and_never_markup(visitor: httpx.Client, shop: Running) -> None:
    shop.database.execute(
        "INSERT INTO products (sku, name, description, category, price_cents, currency, picture)"
        " VALUES ('XSS-1', '<script>alert(1)</script>', '\"><b>', 'kitchen', 100, 'USD', 'XSS-1.svg')"
    )
    try:
        page = visitor.get("/products/XSS-1")
        assert "<h1>&lt;script&gt;alert(1)&lt;/script&gt;</h1>" in page.text
        assert '"><b>' not in page.text
        assert "<script>" not in visitor.get("/products", params={"q": "<script>"}).text
    finally:
        shop.database.execute("DELETE FROM products WHERE sku = 'XSS-1'")
        shop.forget()


def test_a_price_that_a_form_claims_changes_nothing(visitor: httpx.Client) -> None:
    send(visitor, "/products/KIT-104", "/cart/add", price_cents="1", unit_price_cents="1")
    assert "$16.00" in send(visitor, "/checkout", "/checkout", total_cents="1", **GOOD_CARD).text


def test_over_https_every_cookie_is_for_https_alone(visitor: httpx.Client) -> None:
    cookies = visitor.get("/cart", headers={"X-Forwarded-Proto": "https"}).headers.get_list("set-cookie")
    assert sorted(cookie.split("=")[0] for cookie in cookies) == ["cart_items", "session", "session_fresh"]
    assert [cookie for cookie in cookies if "; secure" not in cookie.lower()] == []


def test_nobody_pays_another_total_than_the_form_has_shown(visitor: httpx.Client, shop: Running) -> None:
    send(visitor, "/products/KIT-106", "/cart/add")
    page = visitor.get("/checkout")
    fields = {**forms(page)["/checkout"], **GOOD_CARD}
    before = fields["agreed_cents"]
    shop.database.execute("UPDATE products SET price_cents = price_cents + 100 WHERE sku = 'KIT-106'")
    try:
        refused = visitor.post("/checkout", data=fields)
        assert (refused.status_code, "Nothing has been ordered." in refused.text) == (409, True)
        assert "Nothing ordered yet" in visitor.get("/orders").text
        again = forms(visitor.get("/checkout"))["/checkout"]
        assert int(again["agreed_cents"]) == int(before) + 100, "the new price is shown at once"
        assert "Thank you" in visitor.post("/checkout", data={**again, **GOOD_CARD}, follow_redirects=True).text
    finally:
        shop.database.execute("UPDATE products SET price_cents = price_cents - 100 WHERE sku = 'KIT-106'")
        shop.forget()


@pytest.mark.parametrize("total", ["1", "", "-1", "x", "9" * 30])
def test_a_form_that_shows_another_total_orders_nothing(visitor: httpx.Client, total: str) -> None:
    send(visitor, "/products/KIT-104", "/cart/add")
    assert send(visitor, "/checkout", "/checkout", agreed_cents=total, **GOOD_CARD).status_code == 409
    assert "Nothing ordered yet" in visitor.get("/orders").text


@pytest.mark.parametrize("address", ["/products?q=a%00b", "/products?category=%00", "/products?q=a%0Ab"])
def test_an_address_with_control_characters_is_refused(visitor: httpx.Client, address: str) -> None:
    assert visitor.get(address).status_code == 422


@pytest.mark.parametrize(
    ("page", "action", "field"),
    [
        ("/products/KIT-101", "/cart/add", "sku"),
        ("/products/KIT-101", "/cart/add", "quantity"),
        ("/checkout", "/checkout", "idempotency_key"),
        ("/checkout", "/checkout", "number"),
        ("/staff", "/staff/login", "username"),
        ("/staff", "/staff/login", "password"),
    ],
)
def test_a_field_with_control_characters_is_refused(visitor: httpx.Client, page: str, action: str, field: str) -> None:
    send(visitor, "/products/KIT-104", "/cart/add")
    assert send(visitor, page, action, **{**GOOD_CARD, field: "a\0b"}).status_code == 422


@pytest.mark.parametrize("quantity", ["0", "-1", "100", "1.5", "", "9" * 40, "²"])
def test_a_quantity_is_from_1_to_99(visitor: httpx.Client, quantity: str) -> None:
    answer = send(visitor, "/products/KIT-101", "/cart/add", quantity=quantity)
    assert answer.status_code == 422
    assert "Please choose a quantity from 1 to 99." in answer.text
    assert "It is empty." in answer.text


def test_what_is_added_twice_is_there_twice(visitor: httpx.Client) -> None:
    send(visitor, "/products/KIT-101", "/cart/add", quantity="2")
    cart = send(visitor, "/products/KIT-101", "/cart/add", quantity="3")
    assert forms(cart)["/cart/update"]["quantity"] == "5"


def test_the_same_checkout_sent_twice_is_one_order(visitor: httpx.Client, shop: Running) -> None:
    before = reserved(shop, "KIT-110")
    send(visitor, "/products/KIT-110", "/cart/add")
    fields = {**forms(visitor.get("/checkout"))["/checkout"], **GOOD_CARD}
    first, second = (visitor.post("/checkout", data=fields, follow_redirects=True) for _ in range(2))
    assert "Thank you for your order" in first.text
    assert order_id(first) == order_id(second)
    assert reserved(shop, "KIT-110") == before + 1
    assert "It is empty." in visitor.get("/cart").text


def test_an_order_whose_card_is_declined_is_kept_and_can_be_paid_with_another(visitor: httpx.Client) -> None:
    declined = buy(visitor, "KIT-105", number="4000 0000 0000 0002")
    assert declined.status_code == 402
    assert "The card was declined." in declined.text
    order = order_id(declined)
    paid = send(visitor, f"/orders/{order}", f"/orders/{order}/payment", **GOOD_CARD)
    assert "Thank you for your order" in paid.text
    assert order_id(paid) == order


def test_a_provider_that_does_not_answer_loses_no_order(visitor: httpx.Client) -> None:
    waiting = buy(visitor, "KIT-105", number="4000 0000 0000 0119")
    assert waiting.status_code == 503
    assert order_id(waiting) in visitor.get("/orders").text


def test_what_sells_out_on_the_way_to_the_till_is_not_ordered(visitor: httpx.Client, shop: Running) -> None:
    send(visitor, "/products/KIT-118", "/cart/add", quantity="2")
    fields = {**forms(visitor.get("/checkout"))["/checkout"], **GOOD_CARD}
    shop.database.execute("UPDATE stock SET on_hand = 1 WHERE sku = 'KIT-118'")
    answer = visitor.post("/checkout", data=fields)
    assert answer.status_code == 409
    assert "Nothing has been ordered." in answer.text
    assert "Only 1 left: please take fewer." in answer.text, "though the cache had more"
    assert reserved(shop, "KIT-118") == 0
    assert "Nothing ordered yet" in visitor.get("/orders").text


def test_a_product_that_is_taken_off_the_shelf_leaves_the_cart_and_does_not_block_it(
    visitor: httpx.Client, shop: Running
) -> None:
    send(visitor, "/products/KIT-119", "/cart/add")
    send(visitor, "/products/KIT-101", "/cart/add")
    shop.database.execute("UPDATE products SET is_active = false WHERE sku = 'KIT-119'")
    shop.forget()
    try:
        assert "Bread Knife" not in visitor.get("/cart").text
        assert "Thank you for your order" in send(visitor, "/checkout", "/checkout", **GOOD_CARD).text
    finally:
        shop.database.execute("UPDATE products SET is_active = true WHERE sku = 'KIT-119'")
        shop.forget()


def test_an_order_is_shown_to_nobody_else(visitor: httpx.Client, shop: Running) -> None:
    order = order_id(buy(visitor, "KIT-101"))
    with httpx.Client(base_url=shop.url, timeout=60) as other:
        assert other.get(f"/orders/{order}").status_code == 404
        fields = forms(other.get("/products/KIT-101"))["/cart/add"]
        assert other.post(f"/orders/{order}/payment", data={**fields, **GOOD_CARD}).status_code == 404
        assert order not in other.get("/orders").text


def test_only_staff_ship_and_only_what_is_paid_for(visitor: httpx.Client, shop: Running) -> None:
    parcel = {"carrier": "Parcel Post", "tracking_number": "PP-1"}
    unpaid = order_id(buy(visitor, "KIT-101", number="4000 0000 0000 0002"))
    token = forms(visitor.get("/products/KIT-101"))["/cart/add"]["csrf_token"]
    refused = visitor.post(f"/staff/orders/{unpaid}/ship", data={"csrf_token": token, **parcel})
    assert refused.status_code == 403

    wrong = send(visitor, "/staff", "/staff/login", username=STAFF, password="guess")
    assert (wrong.status_code, "Wrong name or password." in wrong.text) == (401, True)
    inside = send(visitor, "/staff", "/staff/login", username=STAFF, password=PASSWORD)
    assert unpaid not in inside.text
    token = forms(inside)["/staff/logout"]["csrf_token"]
    early = visitor.post(f"/staff/orders/{unpaid}/ship", data={"csrf_token": token, **parcel})
    assert (early.status_code, "The order is not paid for." in early.text) == (409, True)

    paid = order_id(buy(visitor, "KIT-101"))
    vague = send(visitor, "/staff", f"/staff/orders/{paid}/ship", carrier="?", tracking_number="PP-9")
    assert vague.status_code == 422
    assert 'aria-describedby="carrier-error"' in vague.text
    assert 'value="PP-9"' in vague.text, "what was typed is still there"
    assert (
        f'Order <span class="number">{paid}</span> is on its way.'
        in send(visitor, "/staff", f"/staff/orders/{paid}/ship", carrier="Parcel Post", tracking_number="PP-9").text
    )
    send(visitor, "/staff", "/staff/logout")
    assert paid not in visitor.get("/staff").text


def test_a_command_lets_staff_in_and_no_more(visitor: httpx.Client, shop: Running) -> None:
    shop.run("retail.storefront.staff", "grant", "grace", hash_password(PASSWORD))
    assert "<h1>To ship</h1>" in send(visitor, "/staff", "/staff/login", username="grace", password=PASSWORD).text
    shop.run("retail.storefront.staff", "remove", "grace")
    assert "<h1>For staff</h1>" in visitor.get("/staff").text
    with pytest.raises(subprocess.CalledProcessError) as failure:
        shop.run("retail.storefront.staff", "remove", "grace")
    assert failure.value.returncode == 2


def test_sold_out_products_are_marked_and_cannot_be_put_into_the_cart_from_their_page(visitor: httpx.Client) -> None:
    gone = next(product for product in products().values() if not product.on_hand)
    page = visitor.get(f"/products/{gone.sku}")
    assert "Sold out for now" in page.text
    assert "/cart/add" not in forms(page)
