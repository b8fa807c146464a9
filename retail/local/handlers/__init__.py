"""The handler pack: what MiniStack's CloudFormation lacks to deploy the seven templates.

Each module is a table of resource types. A Resource is a type of our own, a Mend completes one of MiniStack's. All
of them work within the request: a stack is final when its first poll arrives, for the AWS CLI's waiter sleeps 30 s
when it is not.
"""

from __future__ import annotations

from retail.local.handlers import (
    analytics,
    audit,
    containers,
    database,
    edge,
    events,
    functions,
    network,
    recorded,
    security,
    storage,
)
from retail.local.handlers.resource import Mend, Resource

TYPES: dict[str, Resource | Mend] = {
    resource_type: handler
    for module in (
        network,
        security,
        audit,
        edge,
        containers,
        storage,
        database,
        events,
        functions,
        analytics,
        recorded,
    )
    for resource_type, handler in module.TYPES.items()
}


def register() -> None:
    """Put the pack into MiniStack's table of handlers, once per process."""
    for resource_type, handler in TYPES.items():
        handler.install(resource_type)
