"""07 Analytics: what the business sees. Crawlers and a nightly job turn the lake's raw events into tables; Athena and
Redshift read them; one dashboard shows every tier.
"""

from __future__ import annotations

import json
from pathlib import Path

from troposphere import And, GetAtt, Ref, Select, Sub
from troposphere.athena import EncryptionConfiguration as ResultEncryption
from troposphere.athena import (
    EngineVersion,
    NamedQuery,
    ResultConfiguration,
    WorkGroup,
    WorkGroupConfiguration,
)
from troposphere.cloudwatch import Dashboard
from troposphere.events import Rule, Target
from troposphere.glue import (
    Action,
    CloudWatchEncryption,
    Column,
    Crawler,
    Database,
    DatabaseInput,
    EncryptionConfiguration,
    ExecutionProperty,
    Job,
    JobBookmarksEncryption,
    JobCommand,
    RecrawlPolicy,
    S3Encryption,
    S3Target,
    SchemaChangePolicy,
    SecurityConfiguration,
    SerdeInfo,
    StorageDescriptor,
    Table,
    TableInput,
    Targets,
    Trigger,
)
from troposphere.redshiftserverless import ConfigParameter, Namespace, Workgroup

from retail import names, policies
from retail.blocks import dashboard, logs, queues
from retail.blocks.functions import Batches
from retail.blocks.pipeline import pipeline
from retail.config import Config
from retail.contracts import lake, settings
from retail.stack import STATEFUL, Stack, both
from templates.application import Application
from templates.data import Data
from templates.events import Events
from templates.ingress import Ingress
from templates.networking import Networking
from templates.security import Security

CODE = "Code of the job"
QUERIES = Path(__file__).parents[1] / "retail" / "queries"
GIB = 1024**3
LATE_AFTER_SECONDS = 3_600
WAREHOUSE_LOGS = ("useractivitylog", "userlog", "connectionlog")


def build(
    config: Config,
    networking: Networking,
    security: Security,
    ingress: Ingress,
    application: Application,
    data: Data,
    events: Events,
) -> Stack:
    """Build the analytics stack, the last: it reads from all the others and hands nothing on."""
    stack = Stack(7, "analytics", __doc__ or "")
    stack.add_resource(
        Database(
            "Catalog",
            CatalogId=Ref("AWS::AccountId"),
            DatabaseInput=DatabaseInput(Name=Sub(names.CATALOG), Description="Raw and curated events of the shop"),
        )
    )
    stack.add_resource(glue_encryption(security))
    stack.add_resource(
        policies.shared(
            "GluePolicy",
            *policies.may_run_in_glue(),
            policies.may_write_under_key(security.key_arn),
            description="What crawlers and job need of Glue itself: its encryption, logs and metrics.",
        )
    )
    crawl(stack, config, security, data)
    curate(stack, config, security, data)
    query(stack, config, security, data)
    warehouse(stack, config, networking, security)
    stack.add_resource(
        Dashboard(
            "OperationsDashboard",
            DashboardName=Sub(names.PREFIX),
            DashboardBody=Sub(
                dashboard.body(),
                LoadBalancer=ingress.load_balancer_full_name,
                TargetGroup=ingress.target_group_full_name,
                Distribution=ingress.distribution_id,
                Cluster=application.cluster_name,
                Service=application.service_name,
                Database=data.database_cluster_id,
                Cache=data.cache_name,
                Bus=names.EVENT_BUS.name,
                **{
                    f"{worker}{kind}": Select(index, selection)
                    for index, worker in enumerate(dashboard.WORKERS)
                    for kind, selection in (
                        ("Queue", events.work_queue_names),
                        ("DeadLetters", events.dead_letter_queue_names),
                        ("Function", events.function_names),
                    )
                },
            ),
        )
    )
    return stack


def glue_encryption(security: Security) -> SecurityConfiguration:
    """All that Glue writes is under the key: objects, logs and bookmarks (T182)."""
    return SecurityConfiguration(
        "GlueEncryption",
        Name=Sub(names.PREFIX),
        EncryptionConfiguration=EncryptionConfiguration(
            S3Encryptions=[S3Encryption(S3EncryptionMode="SSE-KMS", KmsKeyArn=security.key_arn)],
            CloudWatchEncryption=CloudWatchEncryption(CloudWatchEncryptionMode="SSE-KMS", KmsKeyArn=security.key_arn),
            JobBookmarksEncryption=JobBookmarksEncryption(
                JobBookmarksEncryptionMode="CSE-KMS", KmsKeyArn=security.key_arn
            ),
        ),
    )


