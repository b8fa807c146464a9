"""Lines to typed rows, and the reason of each line that is not one.

Spark reads each line against the explicit schema of the contract; a field that does not fit comes back empty, and only
then is it looked at more closely: is it missing, can it be cast without loss, what is wrong with it. So a good line
costs one reading. Casts are `try_cast`, which means the same with Spark 4's ANSI rules.
"""

from __future__ import annotations

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from retail.contracts import lake, raw
from retail.contracts.events import CURRENCY, EVENTS, FIRST_MOMENT, LONGEST_SKU, MOST, MOST_AHEAD

STRICT = {"mode": "PERMISSIVE", "allowSingleQuotes": "false", "allowNonNumericNumbers": "false"}

PLAIN = "^[A-Za-z0-9][!-~]*( [!-~]++)*+$"
"""Text that needs no second look: ASCII, no space at its ends, no two together. Greedy without a way back (``*+``), as
Java goes a call deeper for each word otherwise, and a text of many thousand words would end the job.
"""

NO_TEXT = r"^(-?[0-9.]+([eE][-+]?[0-9]+)?|true|false|[\[{].*)$"
"""What Spark may have made text of although it was none."""

MOMENT = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)$"
"""A time with its zone."""

FIRST_YEAR, LAST_YEAR = "timestamp'0001-01-01 00:00:00Z'", "timestamp'9999-12-31 23:59:59.999999Z'"
"""Between these, in UTC, readers agree on what a time is."""

HALF_CHARACTER = (
    r"(?<!\\)(\\\\)*\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    r"|(?<!\\)(?<!\\u[dD][89abAB][0-9a-fA-F]{2})(\\\\)*\\u[dD][c-fC-F]"
)
"""Half of a surrogate pair, of which Spark would make a question mark."""

LOOSE_ITEMS = "array<struct<sku:string,quantity:string,unit_price_cents:string>>"


def check(lines: DataFrame, domain: str, now: datetime) -> DataFrame:
    """The columns of a domain's table for each line, its day `dt`, whether its text is `odd`, and a `reason` where the
    line is no event of the domain. `source` and `text` are kept for those with a reason only.
    """
    types = raw.required(domain)
    kinds = {name: kind for fields in types.values() for name, kind in fields.items()}
    told = {**({"event_type": "string", "version": "int"} if "" not in types else {}), **kinds}
    fields = ",".join(f"{name}:{'string' if kind == 'timestamp' else kind}" for name, kind in told.items())
    texts = [name for name, kind in kinds.items() if kind == "string"]

    # In brackets, so that what stands behind the object is not passed by.
    parsed = F.from_json(F.concat(F.lit("["), "text", F.lit("]")), f"array<struct<{fields}>>", STRICT)
    read = lines.withColumn("parsed", F.when(F.expr(f"octet_length(text) <= {raw.LARGEST_BYTES}"), parsed))
    read = read.withColumn("told", F.expr("CASE WHEN size(parsed) = 1 THEN parsed[0] END")).drop("parsed")
    typed = read.selectExpr(
        "source",
        "text",
        "problem",
        "told",
        *[f"{_value(name, kind, _having(name, types))} AS {name}" for name, kind in told.items()],
        *[f"{_is_plain(name)} AS plain_{name}" for name in texts],
        *(["forall(told.items, item -> " + _plain_item() + ") AS plain_items"] if "items" in kinds else []),
    )
    # Lines of an order that were cast have not been looked at yet.
    plain = dict.fromkeys(texts, "true") | ({"items": "items IS NULL"} if "items" in kinds else {})
    odd = " OR ".join(f"NOT coalesce(plain_{name}, {untold})" for name, untold in plain.items())
    reasons = [
        "problem",
        f"CASE WHEN octet_length(text) > {raw.LARGEST_BYTES} THEN 'larger than {raw.LARGEST_BYTES} bytes' END",
        "CASE WHEN told IS NULL THEN " + _no_object() + " END",
        *([_wrong_event(types)] if "" not in types else []),
        *[_wrong_field(name, kind, _having(name, types), now) for name, kind in kinds.items()],
        rf"CASE WHEN (contains(text, r'\ud') OR contains(text, r'\uD')) AND text RLIKE r'{HALF_CHARACTER}' "
        "THEN 'half a character' END",
        f"CASE WHEN odd AND {_not_utf8(texts, 'items' in kinds)} THEN 'not UTF-8' END",
    ]
    checked = typed.withColumn("odd", F.expr(odd)).withColumn("reason", F.expr(f"coalesce({', '.join(reasons)})"))
    return checked.selectExpr(
        "reason",
        "CASE WHEN reason IS NOT NULL THEN source END AS source",
        "CASE WHEN reason IS NOT NULL THEN text END AS text",
        "odd",
        f"to_date(occurred_at) AS {lake.PARTITION[0]}",
        *lake.COLUMNS[domain],
    )


