"""Athena and Glue."""

from __future__ import annotations

from retail.local.handlers.api import Refused, call, client
from retail.local.handlers.resource import Created, Place, Properties, Resource


def _create_query(properties: Properties, place: Place) -> Created:
    ref = call("athena", "create_named_query", {"Name": place.name()} | properties)["NamedQueryId"]
    return ref, {"NamedQueryId": ref}


def _create_configuration(properties: Properties, place: Place) -> Created:
    # The template writes S3Encryptions where the API writes S3Encryption.
    encryption = {
        ("S3Encryption" if name == "S3Encryptions" else name): value
        for name, value in properties["EncryptionConfiguration"].items()
    }
    call("glue", "create_security_configuration", {"Name": properties["Name"], "EncryptionConfiguration": encryption})
    return properties["Name"], {}


def _update_configuration(ref: str, old: Properties, new: Properties) -> Created:
    """Glue has no operation for it (T182)."""
    if old["EncryptionConfiguration"] != new["EncryptionConfiguration"]:
        raise Refused(f"Security configuration {ref} cannot be changed; create one by another name")
    return ref, {}


TYPES = {
    "AWS::Athena::NamedQuery": Resource(
        create=_create_query,
        update=lambda ref, old, new: (ref, {"NamedQueryId": ref}),  # every property replaces
        delete=lambda ref, properties: client("athena").delete_named_query(NamedQueryId=ref),
        replaced_by=("Name", "Database", "Description", "QueryString", "WorkGroup"),
    ),
    "AWS::Glue::SecurityConfiguration": Resource(
        create=_create_configuration,
        update=_update_configuration,
        delete=lambda ref, properties: client("glue").delete_security_configuration(Name=ref),
        replaced_by=("Name",),
    ),
}