def crawl(stack: Stack, config: Config, security: Security, data: Data) -> None:
    """A crawler for each domain, started when new objects lie below its prefix.

    Each object tells the default bus; the queue gathers for some minutes what came, and the function starts each
    crawler once, as a crawl is billed for ten minutes at least (T178).
    """
    reader = stack.add_resource(
        policies.role(
            "CrawlerRole",
            "glue",
            *policies.may_read_objects(names.LAKE_BUCKET, lake.RAW),
            policies.may_keep_catalog(),
            managed=[Ref("GluePolicy")],
            description="Reads the raw events and describes them in the catalog.",
        )
    )
    crawlers = {
        domain: stack.add_resource(
            Crawler(
                f"Raw{domain.capitalize()}Crawler",
                Description=f"Describes the raw events of {domain}",
                DatabaseName=Ref("Catalog"),
                Role=GetAtt(reader, "Arn"),
                CrawlerSecurityConfiguration=Ref("GlueEncryption"),
                TablePrefix="raw_",
                Targets=Targets(
                    S3Targets=[
                        S3Target(
                            Path=Sub(f"s3://${{Lake}}/{lake.raw(domain)}", Lake=data.lake_bucket_name),
                            SampleSize=config.crawl_sample_files,
                        )
                    ]
                ),
                # A crawl of new folders only may not change a table (T184); a sample of each folder keeps it short.
                RecrawlPolicy=RecrawlPolicy(RecrawlBehavior="CRAWL_EVERYTHING"),
                SchemaChangePolicy=SchemaChangePolicy(UpdateBehavior="UPDATE_IN_DATABASE", DeleteBehavior="LOG"),
                # One table for a domain, not one for each day's folder; the bucket is level one (T183).
                Configuration=json.dumps(
                    {
                        "Version": 1.0,
                        # An index over days is made by default, and wants permissions of its own for nothing.
                        "CreatePartitionIndex": False,
                        "Grouping": {
                            "TableGroupingPolicy": "CombineCompatibleSchemas",
                            "TableLevelConfiguration": 3,
                        },
                    },
                    separators=(",", ":"),
                ),
            )
        )
        for domain in lake.DOMAINS
    }
    stack.add_resource(
        Rule(
            "CrawlFailed",
            Description="Tell the operators of a crawl that failed",
            EventPattern={
                "source": ["aws.glue"],
                "detail-type": ["Glue Crawler State Change"],
                "detail": {"crawlerName": [Ref(crawler) for crawler in crawlers.values()], "state": ["Failed"]},
            },
            Targets=[Target(Id="operations", Arn=security.operations_topic_arn)],
        )
    )
    pipeline(
        queues.Shared(stack=stack, config=config, key_arn=security.key_arn, topic_arn=security.operations_topic_arn),
        "RawObject",
        "CrawlerTrigger",
        purpose="Start the crawler of the prefix where new objects lie.",
        matches={
            "source": ["aws.s3"],
            "detail-type": ["Object Created"],
            "detail": {
                "bucket": {"name": [data.lake_bucket_name]},
                # Never the prefixes that crawlers, job and queries write to, or they would start one another (T176).
                "object": {"key": [{"prefix": lake.raw(domain)} for domain in lake.DOMAINS]},
            },
        },
        told=settings.CrawlerTrigger(
            **{f"{domain}_crawler": Ref(crawler) for domain, crawler in crawlers.items()},
            queue_url=Ref("RawObjectQueue"),
        ),
        may=[
            policies.may_start_crawlers(
                *[
                    Sub(
                        "arn:${AWS::Partition}:glue:${AWS::Region}:${AWS::AccountId}:crawler/${Crawler}",
                        Crawler=Ref(crawler),
                    )
                    for crawler in crawlers.values()
                ]
            ),
            policies.may_send(GetAtt("RawObjectQueue", "Arn")),
        ],
        handler="lambdas.crawler_trigger.handler.handler",
        code_bucket=data.artifacts_bucket_name,
        # A flash sale's objects in one batch, and not in many at once, each of which would start a crawl (T178).
        batches=Batches(size=1_000, window_seconds=config.crawl_delay_seconds, at_once=2),
        late_after_seconds=LATE_AFTER_SECONDS,
    )


