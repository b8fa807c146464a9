"""Preparing Redshift: the program with the real AWS CLI against the Data API, and what its SQL makes of the lake."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest

from retail.ops import warehouse
from tests.emitted import ROOT, properties
from tests.integration.programs import run as program
from tests.lake import counting
from tests.lake.conftest import Lake
from tests.lake.redshift import CATALOG, SECRET, UNPARSED, WORKGROUP, Redshift, parsed, serving
from tests.lake.test_queries import QUESTIONS

VALUES = {"catalog": CATALOG, "since": "2026-04-15"}
FILES = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "retail" / "warehouse").glob("*.sql"))}
STATEMENTS = [(name, text) for name, file in FILES.items() for text in warehouse.statements(file, VALUES)]
LOAD = list(warehouse.statements(FILES["07_load_daily_sales.sql"], VALUES))


def prepare(redshift: Redshift, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`python -m retail.ops.warehouse` with the AWS CLI asking this warehouse."""
    environment = {
        "AWS_ENDPOINT_URL": redshift.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    given = ("--environment", "dev", "--region", "us-east-1", *arguments)
    return program("retail.ops.warehouse", *given, directory=ROOT, environment=environment)


@pytest.fixture(scope="module")
def redshift(corner: Lake) -> Iterator[Redshift]:
    """A warehouse that nothing has been done in."""
    with serving(Redshift(corner.root, corner.now)) as running:
        yield running


@dataclass(frozen=True)
class Done:
    """A warehouse and what the program said that prepared it."""

    redshift: Redshift
    run: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def done(corner: Lake) -> Iterator[Done]:
    """All files have run."""
    with serving(Redshift(corner.root, corner.now)) as running:
        yield Done(running, prepare(running, "--since", "2026-04-15"))


@pytest.fixture(scope="module")
def stopped(corner: Lake) -> Iterator[Done]:
    """The role was there, and a statement of the third file has failed."""
    with serving(Redshift(corner.root, corner.now, roles={"analysts"}, fails="COMMENT ON TABLE")) as running:
        yield Done(running, prepare(running))


def prepared(lake: Lake) -> Redshift:
    """A warehouse in which every file has run."""
    redshift = Redshift(lake.root, lake.now)
    for file in FILES.values():
        assert redshift.transaction(list(warehouse.statements(file, VALUES)))["Status"] == "FINISHED"
    return redshift


def test_the_files_run_in_their_order_each_as_one_transaction_and_each_says_so(done: Done) -> None:
    assert (done.run.returncode, done.run.stderr) == (0, "")
    assert [line.split()[:2] for line in done.run.stdout.splitlines()] == [[name, "done"] for name in FILES]
    sent = [request for target, request in done.redshift.requests if "ExecuteStatement" in target]
    assert [request.get("Sqls") or [request["Sql"]] for request in sent] == [
        list(warehouse.statements(file, VALUES)) for file in FILES.values()
    ]
    assert done.redshift.rows("SELECT sum(pieces) FROM retail.daily_sales") == [(216,)]


def test_it_logs_in_as_admin_by_the_secret_that_redshift_keeps(done: Done) -> None:
    for target, sent in done.redshift.requests:
        if "ExecuteStatement" in target:
            login = {name: value for name, value in sent.items() if name not in ("Sql", "Sqls", "ClientToken")}
            assert login == {"WorkgroupName": WORKGROUP, "Database": "retail", "SecretArn": SECRET}


def test_a_role_that_is_there_counts_as_made(stopped: Done) -> None:
    assert stopped.run.stdout.splitlines()[0] == "01_analysts.sql is there"


def test_the_statement_that_fails_is_named_with_its_error(stopped: Done) -> None:
    assert stopped.run.returncode == 1
    assert stopped.run.stderr == (
        "03_daily_sales.sql failed.\n"
        "  statement: 4 of 6, COMMENT ON TABLE retail.daily_sales "
        "IS 'Sales by day (UTC), product and currency, as of the last load.'\n"
        '  cause: ERROR: relation "of the test" does not exist\n'
    )


def test_of_a_file_that_fails_nothing_stays_and_nothing_runs_after_it(stopped: Done) -> None:
    assert [line.split()[0] for line in stopped.run.stdout.splitlines()] == ["01_analysts.sql", "02_lake.sql"]
    assert len(stopped.redshift.run) == 3
    assert stopped.redshift.rows("SELECT * FROM duckdb_tables() WHERE schema_name = 'retail'") == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--environment", "staging"), "there is no warehouse retail-staging in us-east-1; deploy 07 first"),
        (("--since", "yesterday"), "--since yesterday: give a day, such as 2026-01-01"),
        (("--until", "2026-01-01"), "unrecognized arguments: --until 2026-01-01; see --help"),
    ],
)
def test_what_is_given_wrong_is_said_in_one_line(redshift: Redshift, arguments: tuple[str, ...], sentence: str) -> None:
    done = prepare(redshift, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("retail.ops.warehouse: ")
    assert done.stderr.endswith(f"{sentence}\n")
    assert done.stderr.count("\n") == 1
    assert redshift.run == {}


def test_the_names_are_those_of_the_template() -> None:
    namespace, workgroup = (
        properties("07-analytics", "WarehouseNamespace"),
        properties("07-analytics", "WarehouseWorkgroup"),
    )
    name = {"Fn::Sub": "${Project}-${Environment}"}
    assert (namespace["NamespaceName"], workgroup["WorkgroupName"]) == (name, name)
    catalog = properties("07-analytics", "Catalog")["DatabaseInput"]["Name"]
    assert catalog == {"Fn::Sub": "${Project}_${Environment}"}
    assert (WORKGROUP, CATALOG) == ("retail-dev", "retail_dev")


@pytest.mark.parametrize("statement", [text for _, text in STATEMENTS], ids=lambda text: text.split("\n")[0][:60])
def test_every_statement_is_redshifts_or_of_a_form_that_its_manual_shows(statement: str) -> None:
    if not any(re.fullmatch(form, statement) for form in UNPARSED):
        parsed(statement)


@pytest.mark.parametrize(
    ("view", "question", "order"),
    [
        ("daily_revenue", "daily revenue", "dt, currency"),
        ("conversion", "conversion", "placed_on"),
        ("late_shipments", "late shipments", "hours_late DESC, order_id"),
        ("orders_by_status", "orders by status", "array_position(['placed', 'paid', 'shipped'], status)"),
        ("stock_outs", "stock outs", "out_since, sku"),
    ],
)
def test_a_view_finds_what_a_plain_count_of_the_raw_events_finds(
    view: str, question: str, order: str, lake: Lake
) -> None:
    found = prepared(lake).rows(f"SELECT * FROM retail.{view} ORDER BY {order}")
    assert found == QUESTIONS[question](lake.told, lake.now)


def test_best_sellers_are_those_of_the_facts_that_were_loaded(lake: Lake) -> None:
    found = prepared(lake).rows("SELECT * FROM retail.best_sellers ORDER BY pieces DESC, sku, currency")
    assert found == counting.every_seller(lake.told, lake.now)


def test_a_product_is_shown_once_in_its_latest_version_also_while_the_job_replaces_it(corner: Lake) -> None:
    redshift = prepared(corner)
    redshift.database.execute(
        "CREATE OR REPLACE VIEW lake.products AS SELECT * FROM glue.products "
        "UNION ALL SELECT * REPLACE (version - 1 AS version, 'Older' AS name) FROM glue.products"
    )
    assert redshift.rows("SELECT sku, version, name FROM retail.products ORDER BY sku") == [
        ("GONE-1", 10, "Mug, navy blue"),
        ("PLENTY-6", 1, "Plate"),
        ("TIE-4", 1, "Jug"),
        ("TWICE-3", 2, "Bowl"),
    ]


def test_a_second_load_leaves_the_table_as_it_is(lake: Lake) -> None:
    redshift = prepared(lake)
    once = redshift.rows("SELECT * FROM retail.daily_sales ORDER BY ALL")
    assert once
    assert redshift.transaction(LOAD)["Status"] == "FINISHED"
    assert redshift.rows("SELECT * FROM retail.daily_sales ORDER BY ALL") == once


def test_a_load_makes_good_the_days_that_it_covers_and_leaves_those_before(corner: Lake) -> None:
    redshift = prepared(corner)
    whole = redshift.rows("SELECT * FROM retail.daily_sales ORDER BY ALL")
    redshift.database.execute("UPDATE retail.daily_sales SET pieces = 7 WHERE dt >= DATE '2026-05-01'")
    redshift.database.execute("INSERT INTO retail.daily_sales VALUES ('2026-04-01', 'OLD', 'USD', 1, 2, 3.45)")
    assert redshift.transaction(LOAD)["Status"] == "FINISHED"
    old = (date(2026, 4, 1), "OLD", "USD", 1, 2, Decimal("3.45"))
    assert redshift.rows("SELECT * FROM retail.daily_sales ORDER BY ALL") == [old, *whole]


def test_a_load_that_fails_halfway_leaves_what_was_there(corner: Lake) -> None:
    redshift = prepared(corner)
    before = redshift.rows("SELECT * FROM retail.daily_sales ORDER BY ALL")
    redshift.fails = "INSERT"
    assert redshift.transaction(LOAD)["Status"] == "FAILED"
    assert redshift.rows("SELECT * FROM retail.daily_sales ORDER BY ALL") == before


def test_a_load_locks_the_table_first_so_that_two_at_once_add_no_row_twice() -> None:
    assert [text.split()[0] for text in LOAD] == ["LOCK", "DELETE", "INSERT"]


def test_a_load_reads_the_days_that_it_fills_and_no_others() -> None:
    """Redshift reads the folders of those days only, if the day stands there as it is."""
    assert [text.count("dt >= DATE '2026-04-15'") for text in LOAD] == [0, 1, 1]


def test_analysts_may_read_what_there_is_and_will_be_and_write_nothing(corner: Lake) -> None:
    redshift = prepared(corner)
    assert redshift.roles == {"analysts"}
    granted = [text for name, text in STATEMENTS if name in ("05_lake_grant.sql", "06_grants.sql")]
    assert redshift.granted == granted
    assert {text.split()[1] for text in redshift.granted if text.startswith("GRANT")} == {"USAGE", "SELECT"}


def test_a_view_over_the_lake_is_bound_to_no_schema() -> None:
    views = [text for _, text in STATEMENTS if "VIEW retail." in text and text.startswith("CREATE")]
    assert len(views) == 8
    assert all(text.endswith("WITH NO SCHEMA BINDING") for text in views)


def test_what_there_is_has_a_comment() -> None:
    made = {text.split()[4] for _, text in STATEMENTS if text.startswith("CREATE OR REPLACE VIEW")}
    told = {text.split()[3] for _, text in STATEMENTS if text.startswith("COMMENT ON VIEW")}
    assert made == told
