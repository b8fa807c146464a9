"""Log groups: under the key, for a limited time, kept when a stack goes."""

from __future__ import annotations

from typing import Any

from troposphere.logs import LogGroup

from retail.stack import STATEFUL


def log_group(title: str, *, key_arn: Any, retention_days: int, name: Any = None) -> LogGroup:
    """A log group. Without a name CloudFormation chooses one, and nothing can collide with it (T169)."""
    properties: dict[str, Any] = {"LogGroupName": name} if name is not None else {}
    return LogGroup(
        title,
        **properties,
        KmsKeyId=key_arn,
        RetentionInDays=retention_days,
        **STATEFUL,
    )
