"""07 Analytics: raw events become tables, two ways to query them, and one view of every tier."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.emitted import everywhere, find, granted, imported, properties, resources, template
from tests.test_names import resolve

STACK = "07-analytics"
KEY = imported("security-KeyArn")
LAKE_NAME = imported("data-LakeBucketName")
LAKE = "arn:${AWS::Partition}:s3:::${Project}-${Environment}-lake-${AWS::AccountId}-${AWS::Region}"
CATALOG = "arn:${AWS::Partition}:glue:${AWS::Region}:${AWS::AccountId}:"
CATALOG_PARTS = [
    {"Fn::Sub": CATALOG + "catalog"},
    {"Fn::Sub": CATALOG + "database/${Project}_${Environment}"},
    {"Fn::Sub": CATALOG + "table/${Project}_${Environment}/*"},
]
DOMAINS = {"orders": "Orders", "inventory": "Inventory", "products": "Products"}
TEN_GIBIBYTES = 10737418240
READ_CATALOG = {
    "glue:GetDatabase",
    "glue:GetDatabases",
    "glue:GetTable",
    "glue:GetTables",
    "glue:GetPartition",
    "glue:GetPartitions",
    "glue:BatchGetPartition",
}
WRITE_CATALOG = {
    "glue:CreateTable",
    "glue:UpdateTable",
    "glue:CreatePartition",
    "glue:BatchCreatePartition",
    "glue:UpdatePartition",
    "glue:BatchUpdatePartition",
}
LOGS_OF_GLUE = {
    "glue:GetSecurityConfiguration",
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "logs:AssociateKmsKey",
    "cloudwatch:PutMetricData",
}
READ_LAKE = {"s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation"}
USE_KEY = {"kms:Decrypt", "kms:GenerateDataKey"}
ACTIONS = {
    "CrawlerRole": READ_LAKE | READ_CATALOG | WRITE_CATALOG | LOGS_OF_GLUE | USE_KEY | {"kms:Encrypt"},
    "WarehouseRole": READ_LAKE | READ_CATALOG | {"kms:Decrypt"},
    "CrawlerTriggerRole": {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:SendMessage",
        "glue:StartCrawler",
        "glue:GetCrawler",
        *USE_KEY,
    },
}
TIERS = {
    "ECS task health": {("ECS/ContainerInsights", "RunningTaskCount"), ("AWS/ECS", "CPUUtilization")},
    "ALB request rates": {("AWS/ApplicationELB", "RequestCount")},
    "Aurora connections": {("AWS/RDS", "DatabaseConnections")},
    "ElastiCache hit rates": {("AWS/ElastiCache", "CacheHitRate")},
    "SQS queue depths and DLQ counts": {("AWS/SQS", "ApproximateNumberOfMessagesVisible")},
    "Lambda error rates": {("AWS/Lambda", "Errors"), ("AWS/Lambda", "Invocations")},
    "WAF": {("AWS/WAFV2", "BlockedRequests")},
    "CloudFront": {("AWS/CloudFront", "Requests"), ("AWS/CloudFront", "5xxErrorRate")},
}


def _touched(role: str, action: str) -> list[Any]:
    """Everything that a role may do one thing to."""
    return [resource for part in granted(STACK, role) if action in part["Action"] for resource in part["Resource"]]


def _lake(*prefixes: str) -> list[dict[str, str]]:
    return [{"Fn::Sub": f"{LAKE}/{prefix}/*"} for prefix in prefixes]


def _path(prefix: str) -> dict[str, Any]:
    return {"Fn::Sub": [f"s3://${{Lake}}/{prefix}/", {"Lake": LAKE_NAME}]}


def _table(domain: str) -> dict[str, Any]:
    return dict(properties(STACK, f"Curated{DOMAINS[domain]}Table")["TableInput"])


def _dashboard() -> dict[str, Any]:
    """The dashboard with its placeholders filled in as CloudFormation would."""
    text, values = properties(STACK, "OperationsDashboard")["DashboardBody"]["Fn::Sub"]
    known = {*values, *template(STACK)["Parameters"], "AWS::Region"}
    assert set(re.findall(r"\$\{([^}]+)\}", text)) <= known
    body: dict[str, Any] = json.loads(re.sub(r"\$\{([^}]+)\}", r"<\1>", text))
    return body


def _widgets() -> list[dict[str, Any]]:
    return [widget["properties"] for widget in _dashboard()["widgets"] if widget["type"] == "metric"]


def _metrics(widget: dict[str, Any]) -> list[list[Any]]:
    """The widget's metrics spelt out: ``.`` stands for the same word of the one before, ``...`` for as many as fit."""
    spelt: list[list[Any]] = []
    for metric in widget["metrics"]:
        words, options = [each for each in metric if isinstance(each, str)], metric[-1:]
        if words[:1] == ["..."]:
            words = [*spelt[-1][: len(_words(spelt[-1])) - len(words) + 1], *words[1:]]
        words = [spelt[-1][place] if word == "." else word for place, word in enumerate(words)]
        if words:
            spelt.append([*words, *(each for each in options if isinstance(each, dict))])
    return spelt


