"""The seven emitted templates as one graph: what each hands on, asks of its operator, and weighs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from retail.ops import artifacts
from retail.ops.cost import bill
from tests import emitted
from tests.emitted import FILES, find, template

INGRESS = "03-ingress"

ONLY_THE_OPERATOR_KNOWS = {
    ("02-security", "CloudFrontPrefixListId"),
    ("03-ingress", "DomainName"),
    ("03-ingress", "HostedZoneId"),
}

WAF_SCOPE = {"WebAcl", "WebAclLogs", "WebAclLogging", "ViewerCertificate"}
WAF_SCOPE_OUTPUTS = {"WebAclArn", "ViewerCertificateArn"}

READING_ORDER = [
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Mappings",
    "Rules",
    "Conditions",
    "Resources",
    "Outputs",
]

CONSTANT_DAYS = {"2010-09-09", "2012-10-17", "2026-01-01"}
"""The versions of the template's and the policies' languages, and the first day that the lake can hold."""

every_template = pytest.mark.parametrize("name", FILES)


def text(name: str) -> str:
    """One emitted file as it is written."""
    return (emitted.OUT / f"{name}.yaml").read_text(encoding="utf-8")


def exports() -> Iterator[tuple[str, str, Any]]:
    """Template, output's title and export's name of every export."""
    for name in FILES:
        for title, output in template(name).get("Outputs", {}).items():
            if "Export" in output:
                yield name, title, output["Export"]["Name"]


def imports() -> list[tuple[str, str]]:
    """Template and export's name of every import."""
    return [(name, each["Fn::Sub"]) for name in FILES for each in find(template(name), "Fn::ImportValue")]


def parameters() -> list[tuple[str, str]]:
    """Template and title of every parameter."""
    return [(name, title) for name in FILES for title in template(name)["Parameters"]]


every_parameter = pytest.mark.parametrize(("name", "title"), parameters())


def parts(section: str) -> dict[str, dict[str, Any]]:
    """The resources or the outputs of the ingress template."""
    listed: dict[str, dict[str, Any]] = template(INGRESS)[section]
    return listed


def holds(condition: Any, given: dict[str, str]) -> bool:
    """Whether a condition of the ingress template holds for the given parameters."""
    ((function, argument),) = condition.items()
    match function:
        case "Condition":
            return holds(template(INGRESS)["Conditions"][argument], given)
        case "Fn::Equals":
            left, right = (given[side["Ref"]] if isinstance(side, dict) else side for side in argument)
            return bool(left == right)
        case "Fn::Not":
            return not holds(argument[0], given)
        case "Fn::And":
            return all(holds(each, given) for each in argument)
        case "Fn::Or":
            return any(holds(each, given) for each in argument)
    raise AssertionError(f"no condition of CloudFormation: {function}")


def situations(scope: str) -> Iterator[dict[str, str]]:
    """Each way to fill in the parameters of one scope that a condition could tell apart from another."""
    conditions = template(INGRESS)["Conditions"]
    compared = {"Scope": {scope}}
    for left, right in find(conditions, "Fn::Equals"):
        if left["Ref"] != "Scope":
            compared.setdefault(left["Ref"], {"something else"}).add(right)
    for values in product(*compared.values()):
        yield dict(zip(compared, values, strict=True))


def may_stand(part: dict[str, Any], scope: str) -> bool:
    """Whether a resource or output of the ingress template can exist in a scope."""
    condition = part.get("Condition")
    return condition is None or any(holds({"Condition": condition}, given) for given in situations(scope))


# Exports and imports


def test_every_import_is_exported_by_an_earlier_stack() -> None:
    exporters = {export["Fn::Sub"]: name for name, _, export in exports()}
    astray = [
        f"{importer} imports {export}, exported by {exporters.get(export, 'nobody')}"
        for importer, export in imports()
        if exporters.get(export, "99") >= importer
    ]
    assert astray == []


def test_nothing_is_exported_in_vain() -> None:
    assert {export["Fn::Sub"] for _, _, export in exports()} - {export for _, export in imports()} == set()


