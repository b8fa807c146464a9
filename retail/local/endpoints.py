"""Where database and cache really are: what the stacks learn by GetAtt, instead of names that nobody resolves.

Everything that the stacks then say of them is true: SSM parameters, exports, the functions' environment. Aurora has
one port for writer and reader, so that the reader differs by its host alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from retail.local import touchpoints

Answer = tuple[str, dict[str, Any]]  # what Ref returns, and what GetAtt returns by attribute


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """The addresses of the real parts."""

    database_host: str
    database_reader_host: str
    database_port: int
    cache_host: str
    cache_port: int

    def options(self) -> list[str]:
        """These as words of a command line."""
        return [word for name, value in asdict(self).items() for word in (f"--{name.replace('_', '-')}", str(value))]

    @classmethod
    def of(cls, options: object) -> Self | None:
        """From parsed options; None unless all are there."""
        given = {field.name: getattr(options, field.name) for field in fields(cls)}
        return None if None in given.values() else cls(**given)

    def attributes(self) -> dict[str, dict[str, str]]:
        """What GetAtt answers, by resource type and attribute. One node of a cache serves both of its ports."""
        return {
            "AWS::RDS::DBCluster": {
                "Endpoint.Address": self.database_host,
                "Endpoint.Port": str(self.database_port),
                "ReadEndpoint.Address": self.database_reader_host,
            },
            "AWS::ElastiCache::ServerlessCache": {
                "Endpoint.Address": self.cache_host,
                "Endpoint.Port": str(self.cache_port),
                "ReaderEndpoint.Address": self.cache_host,
                "ReaderEndpoint.Port": str(self.cache_port),
            },
        }


def register(endpoints: Endpoints) -> None:
    """Let the handlers of both types answer so, once per process and after the pack."""
    for resource_type, attributes in endpoints.attributes().items():
        handler = touchpoints.handlers()[resource_type]
        for operation in ("create", "update"):
            handler[operation] = _answering(handler[operation], attributes)


def _answering(operation: Callable[..., Answer], attributes: dict[str, str]) -> Callable[..., Answer]:
    def answering(*arguments: Any) -> Answer:
        ref, own = operation(*arguments)
        return ref, own | attributes

    return answering
