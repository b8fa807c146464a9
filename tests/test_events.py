"""06 Events: one bus, ninety days of memory, and three pipelines that lose nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from retail.ops.drills import queues
from tests.emitted import everywhere, imported, properties, resources, statements, template

STACK = "06-events"
KEY = imported("security-KeyArn")
LEDGER = {"Fn::GetAtt": ["ToldTable", "Arn"]}
TOPIC = {"Ref": "OrderNotificationsTopic"}
FOURTEEN_DAYS = 1209600
FOUR_DAYS = 345600

PIPELINES = {
    "OrderProcessing": (STACK, "OrderProcessor"),
    "InventoryUpdate": (STACK, "InventoryHandler"),
    "CustomerNotification": (STACK, "Notification"),
    "RawObject": ("07-analytics", "CrawlerTrigger"),
}
FUNCTIONS = {function: (file, pipeline) for pipeline, (file, function) in PIPELINES.items()}
PATTERNS: dict[str, dict[str, Any]] = {
    "OrderProcessingRule": {
        "source": ["retail.storefront"],
        "detail-type": ["OrderPlaced", "PaymentProcessed"],
    },
    "InventoryUpdateRule": {"source": ["retail.storefront"], "detail-type": ["InventoryReserved"]},
    "CustomerNotificationRule": {
        "source": ["retail.storefront"],
        "detail-type": ["OrderPlaced", "OrderShipped"],
        "replay-name": [{"exists": False}],
    },
}
LAKE = "arn:${AWS::Partition}:s3:::${Project}-${Environment}-lake-${AWS::AccountId}-${AWS::Region}"
CACHE = "arn:${AWS::Partition}:elasticache:${AWS::Region}:${AWS::AccountId}"
CACHE_USER = [
    {"Fn::Sub": CACHE + ":serverlesscache:${Project}-${Environment}-cache"},
    {"Fn::Sub": CACHE + ":user:${Project}-${Environment}-shop"},
]
DATABASE = {"secretsmanager:GetSecretValue": [imported("security-DatabaseSecretArn")]}
INSIDE_THE_VPC = {
    "ec2:CreateNetworkInterface": ["*"],
    "ec2:DescribeNetworkInterfaces": ["*"],
    "ec2:DescribeSubnets": ["*"],
    "ec2:DeleteNetworkInterface": ["*"],
    "ec2:AssignPrivateIpAddresses": ["*"],
    "ec2:UnassignPrivateIpAddresses": ["*"],
}
OWN_WORK: dict[str, dict[str, list[Any]]] = {
    "OrderProcessor": {
        **DATABASE,
        **INSIDE_THE_VPC,
        "s3:PutObject": [{"Fn::Sub": LAKE + "/raw/orders/*"}],
    },
    "InventoryHandler": {
        **DATABASE,
        **INSIDE_THE_VPC,
        "s3:PutObject": [{"Fn::Sub": LAKE + "/raw/inventory/*"}],
        "elasticache:Connect": CACHE_USER,
    },
    "Notification": {"sns:Publish": [TOPIC], "dynamodb:BatchGetItem": [LEDGER], "dynamodb:BatchWriteItem": [LEDGER]},
}


def _arn(logical_id: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [logical_id, "Arn"]}


def _target(pipeline: str) -> dict[str, Any]:
    (target,) = properties(PIPELINES[pipeline][0], f"{pipeline}Rule")["Targets"]
    return dict(target)


def _queue(pipeline: str, part: str) -> dict[str, Any]:
    return properties(PIPELINES[pipeline][0], f"{pipeline}{part}")


def _allowed(policy: str, file: str) -> list[dict[str, Any]]:
    document = properties(file, policy)["PolicyDocument"]
    return [part for part in statements(document) if part["Effect"] == "Allow"]


def _grants(role: str) -> dict[str, list[Any]]:
    """Each action that a role may take, and on what."""
    settings = properties(STACK, role)
    assert "ManagedPolicyArns" not in settings
    (policy,) = settings["Policies"]
    granted = statements(policy["PolicyDocument"])
    return {action: part["Resource"] for part in granted for action in part["Action"]}


def _alarm(file: str, logical_id: str) -> tuple[Any, ...]:
    settings = properties(file, logical_id)
    (dimension,) = settings["Dimensions"]
    return settings["MetricName"], settings["Statistic"], dimension["Value"], settings["ComparisonOperator"]


def test_the_bus_belongs_to_the_platform_and_not_to_the_account() -> None:
    """T153."""
    name = {"Fn::Sub": "${Project}-${Environment}-RetailEventBus"}
    assert properties(STACK, "RetailEventBus")["Name"] == name


def test_the_archive_keeps_every_event_of_the_bus_for_ninety_days_under_the_key() -> None:
    """T42, T170."""
    archive = properties(STACK, "RetailEventArchive")
    assert archive["RetentionDays"] == 90
    assert archive["SourceArn"] == _arn("RetailEventBus")
    assert archive["KmsKeyIdentifier"] == KEY
    assert "EventPattern" not in archive


def test_the_bus_outlives_its_stack_as_its_archive_does() -> None:
    """The archive keeps a rule on the bus, and a bus with a rule cannot be deleted; nor is it replayed to another."""
    for logical_id in ("RetailEventBus", "RetailEventArchive"):
        kept = resources(STACK)[logical_id]
        assert (kept["DeletionPolicy"], kept["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_what_the_bus_itself_cannot_handle_is_not_lost() -> None:
    """T43."""
    assert properties(STACK, "RetailEventBus")["DeadLetterConfig"] == {"Arn": _arn("BusUndelivered")}
    (sends,) = _allowed("BusUndeliveredPolicy", STACK)
    assert sends["Condition"] == {"ArnEquals": {"aws:SourceArn": _arn("RetailEventBus")}}
    assert sends["Principal"] == {"Service": "events.amazonaws.com"}
    assert (sends["Action"], sends["Resource"]) == (["sqs:SendMessage"], [_arn("BusUndelivered")])
    assert properties(STACK, "BusUndeliveredPolicy")["Queues"] == [{"Ref": "BusUndelivered"}]
    assert properties(STACK, "BusUndelivered")["MessageRetentionPeriod"] == FOURTEEN_DAYS


@pytest.mark.parametrize("rule", PATTERNS)
def test_each_rule_matches_the_narratives_events_from_the_storefront_alone(rule: str) -> None:
    """T154, T171: and no customer is told again when events are replayed."""
    settings = properties(STACK, rule)
    assert settings["EventPattern"] == PATTERNS[rule]
    assert settings["EventBusName"] == {"Ref": "RetailEventBus"}
    assert settings.get("State", "ENABLED") == "ENABLED"


def test_there_are_the_narratives_three_rules_on_the_bus_and_no_other() -> None:
    on_the_bus = [name for _, name, rule in everywhere("AWS::Events::Rule") if "EventBusName" in rule]
    assert sorted(on_the_bus) == sorted(PATTERNS)


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_a_message_goes_to_the_dead_letters_after_three_receives_and_stays_there_fourteen_days(
    pipeline: str,
) -> None:
    """T157, T158: its age counts from the first queue, so it waits there four days at the most."""
    redrive = _queue(pipeline, "Queue")["RedrivePolicy"]
    assert redrive["maxReceiveCount"] == 3
    assert redrive["deadLetterTargetArn"] == _arn(f"{pipeline}DeadLetters")
    assert _queue(pipeline, "DeadLetters")["MessageRetentionPeriod"] == FOURTEEN_DAYS
    assert _queue(pipeline, "Queue")["MessageRetentionPeriod"] == FOUR_DAYS


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_what_eventbridge_cannot_deliver_goes_to_a_queue_apart_from_the_dead_letters(pipeline: str) -> None:
    """T156: a redrive policy never sees it."""
    target = _target(pipeline)
    assert target["Arn"] == _arn(f"{pipeline}Queue")
    assert target["DeadLetterConfig"] == {"Arn": _arn(f"{pipeline}Undelivered")}
    assert _queue(pipeline, "Undelivered")["MessageRetentionPeriod"] == FOURTEEN_DAYS
    redriven = _queue(pipeline, "Queue")["RedrivePolicy"]["deadLetterTargetArn"]
    assert target["DeadLetterConfig"]["Arn"] != redriven


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_eventbridge_tries_for_an_hour_before_it_gives_up(pipeline: str) -> None:
    """T156."""
    retries = _target(pipeline)["RetryPolicy"]
    assert retries == {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 20}


@pytest.mark.parametrize("part", ["Queue", "Undelivered"])
@pytest.mark.parametrize("pipeline", PIPELINES)
def test_a_queue_hears_its_own_rule_and_nobody_else(pipeline: str, part: str) -> None:
    """T155."""
    file, policy = PIPELINES[pipeline][0], f"{pipeline}{part}Policy"
    (sends,) = _allowed(policy, file)
    assert sends["Condition"] == {"ArnEquals": {"aws:SourceArn": _arn(f"{pipeline}Rule")}}
    assert (sends["Principal"], sends["Action"]) == (
        {"Service": "events.amazonaws.com"},
        ["sqs:SendMessage"],
    )
    assert sends["Resource"] == [_arn(f"{pipeline}{part}")]
    assert properties(file, policy)["Queues"] == [{"Ref": f"{pipeline}{part}"}]


@pytest.mark.parametrize(
    ("kind", "guarded", "own_arn"),
    [
        ("AWS::SQS::QueuePolicy", "Queues", lambda title: {"Fn::GetAtt": [title, "Arn"]}),
        ("AWS::SNS::TopicPolicy", "Topics", lambda title: {"Ref": title}),
    ],
)
def test_each_statement_about_a_queue_or_a_topic_names_that_one_alone(
    kind: str, guarded: str, own_arn: Callable[[str], dict[str, Any]]
) -> None:
    """SQS and SNS refuse a policy of which a statement names two: "must apply to a single resource"."""
    found = list(everywhere(kind))
    assert found
    for _, title, policy in found:
        (guards,) = policy[guarded]
        for statement in statements(policy["PolicyDocument"]):
            assert statement["Resource"] == [own_arn(guards["Ref"])], title


@pytest.mark.parametrize(
    ("file", "policy"),
    [
        (STACK, "BusUndeliveredPolicy"),
        (STACK, "OrderNotificationsTopicPolicy"),
        ("02-security", "OperationsTopicPolicy"),
        *(
            (PIPELINES[pipeline][0], f"{pipeline}{part}Policy")
            for pipeline in PIPELINES
            for part in ("Queue", "Undelivered", "DeadLetters")
        ),
    ],
)
def test_queues_and_topics_refuse_to_speak_without_tls(file: str, policy: str) -> None:
    document = properties(file, policy)["PolicyDocument"]
    (denied,) = [part for part in statements(document) if part["Effect"] == "Deny"]
    assert denied["Principal"] == "*"
    assert denied["Action"] in (["sqs:*"], ["sns:Publish"])
    guarded = properties(file, policy).get("Queues") or properties(file, policy)["Topics"]
    named = [one.get("Ref") or one["Fn::GetAtt"][0] for one in denied["Resource"]]
    assert named == [one["Ref"] for one in guarded]
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_a_message_stays_hidden_for_six_times_as_long_as_its_function_may_take(pipeline: str) -> None:
    """T159: and for as long as a batch is gathered."""
    file, function = PIPELINES[pipeline]
    hidden = _queue(pipeline, "Queue")["VisibilityTimeout"]
    gathered = properties(file, f"{function}Source")["MaximumBatchingWindowInSeconds"]
    assert hidden >= 6 * properties(file, function)["Timeout"] + gathered


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_bad_message_harms_only_itself(function: str) -> None:
    """T161."""
    source = properties(FUNCTIONS[function][0], f"{function}Source")
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["FunctionName"] == {"Ref": function}
    assert source["EventSourceArn"] == _arn(f"{FUNCTIONS[function][1]}Queue")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_burst_of_events_is_held_back_in_the_queue_and_not_from_the_function(function: str) -> None:
    """T163, T164: a reservation would throttle good messages into the dead letters."""
    file = FUNCTIONS[function][0]
    bound = properties(file, f"{function}Source")["ScalingConfig"]["MaximumConcurrency"]
    assert 2 <= bound <= 10
    assert "ReservedConcurrentExecutions" not in properties(file, function)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_run_python_3_13_on_arm(function: str) -> None:
    """T165."""
    settings = properties(FUNCTIONS[function][0], function)
    assert (settings["Runtime"], settings["Architectures"]) == ("python3.13", ["arm64"])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_function_has_a_role_and_a_log_of_its_own(function: str) -> None:
    """T169: a log named by CloudFormation, which a late call does not make anew without the key."""
    file = FUNCTIONS[function][0]
    settings = properties(file, function)
    assert settings["Role"] == _arn(f"{function}Role")
    assert settings["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": {"Ref": f"{function}Logs"}}
    assert "LogGroupName" not in properties(file, f"{function}Logs")


@pytest.mark.parametrize("function", OWN_WORK)
def test_each_function_may_do_its_own_work_and_no_other(function: str) -> None:
    """T162, T175."""
    log = [_arn(f"{function}Logs")]
    queue = [_arn(f"{FUNCTIONS[function][1]}Queue")]
    assert _grants(f"{function}Role") == {
        "logs:CreateLogStream": log,
        "logs:PutLogEvents": log,
        "sqs:ReceiveMessage": queue,
        "sqs:DeleteMessage": queue,
        "sqs:GetQueueAttributes": queue,
        "kms:Decrypt": [KEY],
        "kms:GenerateDataKey": [KEY],
        **OWN_WORK[function],
    }


@pytest.mark.parametrize("function", ["OrderProcessor", "InventoryHandler"])
def test_what_touches_the_data_tier_runs_in_the_application_subnets(function: str) -> None:
    """T167: the isolated ones lead to no API."""
    assert properties(STACK, function)["VpcConfig"] == {
        "SubnetIds": {"Fn::Split": [",", imported("networking-AppSubnetIds")]},
        "SecurityGroupIds": [imported("security-FunctionSecurityGroupId")],
    }


@pytest.mark.parametrize("function", ["Notification", "CrawlerTrigger"])
def test_what_touches_only_aws_runs_outside_the_vpc(function: str) -> None:
    assert "VpcConfig" not in properties(FUNCTIONS[function][0], function)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_code_comes_from_the_artifacts_bucket_by_a_key_that_changes_with_it(function: str) -> None:
    """T166."""
    file = FUNCTIONS[function][0]
    condition, zipped, _ = properties(file, function)["Code"]["Fn::If"]
    assert condition == f"Has{function}CodeKey"
    bucket = imported("data-ArtifactsBucketName")
    assert zipped == {"S3Bucket": bucket, "S3Key": {"Ref": f"{function}CodeKey"}}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_message_is_taken_from_a_queue_before_there_is_code_to_handle_it(function: str) -> None:
    """T166: so that the stack stands without code, and loses nothing."""
    file = FUNCTIONS[function][0]
    condition = f"Has{function}CodeKey"
    assert properties(file, f"{function}Source")["Enabled"] == {"Fn::If": [condition, True, False]}
    assert template(file)["Parameters"][f"{function}CodeKey"]["Default"] == "none"
    given = {"Fn::Not": [{"Fn::Equals": [{"Ref": f"{function}CodeKey"}, "none"]}]}
    assert template(file)["Conditions"][condition] == given


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_is_given_a_password_by_its_environment(function: str) -> None:
    variables = properties(FUNCTIONS[function][0], function)["Environment"]["Variables"]
    assert not any("PASSWORD" in name for name in variables)
    assert "resolve:secretsmanager" not in str(variables)


def test_the_ledger_of_who_was_told_of_what_is_under_the_key_and_forgets() -> None:
    ledger = properties(STACK, "ToldTable")
    assert ledger["KeySchema"] == [{"AttributeName": "event_id", "KeyType": "HASH"}]
    assert ledger["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert ledger["SSESpecification"]["KMSMasterKeyId"] == KEY
    assert ledger["BillingMode"] == "PAY_PER_REQUEST"


def test_notifications_fan_out_by_one_topic_that_customers_can_be_subscribed_to() -> None:
    """T173."""
    variables = properties(STACK, "Notification")["Environment"]["Variables"]
    assert variables == {"TOPIC_ARN": TOPIC, "TOLD_TABLE": {"Ref": "ToldTable"}}
    subscription = resources(STACK)["CustomerEmailSubscription"]
    assert subscription["Condition"] == "HasCustomerEmail"
    assert subscription["Properties"]["TopicArn"] == TOPIC
    assert template(STACK)["Parameters"]["CustomerEmail"]["Default"] == "none"


@pytest.mark.parametrize(
    ("file", "queue"),
    [
        (STACK, "BusUndelivered"),
        *(
            (file, f"{pipeline}{part}")
            for pipeline, (file, _) in PIPELINES.items()
            for part in ("DeadLetters", "Undelivered")
        ),
    ],
)
def test_an_alarm_fires_with_the_first_message_that_falls_out(file: str, queue: str) -> None:
    """T160: by what lies there, as NumberOfMessagesSent does not count what was redriven."""
    name = {"Fn::GetAtt": [queue, "QueueName"]}
    seen = ("ApproximateNumberOfMessagesVisible", "Maximum", name, "GreaterThanThreshold")
    assert _alarm(file, f"{queue}NotEmpty") == seen
    alarm = properties(file, f"{queue}NotEmpty")
    assert (alarm["Threshold"], alarm["Period"], alarm["EvaluationPeriods"]) == (0, 60, 1)
    assert alarm["TreatMissingData"] == "notBreaching"


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_an_alarm_tells_when_messages_wait_too_long(pipeline: str) -> None:
    file = PIPELINES[pipeline][0]
    name = {"Fn::GetAtt": [f"{pipeline}Queue", "QueueName"]}
    seen = ("ApproximateAgeOfOldestMessage", "Maximum", name, "GreaterThanThreshold")
    assert _alarm(file, f"{pipeline}QueueTooOld") == seen
    assert properties(file, f"{pipeline}QueueTooOld")["Threshold"] == (3600 if pipeline == "RawObject" else 900)


@pytest.mark.parametrize(("suffix", "metric"), [("Failing", "Errors"), ("Throttled", "Throttles")])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_alarm_tells_when_a_function_fails_or_is_throttled(function: str, suffix: str, metric: str) -> None:
    file = FUNCTIONS[function][0]
    seen = (metric, "Sum", {"Ref": function}, "GreaterThanThreshold")
    assert _alarm(file, f"{function}{suffix}") == seen
    assert properties(file, f"{function}{suffix}")["Threshold"] == 0


def test_every_queue_where_something_failed_lies_can_be_redriven() -> None:
    failed = {name for _, name, _ in everywhere("AWS::SQS::Queue") if name.endswith(("DeadLetters", "Undelivered"))}
    assert {queue.title for queue in queues.QUEUES.values()} == failed


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_that_fails_at_each_try_of_a_lone_message_is_told_of(function: str) -> None:
    """T159: between two tries lie six times the function's time and the window, 365 seconds or 660."""
    file, window = FUNCTIONS[function][0], 33 if function == "CrawlerTrigger" else 18
    settings = properties(file, f"{function}Failing")
    assert (settings["Period"], settings["DatapointsToAlarm"], settings["EvaluationPeriods"]) == (60, 2, window)


