"""Every private name of MiniStack that the pack relies on, in one place.

MiniStack is pinned exactly. tests/local/test_contract.py proves each of these on the installed version, so that
moving the pin fails there, by name, and not in a deployment. Nothing else in the project imports MiniStack.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

VERSION = "1.5.33"

# The coroutine helpers by which services move work to another thread.
_HOPS = ("run_offloop", "run_reentrant")


def _module(name: str) -> Any:
    return importlib.import_module(f"ministack.{name}")


def application() -> Any:
    """The ASGI application."""
    return _module("app").app


def region() -> str:
    """The Region of the request being served."""
    return _module("core.responses").get_region()


def account() -> str:
    """The account of the request being served."""
    return _module("core.responses").get_account_id()


def service(name: str) -> Any:
    """The module of a service by boto3's name; its `handle_request` answers (method, path, headers, body, query)."""
    registry = _module("app").SERVICE_REGISTRY
    aliases = {alias: key for key, entry in registry.items() for alias in entry.get("aliases", ())}
    return _module("services." + registry[aliases.get(name, name)]["module"])


@contextmanager
def in_place(module: Any) -> Iterator[None]:
    """Within this block the service does its work where it stands, where it would hop to a worker thread.

    Those hops are there for Docker, which the platform on one machine does not use. Other requests cannot notice:
    the event loop is ours until the block ends.
    """
    hops = {name: getattr(module, name) for name in _HOPS if hasattr(module, name)}
    for name in hops:
        setattr(module, name, _stay)
    try:
        yield
    finally:
        for name, hop in hops.items():
            setattr(module, name, hop)


async def _stay(work: Callable[..., Any], *args: Any, thread_name: str = "", **options: Any) -> Any:
    return work(*args, **options)


def handlers() -> MutableMapping[str, dict[str, Any]]:
    """CloudFormation's handlers by resource type: create, update, delete."""
    return _module("services.cloudformation.provisioners")._RESOURCE_HANDLERS


def replacing_properties() -> MutableMapping[str, tuple[str, ...]]:
    """The properties by resource type whose change replaces the resource."""
    return _module("services.cloudformation.provisioners")._REPLACING_PROPERTIES


def physical_name(stack: str, logical_id: str, longest: int) -> str:
    """The name CloudFormation generates for a resource that the template does not name."""
    return _module("services.cloudformation.provisioners")._physical_name(stack, logical_id, max_len=longest)


def event_bus_policies() -> MutableMapping[str, dict[str, Any]]:
    """The resource policies of event buses by bus name."""
    return _module("services.eventbridge")._event_bus_policies


def capabilities_switch() -> tuple[Any, str]:
    """The module and the name of the function that says whether capabilities are asked for at all."""
    return _module("services.cloudformation.handlers"), "_capabilities_enforced"


def outputs_resolver() -> tuple[Any, str]:
    """The module and the name of the function that resolves a stack's outputs, (outputs, exports) by its stack id.

    An error from it fails the operation, which then rolls back.
    """
    return _module("services.cloudformation.stacks"), "_resolve_stack_outputs"


def exports() -> MutableMapping[str, dict[str, str]]:
    """StackId, Name and Value of each export in the request's account and Region, by name."""
    return _module("services.cloudformation")._exports


def stacks() -> MutableMapping[str, dict[str, Any]]:
    """The stacks of the request's account and Region by name."""
    return _module("services.cloudformation")._stacks


def actions() -> MutableMapping[str, Callable[[dict[str, list[str]]], Any]]:
    """CloudFormation's operations by name; each takes the parsed query."""
    return _module("services.cloudformation.handlers")._ACTION_HANDLERS


def change_sets() -> MutableMapping[str, dict[str, Any]]:
    """The change sets of the request's account and Region by id."""
    return _module("services.cloudformation")._change_sets


def imports_finder() -> tuple[Any, str]:
    """The module and the name of the function (stack, its name) -> names of the exports that it imports."""
    return _module("services.cloudformation.handlers"), "_imported_export_names"


def authorization() -> tuple[Any, str]:
    """The module and the name of the function that decides whether a call is allowed, where policies are enforced.

    It takes (access key, action, service, Region, resource_arn, service_context) and returns None, or a refusal; that
    of a policy has a `decision`.
    """
    return _module("core.iam_evaluator"), "enforce"


def action_finder() -> tuple[Any, str]:
    """The module and the name of the function that names the action of a request, or None.

    It takes (service, method, path, headers, body, query_params).
    """
    return _module("core.iam_actions"), "extract_iam_action"


def resource_finder() -> tuple[Any, str]:
    """The module and the name of the function that names a request's resource; it takes Region and account besides."""
    return _module("core.iam_actions"), "extract_resource_arn"


def origin_pin() -> tuple[Any, str]:
    """The module and the name of the function that notes a request's origin: (source_ip, secure_transport)."""
    return _module("app"), "pin_request_origin"


def role_of(access_key: str) -> str | None:
    """The name of the role whose session the access key belongs to, or None."""
    session = _module("services.sts")._sessions.get(access_key)
    arn = session["Arn"] if session else ""
    return arn.split("/")[1] if ":assumed-role/" in arn else None


def queue_poller() -> tuple[Any, str]:
    """The module and the name of the function that works off each queue once; it returns whether there was work."""
    return _module("services.lambda_svc"), "_poll_sqs"
