"""A function that does what its messages ask for, and tells of it: the stand-in for the notification's code.

{"sleep": 0.5}                          takes that long
{"fail": true}                          is reported as failed
{"raise": true}                         ends the invocation with an error
{"import": "psycopg"}                   tries to import a module
{"call": ["sns", "publish", {...}]}     calls AWS
{"environment": true}                   tells the environment
"""

import importlib
import json
import os
import time
from typing import Any

import boto3


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    began = time.time()
    failed = []
    for record in event["Records"]:
        asked = json.loads(record["body"])
        time.sleep(asked.get("sleep", 0))
        if asked.get("fail"):
            failed.append({"itemIdentifier": record["messageId"]})
        if asked.get("raise"):
            raise RuntimeError("as it was asked to")
        if "import" in asked:
            tell(imported=can_import(asked["import"]))
        if "call" in asked:
            tell(called=call(*asked["call"]))
        if asked.get("environment"):
            tell(environment=dict(os.environ))
    left = context.get_remaining_time_in_millis()
    tell(pid=os.getpid(), began=began, ended=time.time(), left_ms=left, arn=context.invoked_function_arn)
    return {"batchItemFailures": failed}


def tell(**facts: Any) -> None:
    print(json.dumps(facts))


def can_import(module: str) -> str:
    try:
        return str(importlib.import_module(module).__file__)
    except ImportError as error:
        return str(error)


def call(service: str, operation: str, arguments: dict[str, Any]) -> Any:
    try:
        answer = getattr(boto3.client(service), operation)(**arguments)
    except Exception as error:
        return str(error)
    answer.pop("ResponseMetadata")
    return answer
