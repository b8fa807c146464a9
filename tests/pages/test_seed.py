"""What the shop begins with."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import httpx

from retail.contracts import lake
from retail.storefront.seed.pictures import BANNERS, MOTIFS, TINTS, category_banner, product_picture
from retail.storefront.seed.pictures.pen import COLOURS
from retail.storefront.seed.products import CATEGORIES, products
from tests.pages.running import NAME, ROOT, Running

DRAW = """
from hashlib import sha256
from retail.contracts import lake
from retail.storefront.seed.pictures import category_banner, product_picture
from retail.storefront.seed.products import CATEGORIES, products
pictures = [*map(product_picture, products()), *map(category_banner, CATEGORIES)]
print(sha256("".join(pictures).encode()).hexdigest())
"""


def test_the_shop_has_at_least_200_products_in_8_to_10_categories_and_none_twice() -> None:
    every = products().values()
    assert len(every) >= 200
    assert 8 <= len(CATEGORIES) <= 10
    assert {product.category for product in every} == set(CATEGORIES) == set(TINTS) == set(BANNERS)
    assert len({product.name for product in every}) == len(every) == len({product.description for product in every})
    assert all(product.price_cents > 0 and product.on_hand >= 0 for product in every)


def test_some_products_are_nearly_gone_and_some_sold_out_so_that_both_are_seen() -> None:
    stock = [product.on_hand for product in products().values()]
    assert stock.count(0) >= 5
    assert sum(0 < pieces <= 5 for pieces in stock) >= 5


def test_every_motif_is_drawn_for_some_product_and_every_colour_is_known() -> None:
    assert {product.motif for product in products().values()} == set(MOTIFS)
    assert {product.colour for product in products().values()} <= set(COLOURS)


def test_no_two_products_look_the_same() -> None:
    looks = Counter((product.motif, product.colour) for product in products().values())
    assert [look for look, times in looks.items() if times > 1] == []


def test_pictures_carry_no_style_script_or_address_that_a_policy_would_refuse() -> None:
    pictures = [*(product_picture(sku) for sku in products()), *(category_banner(each) for each in CATEGORIES)]
    for picture in pictures:
        assert picture
        assert not re.search(r"style|<script|href|\son\w+=", picture)
        assert re.findall(r"https?://[^\"]+", picture) == ["http://www.w3.org/2000/svg"]


def test_the_same_product_is_drawn_the_same_in_every_task() -> None:
    pictures = [*(product_picture(sku) or "" for sku in products()), *(category_banner(c) or "" for c in CATEGORIES)]
    here = sha256("".join(pictures).encode()).hexdigest()
    elsewhere = subprocess.run([sys.executable, "-c", DRAW], cwd=ROOT, capture_output=True, text=True, check=True)
    assert elsewhere.stdout.strip() == here


def test_filling_the_shop_again_changes_nothing_and_refills_no_stock(shop: Running) -> None:
    shop.database.execute("UPDATE stock SET on_hand = 7 WHERE sku = 'PAN-101'")
    before = shelf(shop)
    shop.run("retail.storefront.seed")
    assert shelf(shop) == before
    assert recorded(shop, "PAN-101") == [1]


def test_a_product_that_differs_is_mended_as_a_new_version_and_the_lake_is_told(shop: Running) -> None:
    before = shelf(shop)
    shop.database.execute("UPDATE products SET price_cents = 1 WHERE sku = 'PAN-102'")
    shop.forget()
    assert price(shop, "PAN-102") == 1
    # Two at once: the second finds nothing left to do.
    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(shop.run, "retail.storefront.seed") for _ in range(2)]:
            done.result()
    assert recorded(shop, "PAN-102") == [1, 2]
    assert price(shop, "PAN-102") == before["PAN-102"][0], "what the cache had is dropped"
    after = shelf(shop)
    assert after.pop("PAN-102") == (before["PAN-102"][0], before["PAN-102"][1] + 1, *before["PAN-102"][2:])
    assert after == {sku: row for sku, row in before.items() if sku != "PAN-102"}


def price(shop: Running, sku: str) -> int:
    """What a shopper is told that a product costs."""
    return int(httpx.get(f"{shop.url}/api/products/{sku}", timeout=60).json()["price_cents"])


def shelf(shop: Running) -> dict[str, tuple[int, int, int]]:
    """Price, version and stock of each product of the pantry."""
    rows = shop.database.execute(
        "SELECT sku, price_cents, version, on_hand FROM products JOIN stock USING (sku) WHERE category = 'pantry'"
    ).fetchall()
    return {sku: (price, version, pieces) for sku, price, version, pieces in rows}


def recorded(shop: Running, sku: str) -> list[int]:
    """The versions of a product that lie in the lake."""
    listed = shop.s3.list_objects_v2(Bucket=f"{NAME}-lake", Prefix=lake.raw("products"))["Contents"]
    bodies = [shop.s3.get_object(Bucket=f"{NAME}-lake", Key=each["Key"])["Body"].read() for each in listed]
    records = [json.loads(line) for body in bodies for line in body.splitlines()]
    return sorted(record["version"] for record in records if record["sku"] == sku)
