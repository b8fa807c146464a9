"""The packaged code in ``build/``: its keys in the artifacts bucket, and its way there.

A file's name ends with a hash of its content, so that CloudFormation sees new code as a new key (T166).
"""

from __future__ import annotations

from pathlib import Path

from retail.ops import stacks
from retail.ops.cli import InputError, aws

BUILD = Path("build")

CODE: dict[str, dict[str, str]] = {
    stacks.EVENTS: {
        "OrderProcessorCodeKey": "lambdas/order_processor-*.zip",
        "InventoryHandlerCodeKey": "lambdas/inventory_handler-*.zip",
        "NotificationCodeKey": "lambdas/notification-*.zip",
    },
    stacks.ANALYTICS: {
        "CrawlerTriggerCodeKey": "lambdas/crawler_trigger-*.zip",
        "CurateScriptKey": "jobs/curate-*.py",
        "CurateModulesKey": "jobs/modules-*.zip",
    },
}
"""By stack: the parameters that name code, and the files they name."""


def keys(title: str) -> dict[str, str]:
    """The keys of the code that is built, by parameter of the stack. Raises InputError if ambiguous."""
    found: dict[str, str] = {}
    for parameter, pattern in CODE.get(title, {}).items():
        files = sorted(BUILD.glob(pattern))
        if len(files) > 1:
            names = " and ".join(str(file) for file in files)
            raise InputError(f"{names}: which is to be deployed? Remove {BUILD}/ and package again")
        if files:
            found[parameter] = files[0].relative_to(BUILD).as_posix()
    return found


def upload(keys: list[str], bucket: str, region: str) -> int:
    """Put the files where they are not yet; returns how many were missing."""
    names = [word for key in keys for word in ("--include", key)]
    # Equal names are equal content, whatever the time.
    printed = aws(
        "s3", "sync", str(BUILD), f"s3://{bucket}", "--size-only", "--no-progress", "--exclude", "*", *names,
        region=region,
    )  # fmt: skip
    return printed.count("upload:")
