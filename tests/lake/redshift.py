"""A Redshift Serverless that answers the real AWS CLI: its two APIs over HTTP, its SQL on DuckDB over a lake's Parquet.

The emulator has neither API. What is true here: the calls and their wire format, one transaction for a file, which
statement fails, and what the views and the load make of the rows. What is not: that Redshift takes each word of
the SQL.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types

from retail.local import athena

SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:redshift!retail-dev-retailadmin-AbCdEf"
WORKGROUP = "retail-dev"
CATALOG = "retail_dev"

UNPARSED = (
    r"CREATE ROLE \w+",
    r"CREATE EXTERNAL SCHEMA IF NOT EXISTS lake\nFROM DATA CATALOG\nDATABASE '\w+'\nIAM_ROLE default",
    r"LOCK TABLE [\w.]+",
    r"GRANT SELECT ON ALL TABLES IN SCHEMA \w+ TO ROLE \w+",
    r"ALTER DEFAULT PRIVILEGES IN SCHEMA \w+ GRANT SELECT ON TABLES TO ROLE \w+",
)
"""What sqlglot's Redshift does not read; each statement of that kind is held to the form in Redshift's manual."""


ON_EXTERNAL = "GRANT USAGE ON SCHEMA lake "
"""What Redshift's manual refuses within a transaction, and so beside other statements."""


@dataclass
class Redshift:
    """A warehouse over a lake at a moment; it has everything in memory."""

    lake: Path
    now: datetime
    url: str = ""
    run: dict[str, Any] = field(default_factory=dict)  # by id what describe-statement tells
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    roles: set[str] = field(default_factory=set)
    granted: list[str] = field(default_factory=list)
    fails: str = ""  # a statement that begins so fails

    def __post_init__(self) -> None:
        self.database = athena.tables(self.lake, self.now)
        self.database.execute("CREATE SCHEMA glue")
        self.database.execute("SET schema = 'glue'")
        for domain in athena.TABLES:
            self.database.execute(athena.table(domain, self.lake, self.now))
        self.database.execute("SET schema = 'main'")
        self.lock = threading.Lock()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query finds."""
        return self.database.execute(query).fetchall()

    def transaction(self, statements: list[str]) -> dict[str, Any]:
        """Run statements, all or none; returns what the Data API says of them."""
        parts: list[dict[str, Any]] = []
        with self.lock:
            self.database.execute("BEGIN")
            try:
                for statement in statements:
                    if len(statements) > 1 and statement.startswith(ON_EXTERNAL):
                        raise ValueError("GRANT on an external resource cannot run inside a transaction block")
                    self.execute(statement)
                    parts.append({"Status": "FINISHED"})
            except (duckdb.Error, sqlglot.errors.SqlglotError, ValueError) as error:
                self.database.execute("ROLLBACK")
                parts.append({"Status": "FAILED", "Error": f"ERROR: {error}"})
            else:
                self.database.execute("COMMIT")
        parts += [{"Status": "ABORTED"}] * (len(statements) - len(parts))
        whole = "FAILED" if any(part["Status"] != "FINISHED" for part in parts) else "FINISHED"
        if len(statements) == 1:
            return parts[0]
        error = {"Error": "Query #1 failed"} if whole == "FAILED" else {}
        return {"Status": whole, **error, "SubStatements": [{"Id": f"s:{at}", **each} for at, each in enumerate(parts)]}

    def execute(self, statement: str) -> None:
        """Run one statement. Raises what is wrong with it."""
        if self.fails and statement.startswith(self.fails):
            raise ValueError('relation "of the test"\ndoes not exist')
        if any(re.fullmatch(form, statement) for form in UNPARSED):
            return self._unparsed(statement)
        tree = parsed(statement)
        if isinstance(tree, exp.Grant):
            self.granted.append(statement)
        elif not (isinstance(tree, exp.Comment) and tree.args["kind"] == "SCHEMA"):
            self.database.execute(self.on_duckdb(tree))
        return None

    def _unparsed(self, statement: str) -> None:
        if statement.startswith("CREATE ROLE"):
            role = statement.split()[-1]
            if role in self.roles:
                raise ValueError(f'role "{role}" already exists')
            self.roles.add(role)
        elif statement.startswith("CREATE EXTERNAL SCHEMA"):
            if f"'{CATALOG}'" not in statement:
                raise ValueError("the database is not in the catalog")
            self.database.execute("CREATE SCHEMA IF NOT EXISTS lake")
            for domain in athena.TABLES:
                self.database.execute(f"CREATE OR REPLACE VIEW lake.{domain} AS SELECT * FROM glue.{domain}")
        elif statement.startswith("LOCK"):
            self.rows(f"SELECT count(*) FROM {statement.split()[-1]}")
        else:
            self.granted.append(statement)

    def on_duckdb(self, tree: exp.Expr) -> str:
        """A statement as DuckDB runs it, the clock standing still."""

        def still(node: exp.Expr) -> exp.Expr:
            if isinstance(node, exp.CurrentDate):
                return exp.cast(exp.Literal.string(f"{self.now:%Y-%m-%d}"), "date")
            if isinstance(node, exp.CurrentTimestamp):
                return exp.cast(exp.Literal.string(f"{self.now:%Y-%m-%d %H:%M:%S}"), "timestamp")
            return node

        if isinstance(tree, exp.Create):  # where rows lie and what a view is bound to are Redshift's own affairs
            tree.set("properties", None)
            tree.set("no_schema_binding", None)
        return annotate_types(tree.transform(still), dialect="redshift").sql("duckdb")


def parsed(statement: str) -> exp.Expr:
    """The statement as sqlglot's Redshift reads it. Raises ValueError for what it does not read whole."""
    (tree,) = sqlglot.parse(statement, dialect="redshift", error_level=sqlglot.ErrorLevel.RAISE)
    if tree is None or isinstance(tree, exp.Command):
        raise ValueError(f"not read: {statement}")
    return tree