def _words(metric: list[Any]) -> list[str]:
    return [each for each in metric if isinstance(each, str)]


@pytest.mark.parametrize("domain", DOMAINS)
def test_each_prefix_of_raw_events_has_its_crawler(domain: str) -> None:
    crawler = properties(STACK, f"Raw{DOMAINS[domain]}Crawler")
    (target,) = crawler["Targets"]["S3Targets"]
    assert target["Path"] == _path(f"raw/{domain}")
    assert crawler["DatabaseName"] == {"Ref": "Catalog"}
    assert crawler["CrawlerSecurityConfiguration"] == {"Ref": "GlueEncryption"}


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_prefix_becomes_one_table_however_many_dates_lie_under_it(domain: str) -> None:
    """T183: the bucket is level 1, so raw/orders is level 3."""
    configuration = json.loads(properties(STACK, f"Raw{DOMAINS[domain]}Crawler")["Configuration"])
    assert configuration["Grouping"] == {
        "TableGroupingPolicy": "CombineCompatibleSchemas",
        "TableLevelConfiguration": 3,
    }
    assert configuration["CreatePartitionIndex"] is False


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_changed_schema_updates_its_table_and_never_deletes_one(domain: str) -> None:
    """T184: crawling new folders only would forbid the update."""
    crawler = properties(STACK, f"Raw{DOMAINS[domain]}Crawler")
    policy = {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"}
    assert crawler["SchemaChangePolicy"] == policy
    assert crawler["RecrawlPolicy"] == {"RecrawlBehavior": "CRAWL_EVERYTHING"}


def test_raw_tables_do_not_take_the_names_of_curated_ones() -> None:
    curated = {_table(domain)["Name"] for domain in DOMAINS}
    prefixes = {crawler["TablePrefix"] for _, _, crawler in everywhere("AWS::Glue::Crawler")}
    assert (curated, prefixes) == ({"orders", "inventory", "products"}, {"raw_"})


def test_the_catalog_has_a_name_that_needs_no_quotes() -> None:
    """T11."""
    name = properties(STACK, "Catalog")["DatabaseInput"]["Name"]
    assert name == {"Fn::Sub": "${Project}_${Environment}"}


def test_new_raw_objects_and_no_others_start_a_crawler() -> None:
    """T176: an answer of Athena's or a curated file would start it for ever."""
    rule = properties(STACK, "RawObjectRule")
    assert rule["EventPattern"] == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {
            "bucket": {"name": [LAKE_NAME]},
            "object": {"key": [{"prefix": f"raw/{domain}/"} for domain in DOMAINS]},
        },
    }
    assert "EventBusName" not in rule


def test_objects_are_gathered_for_five_minutes_before_a_crawler_starts() -> None:
    """T178: each crawl is billed for ten minutes at least."""
    source = properties(STACK, "CrawlerTriggerSource")
    assert source["MaximumBatchingWindowInSeconds"] == 300
    assert source["BatchSize"] == 1000
    assert source["ScalingConfig"] == {"MaximumConcurrency": 2}


def test_the_crawler_trigger_can_put_back_what_came_while_a_crawler_ran() -> None:
    """T178."""
    assert _touched("CrawlerTriggerRole", "sqs:SendMessage") == [{"Fn::GetAtt": ["RawObjectQueue", "Arn"]}]


def test_the_crawler_trigger_starts_the_three_crawlers_and_no_other() -> None:
    """T177."""
    crawlers = [f"Raw{name}Crawler" for name in DOMAINS.values()]
    arns = [{"Fn::Sub": [CATALOG + "crawler/${Crawler}", {"Crawler": {"Ref": name}}]} for name in crawlers]
    assert _touched("CrawlerTriggerRole", "glue:StartCrawler") == arns
    variables = properties(STACK, "CrawlerTrigger")["Environment"]["Variables"]
    named = {f"{domain.upper()}_CRAWLER": {"Ref": f"Raw{name}Crawler"} for domain, name in DOMAINS.items()}
    assert named.items() <= variables.items()


