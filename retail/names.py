"""Known names: what an earlier stack must say before a later one makes it.

Everything else is named by CloudFormation. A test proves that each name here is the physical name of exactly one
resource in exactly one stack, and that every ARN built from one matches it.

The longest allowed project (12) and environment (7) keep each within its service's limit (T10): the longest
bucket, ``artifacts``, comes to 58 of 63 characters in a Region with a name of 14.
"""

from __future__ import annotations

from troposphere import Sub

PREFIX = "${Project}-${Environment}"
ACCOUNT = "${AWS::Region}:${AWS::AccountId}"


CATALOG = "${Project}_${Environment}"
"""The Glue database; Athena and Hive would want a name with hyphens quoted (T11)."""

WEB_ACL_METRIC = PREFIX
"""The web ACL in metrics: made in us-east-1, drawn on the dashboard of 07 in the primary Region."""


def arn(service_and_resource: str) -> Sub:
    """An ARN of any partition from the part after it, e.g. ``s3:::bucket``."""
    return Sub(f"arn:${{AWS::Partition}}:{service_and_resource}")


class Known:
    """A physical name and the ARN that IAM wants for it."""

    def __init__(self, name: str, arn_before: str, arn_after: str = "") -> None:
        self._name = name
        self._before = arn_before
        self._after = arn_after

    @property
    def name(self) -> Sub:
        """The name as CloudFormation resolves it."""
        return Sub(self._name)

    @property
    def arn(self) -> Sub:
        """The ARN of the named resource."""
        return self.arn_of("")

    def arn_of(self, part: str) -> Sub:
        """The ARN of something inside the resource, e.g. ``/raw/*`` of a bucket."""
        return arn(f"{self._before}{self._name}{self._after}{part}")


LAKE_BUCKET = Known(PREFIX + "-lake-${AWS::AccountId}-${AWS::Region}", "s3:::")
"""Made in 05; the storefront of 04 writes to its raw prefixes."""

CART_TABLE = Known(PREFIX + "-carts", f"dynamodb:{ACCOUNT}:table/")
"""Made in 05; the storefront of 04 reads and writes it."""

CACHE = Known(PREFIX + "-cache", f"elasticache:{ACCOUNT}:serverlesscache:")
"""Made in 05; the storefront of 04 connects to it by IAM."""

CACHE_USER = Known(PREFIX + "-shop", f"elasticache:{ACCOUNT}:user:")
"""Made in 05; who the storefront of 04 and the functions of 06 are to the cache."""

EVENT_BUS = Known(PREFIX + "-RetailEventBus", f"events:{ACCOUNT}:event-bus/")
"""Made in 06; the key of 02 admits it, the storefront of 04 publishes to it."""

PARAMETERS = Known("/${Project}/${Environment}", f"ssm:{ACCOUNT}:parameter")
"""The path under which 05 and 06 write what the storefront of 04 reads when it is there (T201)."""


def parameter(path: str) -> Sub:
    """The name of one SSM parameter under the platform's path, e.g. ``data/writer-host``."""
    return Sub(f"/${{Project}}/${{Environment}}/{path}")
