"""The account and this machine: CLI, Region, service-linked roles, prefix list, model access, Lake Formation."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator

from retail.ops import required, roles
from retail.ops.checks.finding import FINE, MISSING, UNKNOWN, Finding, Place

OLDEST_CLI = (1, 46)
"""Of version 1, the one that the tests run; any of version 2 is newer in what is needed here."""

VERSION = re.compile(r"aws-cli/(\d+)\.(\d+)\.(\d+)")
BY_DEFAULT = "opt-in-not-required"
EVERYBODY = {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}

BACKED_UP = ("Aurora", "DynamoDB", "S3")
"""What 05 lets AWS Backup copy, by its names."""


def cli() -> Iterator[Finding]:
    """The AWS CLI on the PATH."""
    printed = subprocess.run(["aws", "--version"], capture_output=True, text=True, check=False)
    found = VERSION.search(printed.stdout + printed.stderr)
    if found is None:
        yield Finding(UNKNOWN, "AWS CLI", "aws --version does not say which it is")
        return
    version = tuple(int(part) for part in found.groups())
    if version < OLDEST_CLI:
        mend = "install version 2, https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
        yield Finding(MISSING, "AWS CLI", f"{found[0]} is older than any that was tried", mend)
    else:
        yield Finding(FINE, "AWS CLI", found[0] + ("" if version >= (2,) else "; version 2 is recommended"))


def region(place: Place) -> Iterator[Finding]:
    """Whether CloudFront writes its logs to a bucket in this Region: to none that an account has to opt in to."""
    subject = f"Region {place.region}"
    [found] = place.client("ec2").describe_regions(RegionNames=[place.region], AllRegions=True)["Regions"]
    if found.get("OptInStatus", BY_DEFAULT) == BY_DEFAULT:
        yield Finding(FINE, subject, "takes CloudFront's logs")
    else:
        told = "accounts have to opt in to it, so CloudFront writes no logs there, and 03 would fail"
        mend = f"make preflight ENV={place.environment} REGION=eu-west-1, or another that needs no opting in"
        yield Finding(MISSING, subject, told, mend)


def service_linked_roles(place: Place) -> Iterator[Finding]:
    """The roles without which a new account's first cluster fails (T110); deploy makes them too."""
    iam = place.client("iam")
    for service in roles.SERVICES:
        subject = f"service-linked role of {service.removesuffix('.amazonaws.com')}"
        if iam.list_roles(PathPrefix=f"/aws-service-role/{service}/")["Roles"]:
            yield Finding(FINE, subject, "there")
        else:
            mend = shlex.join(["aws", *roles.creation(service)])
            yield Finding(MISSING, subject, "not there; deploy makes it before 04, if it may", mend)


def prefix_list(place: Place) -> Iterator[Finding]:
    """CloudFront's addresses in this Region (T59)."""
    filters = [{"Name": "prefix-list-name", "Values": [required.PREFIX_LIST]}]
    found = place.client("ec2").describe_managed_prefix_lists(Filters=filters)["PrefixLists"]
    if found:
        yield Finding(FINE, "prefix list", f"{found[0]['PrefixListId']} ({required.PREFIX_LIST})")
    else:
        mend = f"make deploy ENV={place.environment} SET=CloudFrontPrefixListId=pl-..."
        yield Finding(MISSING, "prefix list", f"{place.region} has no {required.PREFIX_LIST}", mend)


def model(place: Place, model_id: str) -> Iterator[Finding]:
    """Whether the account may call the model that recommends; the shop does without while it may not."""
    subject = f"model {model_id}"
    told = place.client("bedrock").get_foundation_model_availability(modelId=model_id)
    lacking = [
        name
        for name, is_there in (
            ("offered in this Region", told.get("regionAvailability") == "AVAILABLE"),
            ("agreed to", told.get("agreementAvailability", {}).get("status") == "AVAILABLE"),
            ("entitled", told.get("entitlementAvailability") == "AVAILABLE"),
            ("authorized", told.get("authorizationStatus") == "AUTHORIZED"),
        )
        if not is_there
    ]
    if lacking:
        of_model = f"--model-id {model_id} --region {place.region}"
        offer = (
            f"aws bedrock list-foundation-model-agreement-offers {of_model} --query offers[0].offerToken --output text"
        )
        mend = f'aws bedrock create-foundation-model-agreement {of_model} --offer-token "$({offer})"'
        found = f"not {', not '.join(lacking)}; the shop recommends nothing until it is"
        yield Finding(MISSING, subject, found, mend)
    else:
        yield Finding(FINE, subject, "may be called")


def backups(place: Place) -> Iterator[Finding]:
    """What AWS Backup passes over until the Region has opted in: no job is begun, and so none fails (T149)."""
    chosen = place.client("backup").describe_region_settings()["ResourceTypeOptInPreference"]
    if out := [kind for kind in BACKED_UP if chosen.get(kind) is False]:
        words = ["aws", "backup", "update-region-settings", "--region", place.region]
        preference = ",".join(f"{kind}=true" for kind in out)
        mend = shlex.join([*words, "--resource-type-opt-in-preference", preference])
        yield Finding(MISSING, "backups", f"{place.region} has not opted in for {', '.join(out)}: none is made", mend)
    else:
        yield Finding(FINE, "backups", f"{place.region} has opted in for {', '.join(BACKED_UP)}")


def lake_formation(place: Place) -> Iterator[Finding]:
    """New databases and tables must be open to IAM alone, or CloudFormation's are refused (T187)."""
    settings = place.client("lakeformation").get_data_lake_settings()["DataLakeSettings"]
    defaults = ("CreateDatabaseDefaultPermissions", "CreateTableDefaultPermissions")
    closed = [
        name
        for name in defaults
        if not any(
            each.get("Principal") == EVERYBODY and "ALL" in each["Permissions"] for each in settings.get(name, [])
        )
    ]
    if not closed:
        yield Finding(FINE, "Lake Formation", "leaves new databases and tables to IAM")
        return
    opened = settings | {name: [{"Principal": EVERYBODY, "Permissions": ["ALL"]}] for name in defaults}
    words = ["aws", "lakeformation", "put-data-lake-settings", "--region", place.region]
    mend = shlex.join([*words, "--data-lake-settings", json.dumps(opened)])
    yield Finding(MISSING, "Lake Formation", f"new ones are not left to IAM ({', '.join(closed)})", mend)
