"""06 Events: what happens after the customer has their confirmation. One bus, an archive of ninety days, three rules,
and behind each a queue, its dead letters and a function.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from awacs import sns
from troposphere import GetAtt, Ref, Sub
from troposphere.awslambda import VPCConfig
from troposphere.cloudwatch import Alarm
from troposphere.dynamodb import (
    AttributeDefinition,
    KeySchema,
    PointInTimeRecoverySpecification,
    SSESpecification,
    Table,
    TimeToLiveSpecification,
)
from troposphere.events import Archive, DeadLetterConfig, EventBus
from troposphere.sns import SubscriptionResource, Topic, TopicPolicy

from retail import names, policies
from retail.blocks import alarms, queues
from retail.blocks.functions import Batches
from retail.blocks.parameters import parameter
from retail.blocks.pipeline import pipeline
from retail.config import Config
from retail.contracts import events, lake, metrics, parameters, settings, told
from retail.stack import STATEFUL, Stack, Value
from templates.data import Data
from templates.networking import Networking
from templates.security import Security

LATE_AFTER_SECONDS = 900

OUTBOX_LATE_SECONDS = 300
"""As long as a relay waits at most before it tries an event again."""


@dataclass(frozen=True, kw_only=True)
class Events:
    """What this stack hands to later ones: names for the dashboard."""

    work_queue_names: Annotated[Value, "The queues of order processor, inventory handler and notification."]
    dead_letter_queue_names: Annotated[Value, "Their dead-letter queues, in the same order."]
    function_names: Annotated[Value, "The functions behind them, in the same order."]


def build(config: Config, networking: Networking, security: Security, data: Data) -> tuple[Stack, Events]:
    """Build the events stack on networking, security and data."""
    stack = Stack(6, "events", __doc__ or "")
    shared = queues.Shared(
        stack=stack, config=config, key_arn=security.key_arn, topic_arn=security.operations_topic_arn
    )
    email, has_email = stack.optional(
        "CustomerEmail",
        group="Customers",
        label="E-mail",
        pattern=r"[^@\s]+@[^@\s]+\.[^@\s]+",
        ConstraintDescription="an e-mail address, or none",
        Description="Address subscribed to the order notifications, to see them flow; customers' own mails go by a "
        "filtered subscription or a mail service.",
    )

    # A bus under the key loses what it cannot encrypt, unless it has somewhere to put it (T43).
    bus_undelivered = queues.last_resort(
        shared,
        "BusUndelivered",
        "The bus could not encrypt or deliver an event: look at the key's policy.",
        "bus-undelivered",
    )
    # It stays with its archive, which keeps a rule on it: a bus that has a rule cannot be deleted, and events are
    # replayed to their own bus alone (T170).
    bus = stack.add_resource(
        EventBus(
            "RetailEventBus",
            Name=names.EVENT_BUS.name,
            Description="The retail domain's events",
            KmsKeyIdentifier=security.key_arn,
            DeadLetterConfig=DeadLetterConfig(Arn=GetAtt(bus_undelivered, "Arn")),
            Tags=stack.tags("bus"),
            **STATEFUL,
        )
    )
    stack.add_resource(queues.admit("BusUndeliveredPolicy", bus_undelivered, GetAtt(bus, "Arn")))
    stack.add_resource(
        Archive(
            "RetailEventArchive",
            ArchiveName=Sub(f"{names.PREFIX}-RetailEventArchive"),
            Description="Every event of the retail domain, to replay",
            SourceArn=GetAtt(bus, "Arn"),
            RetentionDays=config.archive_days,
            KmsKeyIdentifier=security.key_arn,
            **STATEFUL,
        )
    )
    stack.add_resource(parameter(parameters.EVENT_BUS, Ref(bus)))

    topic = stack.add_resource(
        Topic(
            "OrderNotificationsTopic",
            DisplayName="Order notifications",
            KmsMasterKeyId=security.key_arn,
            Tags=stack.tags("order-notifications"),
        )
    )
    stack.add_resource(
        TopicPolicy(
            "OrderNotificationsTopicPolicy",
            Topics=[Ref(topic)],
            PolicyDocument=policies.policy(policies.only_over_tls(Ref(topic), actions=[sns.Publish])),
        )
    )
    with stack.when(has_email):
        stack.add_resource(
            SubscriptionResource("CustomerEmailSubscription", TopicArn=Ref(topic), Protocol="email", Endpoint=email)
        )

    in_the_vpc = VPCConfig(SubnetIds=networking.app_subnet_ids, SecurityGroupIds=[security.function_security_group_id])
    database = {
        "database_host": data.database_host,
        "database_port": data.database_port,
        "database_name": data.database_name,
        "database_secret_arn": security.database_secret_arn,
    }
    common = {
        "bus": bus,
        "code_bucket": data.artifacts_bucket_name,
        "batches": Batches(
            size=10, window_seconds=config.batch_window_seconds, at_once=config.function_max_concurrency
        ),
        "late_after_seconds": LATE_AFTER_SECONDS,
    }
    may_reach_database = policies.may_read_secret(security.database_secret_arn)

    order_processing = pipeline(
        shared,
        "OrderProcessing",
        "OrderProcessor",
        purpose="Write each order placed or paid to Aurora, and archive its event in the lake.",
        matches=events.pattern(events.OrderPlaced, events.PaymentProcessed),
        told=settings.OrderProcessor(**database, lake_bucket=data.lake_bucket_name),
        may=[may_reach_database, policies.may_write_lake(lake.raw("orders"))],
        handler="lambdas.order_processor.handler.handler",
        vpc=in_the_vpc,
        **common,
    )
    inventory_update = pipeline(
        shared,
        "InventoryUpdate",
        "InventoryHandler",
        purpose="Take reserved stock off in Aurora, and drop the product from the cache.",
        matches=events.pattern(events.InventoryReserved),
        told=settings.InventoryHandler(
            **database,
            lake_bucket=data.lake_bucket_name,
            cache_host=data.cache_host,
            cache_port=data.cache_port,
            cache_name=data.cache_name,
            cache_user=names.CACHE_USER.name,
        ),
        may=[may_reach_database, policies.may_write_lake(lake.raw("inventory")), policies.may_reach_cache()],
        handler="lambdas.inventory_handler.handler.handler",
        vpc=in_the_vpc,
        **common,
    )
    stack.add_resource(outbox_alarm(security, bus))
    counted = alarms.Watched(
        topic_arn=security.operations_topic_arn,
        namespace=metrics.NAMESPACE,
        dimensions={metrics.FUNCTION: Ref(inventory_update.function)},
    )
    stack.add_resource(
        counted.alarm(
            "ReservationsOversold",
            "More of a product is sold than there was: somebody has bought what is not on the shelf.",
            metrics.RESERVATIONS_OVERSOLD,
            runbook="reservations-oversold",
            threshold=0,
        )
    )
    # A queue may deliver an event twice; a customer is told of it once.
    ledger = stack.add_resource(
        Table(
            "ToldTable",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[AttributeDefinition(AttributeName=told.EVENT_ID, AttributeType="S")],
            KeySchema=[KeySchema(AttributeName=told.EVENT_ID, KeyType="HASH")],
            TimeToLiveSpecification=TimeToLiveSpecification(AttributeName=told.EXPIRES_AT, Enabled=True),
            PointInTimeRecoverySpecification=PointInTimeRecoverySpecification(PointInTimeRecoveryEnabled=True),
            SSESpecification=SSESpecification(SSEEnabled=True, SSEType="KMS", KMSMasterKeyId=security.key_arn),
            Tags=stack.tags("told"),
            **STATEFUL,
        )
    )
    # A replay must not mail the customers again, so this rule passes replayed events by (T171).
    customer_notification = pipeline(
        shared,
        "CustomerNotification",
        "Notification",
        purpose="Tell customers of orders placed and shipped, by the order notifications topic.",
        matches=events.pattern(events.OrderPlaced, events.OrderShipped) | {"replay-name": [{"exists": False}]},
        told=settings.Notification(topic_arn=Ref(topic), told_table=Ref(ledger)),
        may=[policies.may_publish(Ref(topic)), policies.may_keep_ledger(GetAtt(ledger, "Arn"))],
        handler="lambdas.notification.handler.handler",
        **common,
    )
    pipelines = (order_processing, inventory_update, customer_notification)

    return stack, stack.export(
        Events,
        work_queue_names=[GetAtt(each.queue, "QueueName") for each in pipelines],
        dead_letter_queue_names=[GetAtt(each.dead_letters, "QueueName") for each in pipelines],
        function_names=[Ref(each.function) for each in pipelines],
    )


def outbox_alarm(security: Security, bus: EventBus) -> Alarm:
    """Orders are confirmed and nothing follows: the relays do not publish, or tell nothing.

    Each task reports the same table, so the highest counts. No report at all counts as late: what silences all relays,
    a shop that never opened or a database that does not answer, also keeps them from publishing, and the health checks
    ask for neither.
    """
    outbox = alarms.Watched(
        topic_arn=security.operations_topic_arn,
        namespace=metrics.NAMESPACE,
        dimensions={metrics.EVENT_BUS: Ref(bus)},
    )
    return outbox.alarm(
        "OutboxTooOld",
        f"An event waits for the bus for more than {OUTBOX_LATE_SECONDS // 60} minutes, or no task reports what waits: "
        "orders are confirmed, and nothing follows.",
        metrics.OUTBOX_OLDEST_AGE,
        runbook="outbox-too-old",
        statistic="Maximum",
        threshold=OUTBOX_LATE_SECONDS,
        times=3,
        missing="breaching",
    )
