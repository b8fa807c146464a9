"""What the platform costs in a month, computed from the emitted templates and a profile of its use.

For other programs, such as the preview of a change::

    monthly(templates: Mapping[str, dict[str, Any]], profile: str = "moderate", *, region: str = "us-east-1",
            given: Mapping[str, str] | None = None) -> dict[str, float]

The templates by the names of their files without ending (``05-data``), with CloudFormation's functions in their long
forms, as ``retail.ops.plan.read.parsed`` and ``templates.emitted`` of this package read them; all of them or some.
Returned are dollars a month by the same names, unrounded. `given` replaces defaults of parameters. Raises InputError
for a profile, Region or resource type that has no prices.
"""

from retail.ops.cost.bill import monthly

__all__ = ["monthly"]
