"""Athena's SQL (engine 3, which is Trino) as DuckDB's, where the two mean different things by the same words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify

Columns = Mapping[str, Mapping[str, str]]
"""Hive types by column by table."""

WHOLE = exp.DataType.INTEGER_TYPES
UNDERLINE = re.compile(r"\x1b\[\d+m")
"""How sqlglot marks the place of an error, for a terminal."""


class QueryError(ValueError):
    """A query that Athena would refuse, or that cannot be run here; one line."""


def to_duckdb(query: str, tables: Columns, now: datetime) -> str:
    """One SELECT as DuckDB runs it, ``now`` (UTC) being the time at which it is asked. Raises QueryError."""
    schema: dict[str, object] = {
        table: {name: trino_type(kind) for name, kind in columns.items()} for table, columns in tables.items()
    }
    try:
        tree = sqlglot.parse_one(query, dialect="athena", error_level=ErrorLevel.RAISE)
        if not isinstance(tree, exp.Query):
            raise QueryError("give one SELECT")
        tree = _literals(tree, now)
        tree = annotate_types(qualify(tree, schema=schema, dialect="trino"), schema=schema, dialect="trino")
        for rewrite in (_rows_expanded, _complete_units, _decimal_quotients):
            rewrite(tree)
        return tree.sql("duckdb", unsupported_level=ErrorLevel.RAISE)
    except SqlglotError as error:
        raise QueryError(" ".join(UNDERLINE.sub("", str(error)).split())) from None


def trino_type(hive: str) -> str:
    """A Hive type as Trino names it."""
    return exp.DataType.build(hive, dialect="hive").sql("trino")


def duckdb_type(hive: str) -> str:
    """A Hive type as DuckDB names it."""
    return exp.DataType.build(hive, dialect="hive").sql("duckdb")


def _literals(tree: exp.Expr, now: datetime) -> exp.Expr:
    """The clock stands still, and 1.50 is a decimal of two places, as it is for Trino."""
    moment = now.strftime("%Y-%m-%d %H:%M:%S.%f")

    def replaced(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.CurrentDate):
            return exp.cast(exp.Literal.string(moment[:10]), "date")
        if isinstance(node, exp.Localtimestamp):
            return exp.cast(exp.Literal.string(moment), "timestamp")
        if isinstance(node, exp.CurrentTimestamp):
            return exp.cast(exp.Literal.string(f"{moment}+00:00"), "timestamptz")
        if isinstance(node, exp.Literal) and not node.is_string and str(node.this).replace(".", "", 1).isdigit():
            whole, point, places = str(node.this).partition(".")
            return exp.cast(node.copy(), f"decimal({len(whole + places)}, {len(places)})") if point else node
        return node

    return tree.transform(replaced)


def _rows_expanded(tree: exp.Expr) -> None:
    """UNNEST of an array of rows has a column for each field; DuckDB's has one, the row."""
    for unnest in list(tree.find_all(exp.Unnest)):
        (array,) = unnest.expressions
        kind = array.type.expressions[0] if array.type and array.type.expressions else None
        if kind is None or not kind.is_type(exp.DataType.Type.STRUCT):
            continue
        fields = [field.name for field in kind.expressions]
        names = [column.name for column in unnest.args["alias"].columns]
        if len(names) != len(fields):
            raise QueryError(f"UNNEST gives {len(fields)} columns ({', '.join(fields)}), {len(names)} are named")
        columns = [
            exp.alias_(exp.column(field, table="each", db=None).copy(), name, quoted=True)
            for field, name in zip(fields, names, strict=True)
        ]
        row = exp.alias_(exp.Explode(this=array.copy()), "each")
        inner = exp.select(*columns).from_(exp.select(row).subquery("rows"))
        unnest.replace(exp.Lateral(this=inner.subquery(), alias=exp.TableAlias(this=unnest.args["alias"].this.copy())))


def _complete_units(tree: exp.Expr) -> None:
    """Trino's date_diff counts whole hours that have passed, DuckDB's the times that the clock has struck."""
    for node in list(tree.find_all(exp.DateDiff)):
        unit = exp.Literal.string(node.text("unit").lower())
        # sqlglot knows another dialect's DATE_SUB, so this one is no function of its own.
        moments = [node.expression.copy(), node.this.copy()]
        node.replace(exp.Anonymous(this="date_sub", expressions=[unit, *moments]))


def _decimal_quotients(tree: exp.Expr) -> None:
    """Trino's quotient of decimals has the places of the longer operand and no more: 12345 / 100.0 is 123.5."""
    for node in list(tree.find_all(exp.Div)):
        places = _places(node)
        if places:
            node.replace(exp.cast(exp.paren(node.copy()), f"decimal(38, {places})"))


def _places(node: exp.Expr) -> int | None:
    """The decimal places of a number; None of one that is not exact."""
    if isinstance(node, exp.Paren):
        return _places(node.this)
    if isinstance(node, exp.Div | exp.Mul | exp.Add | exp.Sub):
        left, right = _places(node.this), _places(node.expression)
        if left is None or right is None:
            return None
        return left + right if isinstance(node, exp.Mul) else max(left, right)
    kind = node.type
    if kind is None or kind.this in WHOLE:
        return 0 if kind else None
    if kind.is_type(exp.DataType.Type.DECIMAL) and len(kind.expressions) == 2:
        return int(kind.expressions[1].name)
    return None
