"""EventBridge and SNS."""

from __future__ import annotations

from typing import Any

from retail.local import touchpoints
from retail.local.handlers.api import call, client
from retail.local.handlers.resource import Created, Mend, Place, Properties, Resource, only, without

DEFAULT_BUS = "default"

# Properties of a topic that SNS keeps as attributes of the same name.
_TOPIC = ("KmsMasterKeyId", "SignatureVersion", "TracingConfig", "FifoTopic", "ContentBasedDeduplication")


def _topic(ref: str, old: Properties, new: Properties) -> dict[str, Any]:
    for name in _TOPIC:
        if name in new or name in old:
            client("sns").set_topic_attributes(TopicArn=ref, AttributeName=name, AttributeValue=str(new.get(name, "")))
    return only(new, *_TOPIC, "DisplayName")


def _bus(ref: str, old: Properties, new: Properties) -> dict[str, Any]:
    own = only(new, "DeadLetterConfig", "KmsKeyIdentifier", "LogConfig")
    if own:
        call("events", "update_event_bus", {"Name": ref} | own)
    return {}


def _create_archive(properties: Properties, place: Place) -> Created:
    name = properties.get("ArchiveName") or place.name(48)
    arn = call(
        "events",
        "create_archive",
        {"ArchiveName": name, "EventSourceArn": properties["SourceArn"]}
        | without(properties, "ArchiveName", "SourceArn"),
    )["ArchiveArn"]
    return name, {"Arn": arn}


def _update_archive(ref: str, old: Properties, new: Properties) -> Created:
    arn = call("events", "update_archive", {"ArchiveName": ref} | without(new, "ArchiveName", "SourceArn"))[
        "ArchiveArn"
    ]
    return ref, {"Arn": arn}


def _put_statement(properties: Properties) -> Created:
    """PutPermission takes no conditions beyond the organization, so the statement is written as it stands."""
    bus, sid = properties.get("EventBusName", DEFAULT_BUS), properties["StatementId"]
    _delete_statement(bus, sid)
    statement = properties.get("Statement") or {
        "Effect": "Allow",
        "Principal": properties["Principal"],
        "Action": properties["Action"],
        "Resource": client("events").describe_event_bus(Name=bus)["Arn"],
    }
    policy = touchpoints.event_bus_policies().setdefault(bus, {"Version": "2012-10-17", "Statement": []})
    policy["Statement"].append({"Sid": sid} | statement)
    return f"{bus}|{sid}", {}


def _delete_statement(bus: str, sid: str) -> None:
    client("events").remove_permission(EventBusName=bus, StatementId=sid)


class _RuleOnItsBus(Mend):
    """Ref of a rule on a bus of one's own is ``bus|rule`` in AWS; MiniStack knows rules by their names alone."""

    def install(self, resource_type: str) -> None:
        super().install(resource_type)
        mended = touchpoints.handlers()[resource_type]
        own = dict(mended)

        def create(logical_id: str, properties: Properties, stack: str) -> Created:
            name, attributes = own["create"](logical_id, properties, stack)
            return _rule_ref(name, properties), attributes

        def update(ref: str, old: Properties, new: Properties, *place: str) -> Created:
            name, attributes = own["update"](_rule_name(ref), old, new, *place)
            return _rule_ref(name, new), attributes

        mended["create"] = create
        mended["update"] = update
        mended["delete"] = lambda ref, properties, *place: own["delete"](_rule_name(ref), properties, *place)


def _rule_ref(name: str, properties: Properties) -> str:
    bus = properties.get("EventBusName", DEFAULT_BUS).rpartition("/")[2]
    return name if bus == DEFAULT_BUS else f"{bus}|{name}"


def _rule_name(ref: str) -> str:
    return ref.rpartition("|")[2]


TYPES = {
    "AWS::Events::Rule": _RuleOnItsBus(),
    "AWS::SNS::Topic": Mend(finish=_topic),
    "AWS::Events::EventBus": Mend(finish=_bus),
    "AWS::Events::Archive": Resource(
        create=_create_archive,
        update=_update_archive,
        delete=lambda ref, properties: client("events").delete_archive(ArchiveName=ref),
        replaced_by=("ArchiveName", "SourceArn"),
    ),
    "AWS::Events::EventBusPolicy": Resource(
        create=lambda properties, place: _put_statement(properties),
        update=lambda ref, old, new: _put_statement(new),
        delete=lambda ref, properties: _delete_statement(*ref.split("|")),
        replaced_by=("EventBusName", "StatementId"),
    ),
}