def test_every_stack_but_the_last_hands_something_on() -> None:
    assert {name for name, _, _ in exports()} == set(FILES) - {"07-analytics"}


def test_every_export_is_named_by_project_environment_stack_and_title() -> None:
    for name, title, export in exports():
        stack = name.split("-", 1)[1]
        assert export == {"Fn::Sub": f"${{Project}}-${{Environment}}-{stack}-{title}"}


def test_no_two_exports_have_one_name() -> None:
    assert [export for export, times in Counter(str(e) for _, _, e in exports()).items() if times > 1] == []


@every_template
def test_conditions_and_rules_import_nothing(name: str) -> None:
    """T5: CloudFormation evaluates both before it knows any export."""
    decisions = [template(name).get(section, {}) for section in ("Conditions", "Rules")]
    assert list(find(decisions, "Fn::ImportValue")) == []


@every_template
def test_no_value_comes_from_a_stack_that_does_not_know_it_is_read(name: str) -> None:
    """T18: ``GetStackOutput`` protects neither the giver nor the taker."""
    assert "GetStackOutput" not in text(name)


# The two scopes of the ingress


def test_whatever_imports_in_the_ingress_can_exist_in_scope_cdn_only() -> None:
    """T69: in us-east-1 the exports of the primary Region do not exist."""
    for section in ("Resources", "Outputs"):
        importers = {title: part for title, part in parts(section).items() if list(find(part, "Fn::ImportValue"))}
        assert {title for title, part in importers.items() if may_stand(part, "waf")} == set()
        assert {title for title, part in importers.items() if not may_stand(part, "cdn")} == set()


def test_scope_waf_makes_the_web_acl_its_log_and_the_viewers_certificate_and_nothing_else() -> None:
    assert {title for title, part in parts("Resources").items() if may_stand(part, "waf")} == WAF_SCOPE
    assert {title for title, part in parts("Outputs").items() if may_stand(part, "waf")} == WAF_SCOPE_OUTPUTS


def test_scope_cdn_leaves_to_us_east_1_what_exists_only_there() -> None:
    """T67: a web ACL for CloudFront is refused in any other Region."""
    made = {
        title
        for section in ("Resources", "Outputs")
        for title, part in parts(section).items()
        if may_stand(part, "cdn")
    }
    assert made & (WAF_SCOPE | WAF_SCOPE_OUTPUTS) == set()
    assert {"Distribution", "LoadBalancer", "GlobalAccelerator", "TargetGroupArn"} <= made


@pytest.mark.parametrize("section", ["Resources", "Outputs"])
def test_nothing_in_the_ingress_is_without_a_condition(section: str) -> None:
    assert {title for title, part in parts(section).items() if "Condition" not in part} == set()


# Parameters


@every_parameter
def test_every_parameter_says_what_it_is(name: str, title: str) -> None:
    assert len(template(name)["Parameters"][title].get("Description", "")) > 20


@every_parameter
def test_every_parameter_has_bounds(name: str, title: str) -> None:
    parameter = template(name)["Parameters"][title]
    if parameter["Type"] == "Number":
        assert {"MinValue", "MaxValue"} <= parameter.keys()
    else:
        assert {"AllowedPattern", "AllowedValues"} & parameter.keys()


def test_only_what_the_operator_alone_knows_has_no_default() -> None:
    without = {(name, title) for name, title in parameters() if "Default" not in template(name)["Parameters"][title]}
    assert without == ONLY_THE_OPERATOR_KNOWS


@every_parameter
def test_every_default_is_within_its_own_bounds(name: str, title: str) -> None:
    parameter = template(name)["Parameters"][title]
    default = parameter.get("Default")
    if default is None:
        assert (name, title) in ONLY_THE_OPERATOR_KNOWS
        return
    if parameter["Type"] == "Number":
        assert parameter["MinValue"] <= float(default) <= parameter["MaxValue"]
        return
    assert isinstance(default, str)
    assert default in parameter.get("AllowedValues", [default])
    assert re.fullmatch(parameter.get("AllowedPattern", ".*"), default)