def curate(stack: Stack, config: Config, security: Security, data: Data) -> None:
    """The nightly Spark job from raw JSON to typed Parquet, and the tables over what it writes."""
    _, has_script = stack.optional(
        "CurateScriptKey",
        group=CODE,
        label="Script",
        pattern=r"jobs/[a-zA-Z0-9._-]+\.py",
        Description="Key of the job's script in the artifacts bucket; without it there is no job.",
    )
    _, has_modules = stack.optional(
        "CurateModulesKey",
        group=CODE,
        label="Modules",
        pattern=r"jobs/[a-zA-Z0-9._-]+\.zip",
        Description="Key of the zip of the modules that the script imports.",
    )
    # Glue does not look for the script before two in the morning (T180): no job without it.
    has_job = stack.condition("HasCurateJob", And(*both(has_script, has_modules)))

    stack.add_resource([curated_table(domain, data) for domain in lake.DOMAINS])
    with stack.when(has_job):
        writer = stack.add_resource(
            policies.role(
                "CurateRole",
                "glue",
                *policies.may_read_objects(names.LAKE_BUCKET, lake.RAW, lake.CURATED, lake.QUARANTINE),
                policies.may_rewrite_lake(lake.CURATED, lake.QUARANTINE),
                policies.may_fetch_code(data.artifacts_bucket_name, "jobs/"),
                policies.may_register_partitions(),
                managed=[Ref("GluePolicy")],
                description="Reads the raw events and writes the curated ones.",
            )
        )
        job = stack.add_resource(
            Job(
                "CurateJob",
                Description="Raw JSON to curated Parquet, partitioned by date",
                Role=GetAtt(writer, "Arn"),
                GlueVersion=config.glue_version,
                Command=JobCommand(
                    Name="glueetl",
                    PythonVersion="3",
                    ScriptLocation=Sub("s3://${Code}/${CurateScriptKey}", Code=data.artifacts_bucket_name),
                ),
                WorkerType="G.1X",
                NumberOfWorkers=config.glue_workers,
                Timeout=120,
                MaxRetries=1,
                ExecutionProperty=ExecutionProperty(MaxConcurrentRuns=1),
                SecurityConfiguration=Ref("GlueEncryption"),
                DefaultArguments={
                    "--extra-py-files": Sub("s3://${Code}/${CurateModulesKey}", Code=data.artifacts_bucket_name),
                    "--lake-bucket": data.lake_bucket_name,
                    "--database": Ref("Catalog"),
                    # As Glue's users look for it; nothing depends on it (docs/decisions/0004).
                    "--job-bookmark-option": "job-bookmark-enable",
                    "--enable-continuous-cloudwatch-log": "true",
                    "--enable-metrics": "true",
                    "--enable-observability-metrics": "true",
                },
                Tags={"Name": Sub(f"{names.PREFIX}-curate")},
            )
        )
        stack.add_resource(
            Trigger(
                "CurateNightly",
                Description="Two in the morning, UTC",
                Type="SCHEDULED",
                Schedule="cron(0 2 * * ? *)",
                StartOnCreation=True,
                Actions=[Action(JobName=Ref(job))],
            )
        )
        stack.add_resource(
            Rule(
                "CurateFailed",
                Description="Tell the operators of a run that failed or took too long",
                EventPattern={
                    "source": ["aws.glue"],
                    "detail-type": ["Glue Job State Change"],
                    "detail": {"jobName": [Ref(job)], "state": ["ERROR", "FAILED", "TIMEOUT"]},
                },
                Targets=[Target(Id="operations", Arn=security.operations_topic_arn)],
            )
        )


def curated_table(domain: str, data: Data) -> Table:
    """A table over a domain's curated Parquet. Its days are projected: no crawler, no repair (T185)."""
    location = Sub(f"s3://${{Lake}}/{lake.curated(domain)}", Lake=data.lake_bucket_name)
    day, day_type = lake.PARTITION
    return Table(
        f"Curated{domain.capitalize()}Table",
        CatalogId=Ref("AWS::AccountId"),
        DatabaseName=Ref("Catalog"),
        TableInput=TableInput(
            Name=domain,
            Description=f"Curated events of {domain}, written each night",
            TableType="EXTERNAL_TABLE",
            PartitionKeys=[Column(Name=day, Type=day_type)],
            Parameters={
                "classification": "parquet",
                "projection.enabled": "true",
                f"projection.{day}.type": "date",
                f"projection.{day}.format": "yyyy-MM-dd",
                f"projection.{day}.range": f"{lake.FIRST_DAY},NOW",
                f"projection.{day}.interval": "1",
                f"projection.{day}.interval.unit": "DAYS",
            },
            StorageDescriptor=StorageDescriptor(
                Location=location,
                Columns=[Column(Name=name, Type=kind) for name, kind in lake.COLUMNS[domain].items()],
                InputFormat="org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                OutputFormat="org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
                SerdeInfo=SerdeInfo(SerializationLibrary="org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"),
            ),
        ),
    )


