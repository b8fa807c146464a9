"""What each part is told: the template fills in what the code reads, under the same names."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from retail.contracts.settings import (
    CrawlerTrigger,
    Credentials,
    InventoryHandler,
    Notification,
    OrderProcessor,
    Settings,
    SettingsError,
    Storefront,
)
from tests.emitted import template

PARTS = (Storefront, Credentials, OrderProcessor, InventoryHandler, Notification, CrawlerTrigger)
FUNCTIONS = {
    ("06-events", "OrderProcessor"): OrderProcessor,
    ("06-events", "InventoryHandler"): InventoryHandler,
    ("06-events", "Notification"): Notification,
    ("07-analytics", "CrawlerTrigger"): CrawlerTrigger,
}


@pytest.mark.parametrize("part", PARTS)
def test_settings_that_are_missing_or_empty_are_all_named_at_once(part: type[Settings]) -> None:
    names = [field.name.upper() for field in fields(part)]
    for environment in ({}, dict.fromkeys(names, "")):
        with pytest.raises(SettingsError) as error:
            part.read(environment)
        assert str(error.value) == f"{part.__name__}: set {', '.join(names)}"


@pytest.mark.parametrize("part", PARTS)
def test_settings_are_read_back_from_their_variables(part: type[Settings]) -> None:
    told = part(**{field.name: f"value of {field.name}" for field in fields(part)})
    assert part.read(told.variables() | {"PATH": "/usr/bin"}) == told


@pytest.mark.parametrize(("where", "part"), FUNCTIONS.items(), ids=[name for _, name in FUNCTIONS])
def test_the_template_tells_each_function_what_its_code_reads(where: tuple[str, str], part: type[Settings]) -> None:
    stack, function = where
    variables: dict[str, Any] = template(stack)["Resources"][function]["Properties"]["Environment"]["Variables"]
    assert {field.name.upper() for field in fields(part)} <= set(variables)