@pytest.mark.parametrize("role", ACTIONS)
def test_each_role_may_do_its_own_work_and_no_other(role: str) -> None:
    assert {action for part in granted(STACK, role) for action in part["Action"]} == ACTIONS[role]


def test_a_crawler_reads_raw_events_and_describes_them_in_this_catalog_only() -> None:
    assert _touched("CrawlerRole", "s3:GetObject") == _lake("raw")
    assert _touched("CrawlerRole", "glue:CreateTable") == CATALOG_PARTS


def test_the_job_writes_curated_and_quarantined_events_and_never_a_raw_one() -> None:
    for action in ("s3:PutObject", "s3:DeleteObject"):
        assert _touched("CurateRole", action) == _lake("curated", "quarantine")
    assert set(_lake("raw")[0].values()) < {str(arn.get("Fn::Sub")) for arn in _touched("CurateRole", "s3:GetObject")}


def test_the_job_can_tell_redshift_of_a_new_day_which_does_not_project_it() -> None:
    assert _touched("CurateRole", "glue:BatchCreatePartition") == CATALOG_PARTS
    assert not _touched("CurateRole", "glue:CreateTable")


def test_the_warehouse_reads_curated_events_and_nothing_else() -> None:
    """T192."""
    assert _touched("WarehouseRole", "s3:GetObject") == _lake("curated")
    assert _touched("WarehouseRole", "glue:GetTable") == CATALOG_PARTS


@pytest.mark.parametrize("role", ["CrawlerRole", "CurateRole"])
def test_glue_can_encrypt_bookmarks_and_objects_under_the_key(role: str) -> None:
    """Glue's guide on encryption: a bookmark wants Encrypt besides, or the job fails once all is written."""
    for action in ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"):
        assert _touched(role, action) == [KEY]


@pytest.mark.parametrize("role", ["CrawlerRole", "CurateRole"])
def test_glue_can_encrypt_its_own_logs(role: str) -> None:
    """T182: or it stops logging without a word."""
    groups = {"Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/aws-glue/*"}
    assert _touched(role, "logs:AssociateKmsKey") == [groups]
    assert _touched(role, "kms:Decrypt") == [KEY]


def test_glue_encrypts_objects_logs_and_bookmarks_under_the_key() -> None:
    """T182."""
    encryption = properties(STACK, "GlueEncryption")["EncryptionConfiguration"]
    assert encryption == {
        "S3Encryptions": [{"S3EncryptionMode": "SSE-KMS", "KmsKeyArn": KEY}],
        "CloudWatchEncryption": {"CloudWatchEncryptionMode": "SSE-KMS", "KmsKeyArn": KEY},
        "JobBookmarksEncryption": {"JobBookmarksEncryptionMode": "CSE-KMS", "KmsKeyArn": KEY},
    }
    assert properties(STACK, "CurateJob")["SecurityConfiguration"] == {"Ref": "GlueEncryption"}


def test_the_job_is_spark_of_a_pinned_version_at_the_smallest_size() -> None:
    """T16, T179: unset would mean a newer one."""
    job = properties(STACK, "CurateJob")
    assert (job["GlueVersion"], job["WorkerType"], job["NumberOfWorkers"]) == ("5.1", "G.1X", 2)
    assert (job["Command"]["Name"], job["Command"]["PythonVersion"]) == ("glueetl", "3")


def test_the_job_remembers_what_it_has_read_and_never_runs_beside_itself() -> None:
    """T179."""
    job = properties(STACK, "CurateJob")
    assert job["DefaultArguments"]["--job-bookmark-option"] == "job-bookmark-enable"
    assert job["ExecutionProperty"] == {"MaxConcurrentRuns": 1}
    assert job["MaxRetries"] <= 1


def test_the_job_logs_while_it_runs_and_cannot_run_for_ever() -> None:
    """T179, T182: in minutes."""
    job = properties(STACK, "CurateJob")
    assert job["DefaultArguments"]["--enable-continuous-cloudwatch-log"] == "true"
    assert job["Timeout"] == 120