def query(stack: Stack, config: Config, security: Security, data: Data) -> None:
    """Athena: a work group that no query can step out of, and the questions that analysts start from."""
    group = stack.add_resource(
        WorkGroup(
            "AnalystsWorkGroup",
            Name=Sub(names.PREFIX),
            Description="Standard SQL over the curated events; pays by what it scans",
            RecursiveDeleteOption=True,
            WorkGroupConfiguration=WorkGroupConfiguration(
                EnforceWorkGroupConfiguration=True,
                PublishCloudWatchMetricsEnabled=True,
                BytesScannedCutoffPerQuery=config.athena_scan_limit_gib * GIB,
                EngineVersion=EngineVersion(SelectedEngineVersion="Athena engine version 3"),
                ResultConfiguration=ResultConfiguration(
                    OutputLocation=Sub(f"s3://${{Lake}}/{lake.QUERY_RESULTS}", Lake=data.lake_bucket_name),
                    EncryptionConfiguration=ResultEncryption(EncryptionOption="SSE_KMS", KmsKey=security.key_arn),
                ),
            ),
            Tags=stack.tags("analysts"),
        )
    )
    for file in sorted(QUERIES.glob("*.sql")):
        first_line, text = file.read_text(encoding="utf-8").split("\n", 1)
        stack.add_resource(
            NamedQuery(
                "".join(word.capitalize() for word in file.stem.split("_")) + "Query",
                Name=file.stem.replace("_", " "),
                Description=first_line.removeprefix("-- "),
                Database=Ref("Catalog"),
                WorkGroup=Ref(group),
                QueryString=text,
            )
        )


def warehouse(stack: Stack, config: Config, networking: Networking, security: Security) -> None:
    """Redshift Serverless in the three isolated subnets; its traffic to the lake stays in the VPC."""
    # Redshift would make these groups itself, without key and for ever.
    log_groups = stack.add_resource(
        [
            logs.log_group(
                f"Warehouse{kind.removesuffix('log').capitalize()}Logs",
                name=Sub(f"/aws/redshift/{names.PREFIX}/{kind}"),
                key_arn=security.key_arn,
                retention_days=config.log_retention_days,
            )
            for kind in WAREHOUSE_LOGS
        ]
    )
    reader = stack.add_resource(
        policies.role(
            "WarehouseRole",
            "redshift-serverless",
            *policies.may_read_objects(names.LAKE_BUCKET, lake.CURATED),
            policies.may_read_catalog(),
            policies.may_decrypt(security.key_arn, "s3"),
            description="Lets Redshift read the curated events and their tables.",
            also_trusted=("redshift",),
        )
    )
    namespace = stack.add_resource(
        Namespace(
            "WarehouseNamespace",
            NamespaceName=Sub(names.PREFIX),
            DbName="retail",
            AdminUsername="retailadmin",
            ManageAdminPassword=True,
            AdminPasswordSecretKmsKeyId=security.key_arn,
            KmsKeyId=security.key_arn,
            IamRoles=[GetAtt(reader, "Arn")],
            DefaultIamRoleArn=GetAtt(reader, "Arn"),
            LogExports=list(WAREHOUSE_LOGS),
            Tags=stack.tags("warehouse"),
            DependsOn=[group.title for group in log_groups],
            **STATEFUL,
        )
    )
    stack.add_resource(
        Workgroup(
            "WarehouseWorkgroup",
            WorkgroupName=Sub(names.PREFIX),
            NamespaceName=Ref(namespace),
            BaseCapacity=config.warehouse_base_rpu,
            MaxCapacity=config.warehouse_max_rpu,
            EnhancedVpcRouting=True,
            PubliclyAccessible=False,
            SubnetIds=networking.data_subnet_ids,
            SecurityGroupIds=[security.warehouse_security_group_id],
            ConfigParameters=[ConfigParameter(ParameterKey="require_ssl", ParameterValue="true")],
            Tags=stack.tags("warehouse"),
        )
    )
