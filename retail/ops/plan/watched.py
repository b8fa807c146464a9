"""The properties whose change needs leave: one row each of what is watched, when it counts, and why."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from retail.ops.plan.changes import ABSENT, Edit
from retail.ops.plan.functions import Given, text

OPEN = ("0.0.0.0/0", "::/0")
FOR_EVER = float("inf")


def _value(value: Any) -> Any:
    """A plain value, or that of a parameter where it is known."""
    return value.value if isinstance(value, Given) else value


def _is_on(value: Any) -> bool:
    return value is not ABSENT and text(_value(value)).lower() in ("true", "enabled")


def _number(value: Any, otherwise: float) -> float | None:
    """A count of days or seconds; None for what only a deployment knows."""
    if value is ABSENT:
        return otherwise
    try:
        return float(text(_value(value))) or otherwise
    except ValueError:
        return None


def other(before: Any, after: Any) -> bool:
    """Whether anything differs at all."""
    return before is not after


def switched_off(before: Any, after: Any) -> bool:
    """Whether what was on is on no more."""
    return _is_on(before) and not _is_on(after)


def switched_on(before: Any, after: Any) -> bool:
    """Whether what was off is on."""
    return _is_on(after) and not _is_on(before)


def lost_or_other(before: Any, after: Any) -> bool:
    """Whether something was there, and is not there any more as it was."""
    return before is not ABSENT and text(_value(before)).lower() != "false" and _value(before) != _value(after)


def lost(before: Any, after: Any) -> bool:
    """Whether something was there and is gone."""
    return before is not ABSENT and after is ABSENT


def opened(before: Any, after: Any) -> bool:
    """Whether all addresses come in that did not."""
    return _holds_open(after) and not _holds_open(before)


def internet_facing(before: Any, after: Any) -> bool:
    """Whether a load balancer leaves the VPC."""
    return bool(after == "internet-facing") and before is not ABSENT


def shorter(otherwise: float) -> Callable[[Any, Any], bool]:
    """Whether a time has become shorter; nothing said means `otherwise`."""

    def is_shorter(before: Any, after: Any) -> bool:
        old, new = _number(before, otherwise), _number(after, otherwise)
        return old is None or new is None or new < old

    return is_shorter


def _holds_open(tree: Any) -> bool:
    match tree:
        case dict():
            return any(map(_holds_open, tree.values()))
        case list():
            return any(map(_holds_open, tree))
    return _value(tree) in OPEN


@dataclass(frozen=True, slots=True)
class Watched:
    """Properties by type and path, both as patterns; a path is written as in ``Tags[Name].Value``."""

    kind: str
    types: str
    paths: str
    counts: Callable[[Any, Any], bool]
    why: str
    whole: bool = True  # also where the item of a list that holds it comes or goes as a whole

    def catches(self, resource_type: str, edit: Edit, *, is_whole: bool) -> bool:
        """Whether an edit of one value is such a change; `is_whole` if an item of a list came or went with it."""
        spelled = (".".join(edit.names), edit.dotted)
        return (
            edit.path[0] == "Properties"
            and (self.whole or not is_whole)
            and re.fullmatch(self.types, resource_type) is not None
            and any(re.fullmatch(self.paths, words) for words in spelled)
            and self.counts(edit.before, edit.after)
        )


ANY = ".*"
ENCRYPTION = r"(?!.*BucketKeyEnabled)(.*\.)?[^.:]*(K[Mm][Ss]|[Ee]ncrypt|SSE|SseEnabled)[^.:]*(\..*)?"
"""Whatever is named for it, except S3's bucket keys, which only save calls; a colon is a condition of a policy."""

