"""What shoppers and staff type in: read, and where it is wrong, told by the field's name in words for them."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from fastapi import Form

from retail.storefront.carts import MAX_QUANTITY
from retail.storefront.payments import Card

ONE_LINE = r"^[^\x00-\x1f\x7f]*$"
"""No control characters: no field of the shop has more than one line, and PostgreSQL takes no NUL."""

Typed = Annotated[str, Form(max_length=128, pattern=ONE_LINE)]
"""What somebody types into a field."""

Errors = dict[str, str]
"""What is wrong with a form by the names of its fields; empty when nothing is."""

EXPIRY = re.compile(r"(0[1-9]|1[0-2])\s*/?\s*(\d\d)", re.ASCII)


def read_card(number: str, expiry: str, code: str, today: date) -> tuple[Card, Errors]:
    """A card as it was typed, and what is wrong with it."""
    errors: Errors = {}
    digits = re.sub(r"[\s-]", "", number)
    if not re.fullmatch(r"\d{12,19}", digits, re.ASCII) or not _is_checked(digits):
        errors["number"] = "This is not a card number. Please check its digits."
    until = EXPIRY.fullmatch(expiry.strip())
    if not until:
        errors["expiry"] = "Please write month and year as on the card, such as 04/29."
    elif (2000 + int(until[2]), int(until[1])) < (today.year, today.month):
        errors["expiry"] = "This card has expired."
    if not re.fullmatch(r"\d{3,4}", code.strip(), re.ASCII):
        errors["code"] = "The security code is the three or four digits beside the signature."
    return Card(number=digits, expiry=f"{until[1]}/{until[2]}" if until else "", code=code.strip()), errors


def _is_checked(digits: str) -> bool:
    """Whether a card number's last digit is the check digit (Luhn) of the others."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(each - 9 if each > 9 else each for each in doubled) % 10 == 0


def read_quantity(typed: str) -> int | None:
    """A quantity from 1 to MAX_QUANTITY; None for anything else."""
    found = re.fullmatch(r"\d{1,4}", typed.strip(), re.ASCII)
    return int(typed) if found and 1 <= int(typed) <= MAX_QUANTITY else None


def read_shipment(carrier: str, tracking_number: str) -> tuple[str, str, Errors]:
    """Who carries a parcel and under what number, and what is wrong with either."""
    carrier, tracking_number, errors = carrier.strip(), tracking_number.strip(), Errors()
    if not re.fullmatch(r"[\w .&'+-]{2,64}", carrier):
        errors["carrier"] = "Please name the carrier in letters and digits."
    if not re.fullmatch(r"[A-Za-z0-9-]{4,64}", tracking_number):
        errors["tracking_number"] = "A tracking number is made of 4 to 64 letters, digits and dashes."
    return carrier, tracking_number, errors
