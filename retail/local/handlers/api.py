"""Calls of MiniStack's own services from inside its process, with botocore as the codec.

A handler runs on the emulator's event loop, so an HTTP call back to it would wait for itself. botocore still
serialises the request, validates it and parses the answer; only its transport is replaced, by its documented
`before-send` event.
"""

from __future__ import annotations

import io
import json
from collections.abc import Coroutine, Iterator, Mapping
from functools import cache, partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.session import Session

from retail.local import touchpoints


class Refused(ValueError):
    """A property that AWS refuses; its message becomes the reason in the stack events."""


def client(service: str) -> Any:
    """A boto3-like client of a MiniStack service, in the Region of the request being served."""
    return _client(service, touchpoints.region())


@cache
def _session() -> Session:
    return Session()


@cache
def _client(service: str, region: str) -> Any:
    made = _session().create_client(
        service,
        region_name=region,
        endpoint_url="http://127.0.0.1",  # never dialled
        aws_access_key_id="in-process",
        aws_secret_access_key="in-process",
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )
    made.meta.events.register("before-send", partial(_deliver, service))
    return made


class _Body(io.BytesIO):
    """The one method of urllib3's response that botocore reads."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()


def _deliver(service: str, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
    """Answer a prepared request with the service's own function instead of a socket."""
    url = urlsplit(request.url)
    headers = {
        name.lower(): value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()
    }
    headers["host"] = url.netloc
    body = request.body or b""
    if hasattr(body, "read"):
        body = body.read()
    module = touchpoints.service(service)
    with touchpoints.in_place(module):
        status, response_headers, content = _finished(
            module.handle_request(
                request.method,
                url.path,
                headers,
                body.encode() if isinstance(body, str) else bytes(body),
                parse_qs(url.query, keep_blank_values=True),
            )
        )
    raw = content.encode() if isinstance(content, str) else bytes(content or b"")
    return AWSResponse(request.url, status, response_headers, _Body(raw))


def _finished(answer: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that never really waits; the loop below us must not be re-entered."""
    try:
        answer.send(None)
    except StopIteration as stop:
        return stop.value
    answer.close()
    raise RuntimeError("the service waits for another thread, so it cannot be called within the request")


def call(service: str, operation: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Call an operation (`create_flow_logs`) with CloudFormation properties in its own shape.

    Raises botocore's ClientError when the service refuses, Refused when a property has no place in the operation.
    """
    made = client(service)
    model = made.meta.service_model.operation_model(made.meta.method_to_api_mapping[operation])
    return getattr(made, operation)(**shaped(properties, model.input_shape))


def shaped(value: Any, shape: Shape, path: str = "") -> Any:
    """A property value as the API takes it.

    CloudFormation hands every parameter over as a string, writes policies as objects where the APIs want text, and
    capitalises names that ECS and others write in lower case.
    """
    match shape:
        case StructureShape():
            if not isinstance(value, Mapping):
                raise Refused(f"Model validation failed (#{path}: expected type: JSONObject)")
            members = {name.lower(): name for name in shape.members}
            taken = {}
            for key, item in value.items():
                if key.lower() not in members:
                    raise Refused(f"Model validation failed (#{path}: extraneous key [{key}] is not permitted)")
                name = members[key.lower()]
                taken[name] = shaped(item, shape.members[name], f"{path}/{key}")
            return taken
        case ListShape():
            items = value if isinstance(value, list) else [value]
            return [shaped(item, shape.member, f"{path}/{index}") for index, item in enumerate(items)]
        case MapShape():
            return {key: shaped(item, shape.value, f"{path}/{key}") for key, item in value.items()}
    return _scalar(value, shape.type_name, path)


def _scalar(value: Any, kind: str, path: str) -> Any:
    try:
        match kind:
            case "integer" | "long":
                return int(value)
            case "float" | "double":
                return float(value)
            case "boolean":
                return {"true": True, "false": False}[str(value).lower()]
            case "string":
                return json.dumps(value) if isinstance(value, dict | list) else str(value)
    except (TypeError, ValueError, KeyError):
        raise Refused(f"Model validation failed (#{path}: expected type: {kind.title()}, found: {value!r})") from None
    return value
