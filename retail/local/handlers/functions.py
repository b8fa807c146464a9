"""Lambda."""

from __future__ import annotations

from typing import Any

from retail.local.handlers.api import call, client
from retail.local.handlers.resource import Mend, Properties

# Properties that MiniStack's handler drops and its API keeps, by the API's name.
_DROPPED = {"VpcConfig": "VpcConfig", "DeadLetterConfig": "DeadLetterConfig", "KmsKeyArn": "KMSKeyArn"}


def _function(ref: str, old: Properties, new: Properties) -> dict[str, Any]:
    kept = {api: new[name] for name, api in _DROPPED.items() if name in new}
    if kept:
        call("lambda", "update_function_configuration", {"FunctionName": ref} | kept)
    if "ReservedConcurrentExecutions" in new:
        call(
            "lambda",
            "put_function_concurrency",
            {"FunctionName": ref, "ReservedConcurrentExecutions": new["ReservedConcurrentExecutions"]},
        )
    elif "ReservedConcurrentExecutions" in old:
        client("lambda").delete_function_concurrency(FunctionName=ref)
    snap_start = client("lambda").get_function_configuration(FunctionName=ref)["SnapStart"]
    return {f"SnapStartResponse.{name}": snap_start[name] for name in ("ApplyOn", "OptimizationStatus")}


TYPES = {"AWS::Lambda::Function": Mend(finish=_function)}
