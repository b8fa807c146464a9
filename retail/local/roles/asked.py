"""As what AWS checks a call: the action and the resource of the Service Authorization Reference, where MiniStack takes
the operation's name, or does not find the resource.

Of each call of several things, such as GetParameters, the first one counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import unquote

from retail.local import touchpoints

ACTIONS = {
    "bedrock:Converse": "bedrock:InvokeModel",
    "bedrock:ConverseStream": "bedrock:InvokeModelWithResponseStream",
    "sns:PublishBatch": "sns:Publish",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}
"""The action that permits an operation, where it is not called like it."""

PROFILE = re.compile(r"(?:us|eu|apac|au|ca|jp|us-gov|global)\.")
"""How the id of a cross-Region inference profile begins, and that of no model."""

Resource = Callable[[dict[str, Any], str, str], str]  # of the request's body, Region and account


def _path(body: dict[str, Any], region: str, account: str) -> str:
    return f"arn:aws:ssm:{region}:{account}:parameter{body['Path'].rstrip('/')}"


def _parameter(body: dict[str, Any], region: str, account: str) -> str:
    return f"arn:aws:ssm:{region}:{account}:parameter/{body['Names'][0].lstrip('/')}"


def _crawler(body: dict[str, Any], region: str, account: str) -> str:
    return f"arn:aws:glue:{region}:{account}:crawler/{body['Name']}"


def _stream(body: dict[str, Any], region: str, account: str) -> str:
    name, stream = body["logGroupName"], body.get("logStreamName", "")
    return f"arn:aws:logs:{region}:{account}:log-group:{name}:log-stream:{stream}"


RESOURCES: dict[str, Resource] = {
    "GetParametersByPath": _path,
    "GetParameters": _parameter,
    "StartCrawler": _crawler,
    "GetCrawler": _crawler,
    "CreateLogStream": _stream,
    "DescribeLogStreams": _stream,
    "PutLogEvents": _stream,
}
"""By the operation in X-Amz-Target."""


def register() -> None:
    """Put this in place, once per process."""
    for (module, name), mended in (
        (touchpoints.action_finder(), _action),
        (touchpoints.resource_finder(), _resource),
    ):
        setattr(module, name, partial(mended, getattr(module, name)))


def _action(find: Callable[..., str | None], *request: Any) -> str | None:
    found = find(*request)
    return ACTIONS.get(found, found) if found else found


def _resource(
    find: Callable[..., str],
    service: str,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query: dict[str, Any],
    region: str,
    account: str,
) -> str:
    model = re.match(r"/model/([^/]+)/", path) if service.startswith("bedrock") else None
    if model and PROFILE.match(unquote(model[1])):
        return f"arn:aws:bedrock:{region}:{account}:inference-profile/{unquote(model[1])}"
    resource = RESOURCES.get(headers.get("x-amz-target", "").rpartition(".")[2])
    try:
        mended = resource(json.loads(body), region, account) if resource else None
    except (ValueError, KeyError, TypeError, IndexError):  # malformed, which the service will say
        mended = None
    return mended or find(service, method, path, headers, body, query, region, account)
