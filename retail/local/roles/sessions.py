"""Sessions of roles, taken as AWS's services take them.

    roles = Roles(aws)
    roles.session(function["Role"], LAMBDA, "OrderProcessor").client("sqs")

The services themselves are no callers that the emulator knows, so the root user asks STS for them, whom it lets assume
every role that trusts any service. Whether the role trusts this very service is therefore looked up first.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import boto3
import botocore.session
from botocore.credentials import CredentialProvider, CredentialResolver, RefreshableCredentials

from retail.local.emulator import REGION, Emulator

LAMBDA = "lambda.amazonaws.com"
ECS_TASKS = "ecs-tasks.amazonaws.com"
GLUE = "glue.amazonaws.com"

LIFETIME_SECONDS = 3600


class NotTrustedError(Exception):
    """A role that does not trust the service; one line."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of one session, good until `expires`."""

    access_key: str
    secret_key: str
    token: str
    expires: datetime


class Roles:
    """Takes roles in a running emulator. Threads may share it."""

    def __init__(self, aws: Emulator) -> None:
        self._aws = aws
        root = boto3.session.Session(
            aws_access_key_id=aws.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=aws.environment["AWS_SECRET_ACCESS_KEY"],
            region_name=REGION,
        )
        self._iam = root.client("iam", endpoint_url=aws.url)
        self._sts = root.client("sts", endpoint_url=aws.url)

    def assume(self, role_arn: str, service: str, name: str) -> Credentials:
        """A session of the role under a name, for a service. Raises NotTrustedError, or what IAM answers."""
        role = self._iam.get_role(RoleName=role_arn.rsplit("/", 1)[-1])["Role"]
        if service not in _trusted(role["AssumeRolePolicyDocument"]):
            raise NotTrustedError(f"{role_arn} does not trust {service}: look at its AssumeRolePolicyDocument")
        given = self._sts.assume_role(RoleArn=role_arn, RoleSessionName=name, DurationSeconds=LIFETIME_SECONDS)
        key = given["Credentials"]
        return Credentials(key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"], key["Expiration"])

    def session(self, role_arn: str, service: str, name: str) -> boto3.session.Session:
        """A boto3 session that is the role, and takes it again before its credentials expire."""

        core = botocore.session.Session()
        core.set_config_variable("region", REGION)
        core.register_component("credential_provider", CredentialResolver([_Taken(self, role_arn, service, name)]))
        return boto3.session.Session(botocore_session=core)

    def client(self, role_arn: str, service: str, name: str, of: str) -> Any:
        """A client of the service `of`, such as ``secretsmanager``, that is the role."""
        return self.session(role_arn, service, name).client(of, endpoint_url=self._aws.url)


class _Taken(CredentialProvider):
    """The one source of a session's credentials."""

    METHOD = "assume-role"

    def __init__(self, roles: Roles, *who: str) -> None:
        super().__init__()
        self._roles, self._who = roles, who

    def load(self) -> RefreshableCredentials:
        return RefreshableCredentials.create_from_metadata(self._take(), self._take, self.METHOD)

    def _take(self) -> dict[str, str]:
        taken = self._roles.assume(*self._who)
        return {
            "access_key": taken.access_key,
            "secret_key": taken.secret_key,
            "token": taken.token,
            "expiry_time": taken.expires.isoformat(),
        }


def _trusted(document: dict[str, Any] | str) -> set[str]:
    """The services that a trust policy lets assume its role."""
    policy = json.loads(unquote(document)) if isinstance(document, str) else document
    found: set[str] = set()
    for statement in policy["Statement"]:
        named = statement["Principal"].get("Service", []) if isinstance(statement["Principal"], dict) else []
        if statement["Effect"] == "Allow":
            found |= {named} if isinstance(named, str) else set(named)
    return found