WATCHED = (
    Watched("secret", "AWS::SecretsManager::Secret", r"GenerateSecretString(\..*)?", other,
            "any edit of GenerateSecretString makes a new password and drops host, port and name of the database; "
            "the database keeps the old password, so nobody gets in any more"),  # T51
    Watched("security-group", "AWS::EC2::SecurityGroup", "GroupDescription|GroupName", other,
            "a description or name cannot be edited: CloudFormation makes another group with another id, and "
            "refuses that while other stacks import the id"),  # T6, T7
    Watched("encryption", ANY, ENCRYPTION, lost_or_other,
            "what is written from now on is under another key, or under none; what is there stays under the old one, "
            "and needs it to be read"),
    Watched("encryption", "AWS::Glue::.*", "(Crawler)?SecurityConfiguration", lost_or_other,
            "its logs and bookmarks are under another key from now on, or under none"),
    Watched("encryption", "AWS::KMS::Key", "EnableKeyRotation|Enabled", switched_off,
            "a key that is disabled opens nothing that it encrypted; one that no longer rotates is the same for ever"),
    Watched("encryption", "AWS::KMS::Alias", "TargetKeyId", lost_or_other,
            "whoever asks for the key by its alias gets another, which cannot read what the first one encrypted"),
    Watched("deletion-protection", ANY, r"(.*\.)?(Enable)?(Deletion|Termination)Protection(Enabled)?", switched_off,
            "one wrong call then deletes it, with what it holds"),  # T136
    Watched("deletion-protection", "AWS::ElasticLoadBalancingV2::LoadBalancer",
            r"LoadBalancerAttributes\[deletion_protection\.enabled\](\.Value)?", switched_off,
            "one wrong call then deletes it, and the shop with it"),
    Watched("recovery", "AWS::DynamoDB::.*", r"(.*\.)?PointInTimeRecoveryEnabled", switched_off,
            "the table can no longer be set back to a second of the last 35 days, and those of the past are lost"),
    Watched("recovery", "AWS::RDS::.*", "BackupRetentionPeriod", shorter(1),
            "older automatic backups are deleted at once; the database cannot be set back that far"),
    Watched("recovery", "AWS::ElastiCache::.*", "SnapshotRetentionLimit", shorter(0),
            "older snapshots of the cache are deleted"),
    Watched("recovery", "AWS::S3::Bucket", r"VersioningConfiguration(\.Status)?", switched_off,
            "from now on an object that is overwritten or deleted is gone"),
    Watched("recovery", "AWS::Backup::BackupPlan", r"(.*\.)?DeleteAfterDays", shorter(FOR_EVER),
            "recovery points are deleted sooner", whole=False),
    Watched("recovery", "AWS::Backup::BackupPlan", r"(.*\.)?EnableContinuousBackup", switched_off,
            "the backups can no longer be set back to a moment between them"),
    Watched("recovery", "AWS::Backup::BackupPlan", r"BackupPlan\.BackupPlanRule(\.RuleName)?", lost,
            "the backups of this rule are no longer made"),
    Watched("recovery", "AWS::Backup::BackupSelection", r"BackupSelection\.(Resources|ListOfTags)(\..*)?", lost,
            "what it named is no longer backed up"),
    Watched("public-access", "AWS::S3::Bucket",
            "PublicAccessBlockConfiguration(\\.(Block|Ignore|Restrict)Public.*)?", switched_off,
            "a policy or list of access can then open the bucket to everybody"),
    Watched("public-access", ANY, r"(.*\.)?(PubliclyAccessible|AssignPublicIp|MapPublicIpOnLaunch)", switched_on,
            "it gets an address that can be reached from the Internet"),
    Watched("public-access", "AWS::ElasticLoadBalancingV2::LoadBalancer", "Scheme", internet_facing,
            "it can then be reached from the Internet"),
    Watched("public-access", "AWS::EC2::SecurityGroup", r"SecurityGroupIngress(\..*)?", opened,
            "every address of the Internet may then knock"),
    Watched("public-access", "AWS::EC2::SecurityGroupIngress", "CidrIp|CidrIpv6", opened,
            "every address of the Internet may then knock"),
    Watched("retention", "AWS::Logs::LogGroup", "RetentionInDays", shorter(FOR_EVER),
            "logs that are older are deleted within days"),
    Watched("retention", "AWS::Events::Archive", "RetentionDays", shorter(FOR_EVER),
            "events that are older are deleted, and can no longer be replayed"),
    Watched("retention", "AWS::SQS::Queue", "MessageRetentionPeriod", shorter(345_600),
            "messages that are older are dropped, dead letters too"),
    Watched("retention", "AWS::S3::Bucket",
            r"(.*\.)?(ExpirationInDays|NoncurrentDays|NoncurrentVersionExpirationInDays)", shorter(FOR_EVER),
            "objects that are older are deleted"),
    Watched("redrive", "AWS::SQS::Queue", r"RedrivePolicy(\.deadLetterTargetArn)?", lost,
            "a message that fails comes back until it is too old, and is dropped then"),
    Watched("redrive", "(?!AWS::SQS::Queue).*",
            r"(.*\.)?(DeadLetterConfig|DeadLetterQueue|OnFailure|RedrivePolicy)(\..*)?", lost,
            "what cannot be delivered is dropped", whole=False),
)  # fmt: skip
"""Several rows may hold for one edit; those of one kind are told once."""