@every_template
def test_the_console_shows_every_parameter_once_in_a_group_and_under_a_label(name: str) -> None:
    form = template(name)["Metadata"]["AWS::CloudFormation::Interface"]
    shown = [title for group in form["ParameterGroups"] for title in group["Parameters"]]
    assert sorted(shown) == sorted(template(name)["Parameters"])
    assert form["ParameterLabels"].keys() == template(name)["Parameters"].keys()
    assert all(label["default"] for label in form["ParameterLabels"].values())
    assert all(group["Label"]["default"] for group in form["ParameterGroups"])


@every_template
def test_project_and_environment_mean_the_same_in_every_stack(name: str) -> None:
    for title in ("Project", "Environment"):
        assert template(name)["Parameters"][title] == template(FILES[0])["Parameters"][title]


# The files


@every_template
def test_a_deployment_fills_every_parameter_that_names_code_and_the_cost_counts_on_it(name: str) -> None:
    keys = {parameter for parameter in template(name)["Parameters"] if parameter.endswith("Key")}
    assert artifacts.CODE.get(name.partition("-")[2], {}).keys() == keys
    assert keys <= bill.DEPLOYED.keys()


@every_template
def test_every_template_deploys_without_a_bucket(name: str) -> None:
    """T1: ``aws cloudformation deploy`` sends at most 51,200 bytes."""
    size = len((emitted.OUT / f"{name}.yaml").read_bytes())
    assert size <= 51_200, f"{name} has {size} bytes, see Limits in docs/architecture.md"


@every_template
def test_every_template_stays_within_cloudformations_counts(name: str) -> None:
    """T2."""
    for section, most in (("Resources", 500), ("Outputs", 200), ("Parameters", 200), ("Mappings", 200)):
        assert len(template(name).get(section, {})) <= most


@every_template
def test_no_template_has_more_than_sixty_dynamic_references(name: str) -> None:
    """T3."""
    assert text(name).count("{{resolve:") <= 60


@every_template
def test_named_iam_is_the_only_capability_a_stack_asks_for(name: str) -> None:
    """T22: a transform or a nested stack would want another."""
    assert "Transform" not in template(name)
    assert list(find(template(name), "Fn::Transform")) == []
    kinds = {resource["Type"] for resource in template(name)["Resources"].values()}
    assert {kind for kind in kinds if kind.startswith(("AWS::CloudFormation::", "Custom::"))} == set()


@every_template
def test_every_template_describes_itself_briefly(name: str) -> None:
    number, stack = name.split("-", 1)
    description = template(name)["Description"]
    assert description.startswith(f"{number} {stack.capitalize()}: ")
    assert len(description.encode()) <= 1024


@every_template
def test_the_first_line_says_what_wrote_the_file(name: str) -> None:
    stack = name.split("-", 1)[1]
    assert text(name).splitlines()[0] == f"# Written by generate.py from templates/{stack}.py; edit that."


@every_template
def test_sections_stand_in_the_order_people_read(name: str) -> None:
    sections = re.findall(r"^(\w+):", text(name), re.MULTILINE)
    assert sections == [section for section in READING_ORDER if section in sections]
    assert {"AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Resources"} <= set(sections)


@every_template
def test_every_resource_says_first_of_what_type_it_is(name: str) -> None:
    section = re.split(r"^Resources:\n", text(name), flags=re.MULTILINE)[1]
    section = re.split(r"^\w", section, maxsplit=1, flags=re.MULTILINE)[0]
    typed = re.findall(r"^  (\w+):\n    Type: \S+$", section, re.MULTILINE)
    assert typed == list(template(name)["Resources"])


@every_template
def test_no_file_says_when_it_was_written(name: str) -> None:
    days = set(re.findall(r"\b20\d\d-\d\d-\d\d\b", text(name)))
    assert days - CONSTANT_DAYS == set()
    assert re.findall(r"\b\d\d:\d\d:\d\d\b", text(name)) == []


def test_the_seven_templates_are_all_there_is() -> None:
    assert sorted(path.name for path in emitted.OUT.iterdir()) == [f"{name}.yaml" for name in FILES]