def test_the_job_runs_each_night_at_two() -> None:
    """T181: without StartOnCreation it would wait for somebody to switch it on."""
    trigger = properties(STACK, "CurateNightly")
    assert (trigger["Type"], trigger["Schedule"]) == ("SCHEDULED", "cron(0 2 * * ? *)")
    assert trigger["StartOnCreation"] is True
    assert trigger["Actions"] == [{"JobName": {"Ref": "CurateJob"}}]


def test_there_is_no_job_before_there_is_a_script() -> None:
    """T180: Glue would find that out at two in the morning."""
    both = {"Fn::And": [{"Condition": "HasCurateScriptKey"}, {"Condition": "HasCurateModulesKey"}]}
    assert template(STACK)["Conditions"]["HasCurateJob"] == both
    made = ("CurateRole", "CurateJob", "CurateNightly", "CurateFailed")
    assert [resources(STACK)[name]["Condition"] for name in made] == ["HasCurateJob"] * 4


def test_a_night_that_failed_is_told_to_the_operators() -> None:
    rule = properties(STACK, "CurateFailed")
    detail = rule["EventPattern"]["detail"]
    assert detail == {"jobName": [{"Ref": "CurateJob"}], "state": ["ERROR", "FAILED", "TIMEOUT"]}
    assert [target["Arn"] for target in rule["Targets"]] == [imported("security-OperationsTopicArn")]


def test_a_crawl_that_failed_is_told_to_the_operators() -> None:
    rule = properties(STACK, "CrawlFailed")
    crawlers = [{"Ref": f"Raw{name}Crawler"} for name in DOMAINS.values()]
    assert rule["EventPattern"]["detail-type"] == ["Glue Crawler State Change"]
    assert rule["EventPattern"]["detail"] == {"crawlerName": crawlers, "state": ["Failed"]}
    assert [target["Arn"] for target in rule["Targets"]] == [imported("security-OperationsTopicArn")]


@pytest.mark.parametrize("domain", DOMAINS)
def test_curated_events_are_parquet_by_date_in_a_place_of_their_own(domain: str) -> None:
    """T185."""
    table = _table(domain)
    assert table["PartitionKeys"] == [{"Name": "dt", "Type": "date"}]
    stored = table["StorageDescriptor"]
    assert stored["Location"] == _path(f"curated/{domain}")
    assert stored["SerdeInfo"]["SerializationLibrary"].endswith("ParquetHiveSerDe")
    assert table["Parameters"]["classification"] == "parquet"


@pytest.mark.parametrize("domain", DOMAINS)
def test_athena_finds_a_new_night_without_being_told(domain: str) -> None:
    """T185: by partition projection."""
    projected = {name: value for name, value in _table(domain)["Parameters"].items() if name.startswith("projection.")}
    assert projected == {
        "projection.enabled": "true",
        "projection.dt.type": "date",
        "projection.dt.format": "yyyy-MM-dd",
        "projection.dt.range": "2026-01-01,NOW",
        "projection.dt.interval": "1",
        "projection.dt.interval.unit": "DAYS",
    }


def test_analysts_cannot_leave_the_workgroups_bounds() -> None:
    """T188: ten gibibytes a query, and answers under the key where only the workgroup puts them."""
    settings = properties(STACK, "AnalystsWorkGroup")["WorkGroupConfiguration"]
    assert settings["EnforceWorkGroupConfiguration"] is True
    assert settings["BytesScannedCutoffPerQuery"] == TEN_GIBIBYTES
    answers = settings["ResultConfiguration"]
    assert answers["OutputLocation"] == _path("athena-results")
    assert answers["EncryptionConfiguration"] == {"EncryptionOption": "SSE_KMS", "KmsKey": KEY}


def test_the_workgroup_can_be_deleted_with_its_queries() -> None:
    """T188."""
    assert properties(STACK, "AnalystsWorkGroup")["RecursiveDeleteOption"] is True


def test_analysts_start_from_named_queries_over_tables_that_exist() -> None:
    tables = {_table(domain)["Name"] for domain in DOMAINS}
    queries = {query["Name"]: query for _, _, query in everywhere("AWS::Athena::NamedQuery")}
    assert {"daily revenue", "best sellers", "stock outs"} <= set(queries)
    for query in queries.values():
        assert (query["Database"], query["WorkGroup"]) == ({"Ref": "Catalog"}, {"Ref": "AnalystsWorkGroup"})
        named = set(re.findall(r"(?:FROM|JOIN) ([a-z_]+)", query["QueryString"]))
        assert named - {"life", "steps", "taken", "known"} <= tables