def _having(name: str, types: dict[str, dict[str, str]]) -> str:
    """Whether a row is of a type that has a field."""
    having = [event for event, fields in types.items() if name in fields]
    if len(having) in (0, len(types)):
        return "true"
    return f"told.event_type IN ({', '.join(map(repr, having))})"


def _value(name: str, kind: str, wanted: str) -> str:
    """A field as its column has it: as it was read, or cast where that loses nothing."""
    if kind == "string":
        return f"told.{name}"
    if kind == "timestamp":
        return f"CASE WHEN told.{name} RLIKE r'{MOMENT}' THEN try_cast(told.{name} AS timestamp) END"
    given = f"get_json_object(text, '$.{name}')"
    if kind.startswith("array"):
        return (
            f"CASE WHEN {wanted} AND NOT coalesce({_whole_items('told.items')}, false) "
            f"THEN transform(from_json({given}, '{LOOSE_ITEMS}'), item -> named_struct('sku', item.sku, "
            "'quantity', try_cast(item.quantity AS int), "
            "'unit_price_cents', try_cast(item.unit_price_cents AS bigint))) "
            "ELSE told.items END"
        )
    return f"CASE WHEN told.{name} IS NULL AND {wanted} THEN try_cast({given} AS {kind}) ELSE told.{name} END"


def _is_plain(name: str) -> str:
    return f"told.{name} RLIKE r'{PLAIN}' AND NOT told.{name} RLIKE r'{NO_TEXT}'"


def _plain_item() -> str:
    return f"item.sku RLIKE r'{PLAIN}' AND NOT item.sku RLIKE r'{NO_TEXT}'"


def _whole_items(items: str) -> str:
    whole = "item.sku IS NOT NULL AND item.quantity >= 0 AND item.unit_price_cents >= 0"
    return f"size({items}) > 0 AND forall({items}, item -> {whole})"


def _text_in(items: str) -> str:
    """Whether the SKUs of items that are not plain are text: there is some, and each stands in quotes."""
    quoted = r"""size(regexp_extract_all(text, r'"sku"\s*:\s*"', 0)) >= size(""" + items + ")"
    return rf"(forall({items}, item -> item.sku RLIKE r'(?U)\S' AND NOT contains(item.sku, char(0))) AND {quoted})"


def _no_object() -> str:
    begins = "ltrim(text)"
    return (
        f"CASE WHEN {begins} LIKE '[%' THEN 'a JSON array, not an object' "
        f"WHEN {begins} LIKE '{{%' THEN 'invalid JSON' ELSE 'not a JSON object' END"
    )


def _wrong_event(types: dict[str, dict[str, str]]) -> str:
    known = ", ".join(map(repr, types))
    version = " ".join(f"WHEN {event!r} THEN {EVENTS[event].VERSION}" for event in types)
    return (
        "CASE WHEN told.event_type IS NULL THEN 'event_type: missing' "
        f"WHEN told.event_type NOT IN ({known}) THEN concat('event_type: unknown: ', left(told.event_type, 60)) "
        "WHEN get_json_object(text, '$.version') IS NULL THEN concat(told.event_type, '.version: missing') "
        f"WHEN NOT version <=> CASE told.event_type {version} END "
        "THEN concat(told.event_type, '.version: unknown: ', left(get_json_object(text, '$.version'), 60)) END"
    )


