"""CloudTrail and CloudWatch."""

from __future__ import annotations

from retail.local.handlers.api import call, client
from retail.local.handlers.resource import Created, Mend, Place, Properties, Resource, changed, only, without

_TRAIL = (
    "S3BucketName",
    "S3KeyPrefix",
    "SnsTopicName",
    "IncludeGlobalServiceEvents",
    "IsMultiRegionTrail",
    "CloudWatchLogsLogGroupArn",
    "CloudWatchLogsRoleArn",
    "EnableLogFileValidation",
    "KMSKeyId",
    "IsOrganizationTrail",
)
_COMPOSITE = (
    "ActionsEnabled",
    "AlarmActions",
    "AlarmDescription",
    "AlarmRule",
    "InsufficientDataActions",
    "OKActions",
    "ActionsSuppressor",
    "ActionsSuppressorExtensionPeriod",
    "ActionsSuppressorWaitPeriod",
    "Tags",
)


def _create_trail(properties: Properties, place: Place) -> Created:
    name = properties.get("TrailName") or place.name()
    arn = call("cloudtrail", "create_trail", {"Name": name} | only(properties, *_TRAIL))["TrailARN"]
    call("cloudtrail", "update_trail", {"Name": name} | only(properties, *_TRAIL))  # CreateTrail drops the log group
    if properties.get("Tags"):
        client("cloudtrail").add_tags(ResourceId=arn, TagsList=properties["Tags"])
    return name, _record(name, properties)


def _update_trail(ref: str, old: Properties, new: Properties) -> Created:
    call("cloudtrail", "update_trail", {"Name": ref} | only(new, *_TRAIL))
    attributes = _record(ref, new)
    if changed(old, new, "Tags"):
        client("cloudtrail").remove_tags(ResourceId=attributes["Arn"], TagsList=old.get("Tags", []))
        client("cloudtrail").add_tags(ResourceId=attributes["Arn"], TagsList=new.get("Tags", []))
    return ref, attributes


def _record(name: str, properties: Properties) -> dict[str, str]:
    """Start or stop the trail and choose its events, which the API does in calls of their own."""
    recording = str(properties["IsLogging"]).lower() == "true"
    call("cloudtrail", "start_logging" if recording else "stop_logging", {"Name": name})
    if selectors := only(properties, "EventSelectors", "AdvancedEventSelectors"):
        call("cloudtrail", "put_event_selectors", {"TrailName": name} | selectors)
    trail = client("cloudtrail").get_trail(Name=name)["Trail"]
    return {"Arn": trail["TrailARN"], "SnsTopicArn": trail.get("SnsTopicARN", "")}


def _put_composite(name: str, properties: Properties) -> Created:
    call("cloudwatch", "put_composite_alarm", {"AlarmName": name} | only(properties, *_COMPOSITE))
    alarm = client("cloudwatch").describe_alarms(AlarmNames=[name], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"][0]
    return name, {"Arn": alarm["AlarmArn"]}


def _of_one_metric(properties: Properties) -> Properties:
    """MiniStack refuses an alarm on what is calculated: it is kept with its expression as the name of a metric, which
    nobody reports, so that it is listed and never rings."""
    if "Metrics" not in properties:
        return properties
    (expression,) = [each["Expression"] for each in properties["Metrics"] if each.get("ReturnData")]
    return without(properties, "Metrics") | {"Namespace": "Expression", "MetricName": expression, "Statistic": "Sum"}


TYPES: dict[str, Resource | Mend] = {
    "AWS::CloudTrail::Trail": Resource(
        create=_create_trail,
        update=_update_trail,
        delete=lambda ref, properties: client("cloudtrail").delete_trail(Name=ref),
        replaced_by=("TrailName",),
    ),
    "AWS::CloudWatch::Alarm": Mend(prepare=_of_one_metric),
    "AWS::CloudWatch::CompositeAlarm": Resource(
        create=lambda properties, place: _put_composite(properties.get("AlarmName") or place.name(255), properties),
        update=lambda ref, old, new: _put_composite(ref, new),
        delete=lambda ref, properties: client("cloudwatch").delete_alarms(AlarmNames=[ref]),
        replaced_by=("AlarmName",),
    ),
}
