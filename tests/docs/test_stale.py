"""Pictures and tables follow the templates, and the command says where they do not."""

from __future__ import annotations

import pytest

from tests.docs.conftest import Copy

PAGE = "docs/architecture.md"
EVENTS = "out/06-events.yaml"


def stale(copy: Copy) -> list[str]:
    """What the check names, after it has ended as it does when something is stale."""
    done = copy.docs("--check")
    assert done.returncode == 1
    return [line.removesuffix(" is stale: run make docs") for line in done.stderr.splitlines()]


def test_what_is_committed_is_as_the_templates_have_it(copy: Copy) -> None:
    done = copy.docs("--check")
    assert (done.returncode, done.stderr) == (0, "")


FLOW, NETWORK, STACKS = (f"docs/pictures/{name}.svg" for name in ("flow", "network", "stacks"))
PORT = "FromPort: {0}\n      ToPort: {0}"


@pytest.mark.parametrize(
    ("template", "before", "after", "named"),
    [
        (EVENTS, "InventoryUpdateRule", "StockUpdateRule", FLOW),
        (EVENTS, "        - PaymentProcessed\n", "", FLOW),
        ("out/02-security.yaml", PORT.format(5432), PORT.format(5433), NETWORK),
        ("out/01-networking.yaml", "CidrBlock: 10.0.0.0/16", "CidrBlock: 10.9.0.0/16", NETWORK),
        ("out/07-analytics.yaml", "events-FunctionNames", "events-WorkQueueNames", STACKS),
        ("out/04-application.yaml", "- dynamodb:DeleteItem", "- dynamodb:DeleteTable", PAGE),
        ("out/03-ingress.yaml", "ExpirationInDays: 90", "ExpirationInDays: 91", PAGE),
    ],
)
def test_a_template_that_has_changed_makes_its_picture_or_table_stale(
    copy: Copy, template: str, before: str, after: str, named: str
) -> None:
    copy.change(template, before, after)
    assert named in stale(copy)


def test_the_check_writes_nothing(copy: Copy) -> None:
    copy.change(EVENTS, "InventoryUpdateRule", "StockUpdateRule")
    stale(copy)
    assert "StockUpdateRule" not in copy.picture("flow")


def test_after_the_command_nothing_is_stale_and_the_change_is_in_the_picture(copy: Copy) -> None:
    copy.change(EVENTS, "InventoryUpdateRule", "StockUpdateRule")
    assert copy.docs().returncode == 0
    assert copy.docs("--check").returncode == 0
    assert "StockUpdateRule" in copy.picture("flow")


def test_the_same_templates_are_the_same_bytes(copy: Copy) -> None:
    first = copy.picture("network")
    (copy.root / "docs/pictures/network.svg").unlink()
    assert copy.docs().returncode == 0
    assert copy.picture("network") == first


def test_a_page_that_has_lost_a_tables_comments_is_named_and_stays_as_it_is(copy: Copy) -> None:
    copy.change(PAGE, "<!-- make docs: roles -->", "")
    page = (copy.root / PAGE).read_text(encoding="utf-8")
    done = copy.docs()
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "docs/architecture.md: write <!-- make docs: NAME -->" in done.stderr
    assert (copy.root / PAGE).read_text(encoding="utf-8") == page


def test_a_template_that_lacks_what_a_picture_shows_is_an_input_error_in_one_line(copy: Copy) -> None:
    copy.change("out/03-ingress.yaml", "AWS::GlobalAccelerator::Accelerator", "AWS::GlobalAccelerator::Other")
    done = copy.docs()
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "AWS::GlobalAccelerator::Accelerator" in done.stderr


def test_away_from_the_repositorys_root_it_says_so(copy: Copy) -> None:
    done = Copy(copy.root / "docs").docs()
    assert done.returncode == 2
    assert done.stderr == "docs: docs/architecture.md is not there: run this from the repository's root\n"