@pytest.mark.parametrize("domain", ["orders", "inventory"])
def test_every_named_query_of_events_reads_some_days_only(domain: str) -> None:
    """What is not bound by the partition is scanned and paid for."""
    texts = [query["QueryString"] for _, _, query in everywhere("AWS::Athena::NamedQuery")]
    reading = [text for text in texts if f"FROM {domain}" in text]
    assert reading
    assert all(re.search(r"dt >= date_add\('day', -\d+, current_date\)", text) for text in reading)


def test_the_warehouse_moves_its_data_inside_the_vpc_over_three_isolated_subnets() -> None:
    """T24, T193."""
    workgroup = properties(STACK, "WarehouseWorkgroup")
    assert (workgroup["EnhancedVpcRouting"], workgroup["PubliclyAccessible"]) == (True, False)
    assert workgroup["SubnetIds"] == {"Fn::Split": [",", imported("networking-DataSubnetIds")]}
    assert workgroup["SecurityGroupIds"] == [imported("security-WarehouseSecurityGroupId")]
    three = template("01-networking")["Outputs"]["DataSubnetIds"]["Value"]
    assert three == {"Fn::Join": [",", [{"Ref": f"DataSubnet{zone}"} for zone in "ABC"]]}


def test_the_warehouse_begins_at_eight_units_and_cannot_pass_thirty_two() -> None:
    """T189, T190: the default would be 128, and there is no other brake."""
    workgroup = properties(STACK, "WarehouseWorkgroup")
    assert (workgroup["BaseCapacity"], workgroup["MaxCapacity"]) == (8, 32)


def test_the_warehouse_speaks_tls_only() -> None:
    settings = properties(STACK, "WarehouseWorkgroup")["ConfigParameters"]
    assert {"ParameterKey": "require_ssl", "ParameterValue": "true"} in settings


def test_the_namespace_stands_before_its_workgroup() -> None:
    """T189: which needs it by reference and not by text."""
    assert properties(STACK, "WarehouseWorkgroup")["NamespaceName"] == {"Ref": "WarehouseNamespace"}


def test_nobody_chooses_the_warehouses_password() -> None:
    """T191."""
    namespace = properties(STACK, "WarehouseNamespace")
    assert namespace["ManageAdminPassword"] is True
    assert namespace["AdminPasswordSecretKmsKeyId"] == KEY
    assert "AdminUserPassword" not in namespace


def test_the_warehouses_default_role_is_one_of_its_roles() -> None:
    """T192."""
    namespace = properties(STACK, "WarehouseNamespace")
    role = {"Fn::GetAtt": ["WarehouseRole", "Arn"]}
    assert (namespace["DefaultIamRoleArn"], namespace["IamRoles"]) == (role, [role])


def test_the_warehouse_logs_to_groups_that_were_there_before_it() -> None:
    """T193: or Redshift makes them without key and without end."""
    namespace = resources(STACK)["WarehouseNamespace"]
    assert namespace["Properties"]["LogExports"] == ["useractivitylog", "userlog", "connectionlog"]
    name = namespace["Properties"]["NamespaceName"]["Fn::Sub"]
    groups = [properties(STACK, group)["LogGroupName"]["Fn::Sub"] for group in namespace["DependsOn"]]
    exported = [f"/aws/redshift/{name}/{log}" for log in namespace["Properties"]["LogExports"]]
    assert groups == exported


@pytest.mark.parametrize("tier", TIERS)
def test_the_dashboard_shows_every_tier_that_the_narrative_lists(tier: str) -> None:
    """T196, T197."""
    drawn = {(metric[0], metric[1]) for widget in _widgets() for metric in _metrics(widget)}
    assert TIERS[tier] <= drawn


def test_the_dashboard_counts_waiting_messages_and_dead_letters_of_each_pipeline() -> None:
    depth = [
        metric[metric.index("QueueName") + 1]
        for widget in _widgets()
        for metric in _metrics(widget)
        if metric[1] == "ApproximateNumberOfMessagesVisible"
    ]
    pipelines = ("Orders", "Inventory", "Notification")
    assert set(depth) == {f"<{name}{part}>" for name in pipelines for part in ("Queue", "DeadLetters")}


