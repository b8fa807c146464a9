"""Which types of resources cost what: each type has a rule, or a reason to be free; none has neither."""

from __future__ import annotations

from retail.ops.cost.item import Rule
from retail.ops.cost.rules import application, data, events, network, security

RULES: dict[str, Rule] = {}
FREE: dict[str, str] = {}
for _part in (network, security, application, data, events):
    RULES |= _part.RULES
    FREE |= _part.FREE
