"""What each part is told when it starts: the template fills in these fields, the code reads them back.

A field is an environment variable in upper case: ``lake_bucket`` is ``LAKE_BUCKET``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self


class SettingsError(ValueError):
    """A setting that is not there; the text names every one that is missing."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of one part of the platform; values are strings, or intrinsics while a template is built."""

    def variables(self) -> dict[str, Any]:
        """The settings as environment variables."""
        return {field.name.upper(): getattr(self, field.name) for field in fields(self)}

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """The settings from environment variables. Raises SettingsError where one is missing or empty."""
        names = {field.name: field.name.upper() for field in fields(cls)}
        missing = [name for name in names.values() if not environment.get(name)]
        if missing:
            raise SettingsError(f"{cls.__name__}: set {', '.join(missing)}")
        return cls(**{field: environment[name] for field, name in names.items()})


@dataclass(frozen=True, kw_only=True)
class Storefront(Settings):
    """The storefront's tasks. Endpoints are not here: they are read below the path when they are there (T201)."""

    parameters_path: Any
    model_id: Any
    port: Any


@dataclass(frozen=True, kw_only=True)
class Credentials(Settings):
    """What ECS injects into the storefront's tasks from the database secret."""

    database_username: Any
    database_password: Any


@dataclass(frozen=True, kw_only=True)
class Database(Settings):
    """How a function reaches Aurora's writer."""

    database_host: Any
    database_port: Any
    database_name: Any
    database_secret_arn: Any


@dataclass(frozen=True, kw_only=True)
class OrderProcessor(Database):
    """The order processor."""

    lake_bucket: Any


@dataclass(frozen=True, kw_only=True)
class InventoryHandler(Database):
    """The inventory handler."""

    lake_bucket: Any
    cache_host: Any
    cache_port: Any
    cache_name: Any
    cache_user: Any


@dataclass(frozen=True, kw_only=True)
class Notification(Settings):
    """The notification function."""

    topic_arn: Any
    told_table: Any


@dataclass(frozen=True, kw_only=True)
class CrawlerTrigger(Settings):
    """The crawler trigger: which crawler reads which prefix, and where to ask again later."""

    orders_crawler: Any
    inventory_crawler: Any
    products_crawler: Any
    queue_url: Any
