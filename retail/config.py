"""Every number of the narrative, in one place. What differs between environments is a parameter instead."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network

RATE_WINDOWS = (60, 120, 300, 600)
LOG_RETENTION_DAYS = (
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)


class ConfigError(ValueError):
    """A value of the configuration that no deployment would accept; the message says how to mend it."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """What this platform is made of. Edit a default, run ``make templates``, read the diff of ``out/``."""

    # 01 Networking. Three zones, as Redshift Serverless with enhanced VPC routing wants three (T24); two for the
    # rest. /24 data subnets, as each Redshift workgroup takes tens of addresses (T26).
    vpc_cidr: str = "10.0.0.0/16"
    public_subnets: int = 2
    app_subnets: int = 2
    data_subnets: int = 3
    subnet_prefix: int = 24

    # 02 Security
    key_rotation_days: int = 365
    log_retention_days: int = 90
    trail_retention_days: int = 365

    # 03 Ingress
    rate_limit: int = 2_000
    rate_window_seconds: int = 300
    static_cache_seconds: int = 31_536_000
    image_cache_seconds: int = 86_400
    container_port: int = 8080

    # 04 Application
    min_tasks: int = 2
    max_tasks: int = 20
    task_cpu_units: int = 512
    task_memory_mib: int = 1024
    cpu_target_percent: int = 70
    requests_per_task_per_minute: int = 1_000

    # 05 Data
    database_min_acu: float = 0.5
    database_max_acu: float = 16.0
    database_backup_days: int = 7
    cache_max_gb: int = 5
    cache_max_ecpu_per_second: int = 15_000
    backup_retention_days: int = 35

    # 06 Events. Three receives in all (T157). Age counts from the first enqueue, so a message that fails late
    # in the queue's four days still has ten of the dead letters' fourteen (T158).
    archive_days: int = 90
    max_receives: int = 3
    queue_retention_days: int = 4
    dead_letter_retention_days: int = 14
    function_timeout_seconds: int = 60
    function_memory_mib: int = 512
    function_max_concurrency: int = 10
    batch_window_seconds: int = 5

    # 07 Analytics
    glue_version: str = "5.1"
    glue_workers: int = 2
    crawl_delay_seconds: int = 300
    crawl_sample_files: int = 20
    athena_scan_limit_gib: int = 10
    warehouse_base_rpu: int = 8
    warehouse_max_rpu: int = 32

    def __post_init__(self) -> None:
        self._check_network()
        self._check_bounds()

    def _check_network(self) -> None:
        try:
            vpc = IPv4Network(self.vpc_cidr)
        except ValueError as error:
            raise ConfigError(f"vpc_cidr {self.vpc_cidr!r}: {error}; give a network such as '10.0.0.0/16'") from None
        if not 16 <= vpc.prefixlen <= self.subnet_prefix:
            raise ConfigError(
                f"vpc_cidr {self.vpc_cidr!r}: a VPC takes /16 to /{self.subnet_prefix}, the size of one subnet"
            )
        if not 20 <= self.subnet_prefix <= 26:
            raise ConfigError(f"subnet_prefix {self.subnet_prefix}: give 20 to 26; Redshift needs the addresses (T26)")
        wanted = self.public_subnets + self.app_subnets + self.data_subnets
        there = 2 ** (self.subnet_prefix - vpc.prefixlen)
        if wanted > there:
            raise ConfigError(
                f"vpc_cidr {self.vpc_cidr!r} holds {there} subnets of /{self.subnet_prefix}, not {wanted}"
            )

    def _check_bounds(self) -> None:
        for low, high in (
            ("min_tasks", "max_tasks"),
            ("database_min_acu", "database_max_acu"),
            ("warehouse_base_rpu", "warehouse_max_rpu"),
            ("queue_retention_days", "dead_letter_retention_days"),
        ):
            if not 0 < getattr(self, low) <= getattr(self, high):
                raise ConfigError(
                    f"{low} {getattr(self, low)}: give more than 0 and at most {high}, which is {getattr(self, high)}"
                )
        for name, low_bound, high_bound, source in (
            ("archive_days", 1, 3_650, "how long an archive keeps events, T170"),
            ("database_backup_days", 1, 35, "how long Aurora keeps its own backups, T140"),
            ("dead_letter_retention_days", 1, 14, "the most that SQS keeps a message, T158"),
            ("rate_limit", 10, 2_000_000_000, "the range of a WAF rate rule, T77"),
            ("data_subnets", 3, 3, "Redshift Serverless wants three zones, T24"),
            ("max_receives", 1, 1000, "the range of an SQS redrive policy, T157"),
            ("athena_scan_limit_gib", 1, 7000, "a work group's cut-off, T188"),
        ):
            value = getattr(self, name)
            if not low_bound <= value <= high_bound:
                raise ConfigError(f"{name} {value}: give {low_bound} to {high_bound} ({source})")
        for name, allowed, source in (
            ("rate_window_seconds", RATE_WINDOWS, "the windows of a WAF rate rule, T77"),
            ("log_retention_days", LOG_RETENTION_DAYS, "what CloudWatch Logs allows, T37"),
        ):
            value = getattr(self, name)
            if value not in allowed:
                raise ConfigError(f"{name} {value}: give {', '.join(map(str, allowed))} ({source})")