def test_the_dashboard_draws_what_waits_in_the_outbox_beside_the_queues() -> None:
    """By the dimension that the outbox's alarm asks for."""
    _, values = properties(STACK, "OperationsDashboard")["DashboardBody"]["Fn::Sub"]
    (asked,) = properties("06-events", "OutboxTooOld")["Dimensions"]
    assert resolve(STACK, values["Bus"]) == resolve("06-events", asked["Value"])
    drawn = {widget["title"]: _metrics(widget)[-1][:4] for widget in _widgets()}
    assert drawn["Queue depth"] == ["Retail", "OutboxWaiting", asked["Name"], "<Bus>"]
    assert drawn["Age of the oldest message (s)"] == ["Retail", "OutboxOldestAge", asked["Name"], "<Bus>"]


def test_the_dashboard_looks_for_the_edge_where_its_metrics_are() -> None:
    """T196: in us-east-1, with the Region called Global."""
    edge = [widget for widget in _widgets() if _metrics(widget)[0][0] in ("AWS/CloudFront", "AWS/WAFV2")]
    assert {widget["region"] for widget in edge} == {"us-east-1"}
    cloudfront = [metric for widget in edge for metric in _metrics(widget) if metric[0] == "AWS/CloudFront"]
    assert all(metric[2:4] == ["Region", "Global"] for metric in cloudfront)
    elsewhere = {widget["region"] for widget in _widgets() if widget not in edge}
    assert elsewhere == {"<AWS::Region>"}


def test_the_dashboard_draws_the_web_acl_by_the_name_it_measures_under() -> None:
    """T78: its MetricName, which another stack sets, in another Region."""
    name = properties("03-ingress", "WebAcl")["VisibilityConfig"]["MetricName"]["Fn::Sub"]
    (metric,) = [metric for widget in _widgets() for metric in _metrics(widget) if metric[0] == "AWS/WAFV2"]
    assert metric[metric.index("WebACL") + 1] == name.replace("${", "<").replace("}", ">")


def test_the_dashboard_asks_for_the_serverless_caches_own_dimension() -> None:
    """T198, T199: a widget copied from a cluster of nodes stays empty."""
    drawn = [metric for widget in _widgets() for metric in _metrics(widget)]
    caches = [metric[2] for metric in drawn if metric[0] == "AWS/ElastiCache"]
    assert set(caches) == {"clusterId"}
    connections = [metric[-1] for metric in drawn if metric[1] == "DatabaseConnections"]
    assert set(connections) == {"WRITER", "READER"}


def test_a_heading_and_the_graphs_below_it_each_fill_a_row_of_the_dashboard() -> None:
    rows: list[int] = []
    for widget in _dashboard()["widgets"]:
        assert not {"x", "y"} & widget.keys()
        if widget["type"] == "text" or rows[-1] == 24:
            rows.append(0)
        rows[-1] += widget.get("width", 6)
    assert set(rows) == {24}


def test_the_dashboards_queues_and_functions_come_in_the_order_they_are_exported() -> None:
    _, values = properties(STACK, "OperationsDashboard")["DashboardBody"]["Fn::Sub"]
    exported = {
        "Queue": (
            "WorkQueueNames",
            ["OrderProcessingQueue", "InventoryUpdateQueue", "CustomerNotificationQueue"],
        ),
        "Function": ("FunctionNames", ["OrderProcessor", "InventoryHandler", "Notification"]),
    }
    for part, (output, made) in exported.items():
        listed = template("06-events")["Outputs"][output]["Value"]["Fn::Join"][1]
        assert [next(find(one, "Ref"), None) or one["Fn::GetAtt"][0] for one in listed] == made
        for place, name in enumerate(("Orders", "Inventory", "Notification")):
            split = {"Fn::Split": [",", imported(f"events-{output}")]}
            assert values[f"{name}{part}"] == {"Fn::Select": [place, split]}


def test_the_job_runs_the_script_that_was_given_on_the_lake_under_its_own_role() -> None:
    """T180."""
    code = {"Code": imported("data-ArtifactsBucketName")}
    job = properties(STACK, "CurateJob")
    assert job["Role"] == {"Fn::GetAtt": ["CurateRole", "Arn"]}
    assert job["Command"]["ScriptLocation"] == {"Fn::Sub": ["s3://${Code}/${CurateScriptKey}", code]}
    arguments = job["DefaultArguments"]
    assert arguments["--extra-py-files"] == {"Fn::Sub": ["s3://${Code}/${CurateModulesKey}", code]}
    assert arguments["--lake-bucket"] == LAKE_NAME