def _wrong_field(name: str, kind: str, wanted: str, now: datetime) -> str:
    """What is wrong with a field, or NULL."""
    path = f"concat_ws('.', {'told.event_type, ' if wanted != 'true' else ''}'{name}')"
    if kind == "string":
        # Only text that is not plain is looked at again, in the line itself.
        text = rf"""text RLIKE r'"{name}"\s*:\s*"'"""
        wrong = (
            f"coalesce(plain_{name}, false) = false AND NOT coalesce({text} AND told.{name} RLIKE r'(?U)\\S' "
            f"AND NOT contains(told.{name}, char(0)), false)"
        )
        what = "text"
    elif kind == "timestamp":
        wrong = f"NOT coalesce({name} BETWEEN {FIRST_YEAR} AND {LAST_YEAR}, false)"
        what = "a time such as 2026-11-22T10:00:00Z"
    elif kind.startswith("array"):
        wrong = f"NOT coalesce({_whole_items(name)} AND (coalesce(plain_{name}, false) OR {_text_in(name)}), false)"
        what = "a list of lines"
    else:
        wrong, what = f"NOT coalesce({name} >= 0, false)", "a whole number from 0"
    unfit = _unfit(name, kind, wanted, path)
    if name == "occurred_at":
        first, last = (f"timestamp'{each:%Y-%m-%d %H:%M:%S}Z'" for each in (FIRST_MOMENT, now + MOST_AHEAD))
        unfit = (
            f"WHEN {name} < {first} THEN concat({path}, ': before {lake.FIRST_DAY}') "
            f"WHEN {name} > {last} THEN concat({path}, ': has not come yet') "
        )
    return (
        f"CASE WHEN {wanted} AND {wrong} THEN concat({path}, "
        f"CASE WHEN get_json_object(text, '$.{name}') IS NULL THEN ': missing' ELSE ': expected {what}' END) {unfit}END"
    )


def _unfit(name: str, kind: str, wanted: str, path: str) -> str:
    """What is wrong with a field of the right type, as the contract has it; a currency may still be spelt oddly."""
    if not kind.startswith("array"):
        wrong, text = _out_of_bounds(name, name)
        return f"WHEN {wanted} AND {wrong} THEN concat({path}, ': {text}') " if wrong else ""
    parts = {part: _out_of_bounds(part, f"item.{part}") for part in ("sku", "quantity", "unit_price_cents")}
    return "".join(
        f"WHEN {wanted} AND exists({name}, item -> {wrong}) THEN concat({path}, '.{part}: {text}') "
        for part, (wrong, text) in parts.items()
    )


def _out_of_bounds(name: str, value: str) -> tuple[str, str]:
    """The condition under which a value is out of bounds, none for a field without, and what is said of it."""
    if name == "sku":
        return f"octet_length({value}) > {LONGEST_SKU}", f"longer than {LONGEST_SKU} bytes"
    if name == "currency":
        return rf"NOT upper({value}) RLIKE r'(?U)^\s*{CURRENCY}\s*$'", "expected three letters"
    if name in MOST:
        return f"{value} > {MOST[name]}", f"more than {MOST[name]}"
    return "", ""


def _not_utf8(texts: list[str], items: bool) -> str:
    """Whether what could not be decoded became the character for that, which was not in the line itself."""
    where = [f"contains(told.{name}, '\ufffd')" for name in texts]
    became = " OR ".join([*where, *(["exists(items, item -> contains(item.sku, '\ufffd'))"] if items else [])])
    return rf"({became}) AND NOT contains(text, '{chr(0xFFFD)}') AND NOT contains(lower(text), r'\ufffd')"
