"""Everything that a picture is of is in it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.emitted import FILES, ROOT, everywhere, properties, template

PICTURES = ROOT / "docs" / "pictures"
NAMES = ("stacks", "network", "flow")
SVG = "{http://www.w3.org/2000/svg}"


def drawn(name: str) -> ElementTree.Element:
    """A picture as XML."""
    return ElementTree.parse(PICTURES / f"{name}.svg").getroot()


def texts(name: str) -> list[str]:
    """Every line of text in a picture."""
    return [text.text or "" for text in drawn(name).iter(f"{SVG}text")]


def says(name: str, title: str) -> bool:
    """Whether a picture has a name, be it broken into lines or followed by others."""
    return title in "".join(texts(name)).replace(" ", "")


def arrows(name: str, label: str) -> int:
    """How many lines end at the height of a label, in a picture of wires."""
    root = drawn(name)
    (y,) = [int(text.get("y", "0")) - 4 for text in root.iter(f"{SVG}text") if text.text == label]
    ends = [line.get("points", "").split()[-1] for line in root.iter(f"{SVG}polyline")]
    return sum(end.endswith(f",{y}") for end in ends)


@pytest.mark.parametrize("name", FILES)
def test_every_stack_has_its_column(name: str) -> None:
    assert says("stacks", name.replace("-", ""))


@pytest.mark.parametrize("name", FILES)
def test_every_export_has_an_arrow_to_each_stack_that_imports_it(name: str) -> None:
    for title, output in template(name).get("Outputs", {}).items():
        if "Export" in output:
            export = output["Export"]["Name"]["Fn::Sub"]
            takers = sum(export in (ROOT / "out" / f"{other}.yaml").read_text(encoding="utf-8") for other in FILES) - 1
            assert arrows("stacks", title) == takers, title


def test_every_ssm_parameter_leads_to_the_tasks() -> None:
    for _, _, settings in everywhere("AWS::SSM::Parameter"):
        assert arrows("stacks", settings["Name"]["Fn::Sub"].removeprefix("/${Project}/${Environment}/")) == 1


@pytest.mark.parametrize(
    "parameter",
    ["FlowLogsKmsKeyArn", "WebAclArn", "ViewerCertificateArn", "DomainName", "ContainerImage", "CurateScriptKey"],
)
def test_what_another_region_a_later_stack_or_the_outside_gives_is_a_wire(parameter: str) -> None:
    assert parameter in texts("stacks")


@pytest.mark.parametrize("resource", ["CartTable", "LakeBucket", "RetailEventBus"])
def test_a_name_that_the_tasks_role_knows_beforehand_is_a_wire(resource: str) -> None:
    assert arrows("stacks", resource) >= 1


@pytest.mark.parametrize(
    ("subnet", "range_"),
    [
        ("PublicSubnetA", "10.0.0.0/24"),
        ("PublicSubnetB", "10.0.1.0/24"),
        ("AppSubnetA", "10.0.2.0/24"),
        ("AppSubnetB", "10.0.3.0/24"),
        ("DataSubnetA", "10.0.4.0/24"),
        ("DataSubnetB", "10.0.5.0/24"),
        ("DataSubnetC", "10.0.6.0/24"),
    ],
)
def test_every_subnet_stands_beside_its_address_range(subnet: str, range_: str) -> None:
    found = texts("network")
    assert found[found.index(subnet) + 1] == range_


@pytest.mark.parametrize(
    "kind", ["AWS::EC2::Subnet", "AWS::EC2::NatGateway", "AWS::EC2::VPCEndpoint", "AWS::EC2::InternetGateway"]
)
def test_every_part_of_the_network_is_in_the_plan(kind: str) -> None:
    titles = [title for _, title, _ in everywhere(kind)]
    assert titles
    assert [title for title in titles if not says("network", title)] == []


def test_what_stands_in_a_tier_is_what_imports_its_subnets() -> None:
    assert "StorefrontService (04), OrderProcessor (06), InventoryHandler (06)" in texts("network")
    assert "Database (05), Cache (05), WarehouseWorkgroup (07)" in texts("network")


def test_every_security_group_has_its_column() -> None:
    for _, title, _ in everywhere("AWS::EC2::SecurityGroup"):
        assert says("network", title.removesuffix("SecurityGroup"))


def test_each_pair_of_groups_that_may_speak_has_one_row_with_its_port() -> None:
    ports = sorted(text for text in texts("network") if text.startswith("TCP "))
    assert ports == ["TCP 443"] * 5 + ["TCP 5432"] * 2 + ["TCP 5439"] + ["TCP 6379 to 6380"] * 2 + ["TCP 8080"]
    assert "one side only" not in texts("network")


@pytest.mark.parametrize(
    "kind", ["AWS::Events::Rule", "AWS::SQS::Queue", "AWS::Lambda::Function", "AWS::Events::EventBus"]
)
def test_every_rule_queue_function_and_bus_is_in_the_flow(kind: str) -> None:
    titles = [title for _, title, _ in everywhere(kind)]
    assert titles
    assert [title for title in titles if not says("flow", title)] == []


@pytest.mark.parametrize(
    ("rule", "events"),
    [
        ("OrderProcessingRule", ["OrderPlaced", "PaymentProcessed"]),
        ("InventoryUpdateRule", ["InventoryReserved"]),
        ("CustomerNotificationRule", ["OrderPlaced", "OrderShipped", "but no replay"]),
    ],
)
def test_beside_each_rule_stand_the_events_that_it_passes_on(rule: str, events: list[str]) -> None:
    found = texts("flow")
    first = next(
        index for index in range(len(found)) if "".join(found[index : index + 2]).replace(" ", "").startswith(rule)
    )
    start = next(index for index in range(first, len(found)) if found[index] == events[0])
    assert start - first <= 2
    assert found[start : start + len(events)] == events


def test_the_web_acls_rules_stand_in_the_order_of_their_priority() -> None:
    rules = sorted(properties("03-ingress", "WebAcl")["Rules"], key=lambda rule: int(rule["Priority"]))
    joined = "".join(texts("flow")).replace(" ", "")
    places = [joined.index(rule["Name"]) for rule in rules]
    assert places == sorted(places)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_says_in_words_what_it_shows(name: str) -> None:
    root = drawn(name)
    assert root.get("role") == "img"
    said = {child.get("id"): child.text for child in root if child.tag in (f"{SVG}title", f"{SVG}desc")}
    assert all(said[key] for key in (root.get("aria-labelledby") or "").split())


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_fetches_nothing_and_has_colours_for_dark_screens(name: str) -> None:
    source = (PICTURES / f"{name}.svg").read_text(encoding="utf-8")
    assert re.findall(r"href|@import|url\(|<image", source) == []
    assert "@media screen and (prefers-color-scheme:dark)" in source


@pytest.mark.parametrize("name", NAMES)
def test_nothing_in_a_picture_stands_outside_of_it(name: str) -> None:
    root = drawn(name)
    wide, high = int(root.get("width", "0")), int(root.get("height", "0"))
    for box in root.iter(f"{SVG}rect"):
        x, y = int(box.get("x", "0")), int(box.get("y", "0"))
        assert x >= 0
        assert x + int(box.get("width", "0")) <= wide
        assert y + int(box.get("height", "0")) <= high
    for text in root.iter(f"{SVG}text"):
        assert 0 < int(text.get("x", "0")) < wide
        assert 0 < int(text.get("y", "0")) < high


def test_the_pictures_are_where_the_page_shows_them() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[([^]]+)\]\((pictures/[^)]+)\)", page)
    assert sorted(Path(path).stem for _, path in shown) == sorted(NAMES)