@contextmanager
def serving(redshift: Redshift) -> Iterator[Redshift]:
    """Answer on a free port of loopback until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            target = self.headers.get("X-Amz-Target", "")
            status, answer = _answer(redshift, target, body)
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1" if target else "text/xml")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    redshift.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield redshift
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(redshift: Redshift, target: str, body: str) -> tuple[int, bytes]:
    """The answer to a call of AWS's JSON protocol, or to the one of STS in its older one."""
    if not target:
        caller = "<GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult>"
        return 200, f"<GetCallerIdentityResponse>{caller}</GetCallerIdentityResponse>".encode()
    request = json.loads(body)
    redshift.requests.append((target, request))
    match target:
        case "RedshiftServerless.GetNamespace":
            if request["namespaceName"] != WORKGROUP:
                return 400, b'{"__type": "ResourceNotFoundException", "message": "The namespace is not found."}'
            told = {"namespaceName": WORKGROUP, "dbName": "retail", "adminPasswordSecretArn": SECRET}
            answer: dict[str, Any] = {"namespace": told}
        case "RedshiftData.ExecuteStatement" | "RedshiftData.BatchExecuteStatement":
            number = f"00000000-0000-4000-8000-{len(redshift.run):012}"
            redshift.run[number] = [{"Status": "STARTED"}] if not redshift.run else []
            redshift.run[number].append(redshift.transaction(request.get("Sqls") or [request["Sql"]]))
            answer = {"Id": number}
        case "RedshiftData.DescribeStatement":
            states = redshift.run[request["Id"]]
            answer = {"Id": request["Id"], **(states.pop(0) if len(states) > 1 else states[0])}
        case _:
            return 400, b'{"__type": "UnknownOperationException"}'
    return 200, json.dumps(answer).encode()