def test_an_alarm_tells_when_an_event_has_waited_for_five_minutes_or_nobody_says_how_long() -> None:
    """Each task reports the one outbox; none that reports is a relay that may not run."""
    settings = properties(STACK, "OutboxTooOld")
    assert (settings["Statistic"], settings["ComparisonOperator"]) == ("Maximum", "GreaterThanThreshold")
    assert (settings["Threshold"], settings["Period"], settings["EvaluationPeriods"]) == (300, 60, 3)
    assert settings["TreatMissingData"] == "breaching"
    assert settings["Dimensions"] == [{"Name": "EventBusName", "Value": {"Ref": "RetailEventBus"}}]


def test_an_alarm_fires_with_the_first_reservation_of_more_than_there_is() -> None:
    """That none is counted is as it should be."""
    seen = ("ReservationsOversold", "Sum", {"Ref": "InventoryHandler"}, "GreaterThanThreshold")
    assert _alarm(STACK, "ReservationsOversold") == seen
    settings = properties(STACK, "ReservationsOversold")
    assert (settings["Threshold"], settings["Period"], settings["EvaluationPeriods"]) == (0, 60, 1)
    assert settings["TreatMissingData"] == "notBreaching"


@pytest.mark.parametrize(
    ("suffix", "namespace", "dimension"),
    [
        ("NotEmpty", "AWS/SQS", "QueueName"),
        ("QueueTooOld", "AWS/SQS", "QueueName"),
        ("Failing", "AWS/Lambda", "FunctionName"),
        ("Throttled", "AWS/Lambda", "FunctionName"),
    ],
)
def test_an_alarm_looks_where_its_service_publishes(suffix: str, namespace: str, dimension: str) -> None:
    for file in (STACK, "07-analytics"):
        for name, alarm in resources(file, "AWS::CloudWatch::Alarm").items():
            if name.endswith(suffix):
                (named,) = alarm["Properties"]["Dimensions"]
                assert (alarm["Properties"]["Namespace"], named["Name"]) == (namespace, dimension)


@pytest.mark.parametrize("function", ["OrderProcessor", "InventoryHandler"])
def test_what_touches_the_data_tier_is_told_where_it_is(function: str) -> None:
    """T210."""
    told = {
        "DATABASE_HOST": imported("data-DatabaseHost"),
        "DATABASE_PORT": imported("data-DatabasePort"),
        "DATABASE_NAME": imported("data-DatabaseName"),
        "DATABASE_SECRET_ARN": imported("security-DatabaseSecretArn"),
        "LAKE_BUCKET": imported("data-LakeBucketName"),
    }
    cache = {
        "CACHE_HOST": imported("data-CacheHost"),
        "CACHE_PORT": imported("data-CachePort"),
        "CACHE_NAME": imported("data-CacheName"),
        "CACHE_USER": {"Fn::Sub": "${Project}-${Environment}-shop"},
    }
    variables = properties(STACK, function)["Environment"]["Variables"]
    assert variables == (told | cache if function == "InventoryHandler" else told)
