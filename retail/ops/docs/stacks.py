"""The picture of the stacks and of what goes from one to another."""

from __future__ import annotations

import re
from collections.abc import Iterator

from retail.ops.docs.facts import HOUSE, Made, Templates, every, exports, house_name, imports, nodes, pointed, texts
from retail.ops.docs.svg import Picture
from retail.ops.docs.wires import Party, Wire, columns, head, lanes, rows

WIDE, LEFT = 960, 250
OUTSIDE = "outside"
MAKERS = {":kms:": "AWS::KMS::Key", ":wafv2:": "AWS::WAFv2::WebACL", ":acm:": "AWS::CertificateManager::Certificate"}
"""Who makes what a parameter's pattern asks for."""


def picture(templates: Templates) -> str:
    """The stacks as columns, each wire as a row."""
    drawn = Picture(
        WIDE,
        "The seven stacks and the wires between them",
        "Each stack is a column, in the order of deployment. Each row is a wire, from the stack that makes something, "
        "marked by a dot, to those that take it: exports, names known beforehand, SSM parameters, and parameters.",
    )
    parties = [Party(OUTSIDE, "net", "you, make deploy"), *(_party(name, templates) for name in templates)]
    middles = columns(LEFT, WIDE - LEFT - 10, parties)
    top = y = head(drawn, 14, LEFT, WIDE - LEFT - 10, parties)
    for title, wires in groups(templates):
        y = rows(drawn, y + 8, title, wires, parties, middles)
    lanes(drawn, top, y + 8, middles)
    return drawn.done(y + 18)


def groups(templates: Templates) -> Iterator[tuple[str, list[Wire]]]:
    """Every wire, by its kind."""
    givers = [name for name, template in templates.items() if exports(template)]
    yield "Who imports from whom", [whole(name, templates) for name in givers]
    for name in givers:
        yield f"Exports of {name}", list(exported(name, templates))
    yield "Names known beforehand", list(known(templates))
    yield "SSM parameters", list(stored(templates))
    yield "Parameters", list(given(templates))


def _party(name: str, templates: Templates) -> Party:
    kinds = {"01": "net", "02": "net", "03": "edge", "04": "compute", "05": "store", "06": "event", "07": "store"}
    return Party(
        name.replace("-", " "), kinds.get(name[:2], "net"), f"{len(templates[name]['Resources'])} resources", name[:2]
    )


def _column(name: str) -> str:
    return name.replace("-", " ")


def exported(name: str, templates: Templates) -> Iterator[Wire]:
    """What a stack exports, and who imports it."""
    for export, title in exports(templates[name]).items():
        takers = [other for other, template in templates.items() if export in imports(template["Resources"])]
        yield Wire(title, _column(name), tuple(map(_column, takers)))


def whole(name: str, templates: Templates) -> Wire:
    """All of a stack's exports as one wire."""
    wires = list(exported(name, templates))
    takers = tuple(dict.fromkeys(end for wire in wires for end in wire.ends))
    return Wire(f"{name}: {len(wires)} exports", _column(name), takers)


def known(templates: Templates) -> Iterator[Wire]:
    """Physical names of later stacks' resources that stand in an earlier stack's policies and settings."""
    order = list(templates)
    for made in every(templates):
        for name in sorted(_names(made)):
            earlier = order[: order.index(made.stack)]
            knowing = [stack for stack in earlier if _mentions(templates, stack, name)]
            if knowing:
                yield Wire(made.title, _column(made.stack), tuple(map(_column, knowing)), dashed=True)


def _names(made: Made) -> set[str]:
    """The house's names that a resource bears; the bare project and environment is everybody's."""
    own = [value for key, value in made.properties.items() if re.search(r"Name$|UserId$", key)]
    return {f"{HOUSE}{name}" for name in map(house_name, own) if name}


def _mentions(templates: Templates, stack: str, name: str) -> bool:
    found = re.compile(re.escape(name) + r"(?![\w])")
    settings = [made.properties[key] for made in every(templates) if made.stack == stack for key in made.properties]
    tags = [made.properties.get("Tags") for made in every(templates) if made.stack == stack]
    return any(found.search(text) for each in settings if each not in tags for text in texts(each))


def stored(templates: Templates) -> Iterator[Wire]:
    """What the stacks write to SSM, and who may read it."""
    readers = [
        name
        for name, template in templates.items()
        if any(str(action).startswith("ssm:Get") for action in _actions(template["Resources"]))
    ]
    for made in every(templates, "AWS::SSM::Parameter"):
        path = str(made.properties["Name"]["Fn::Sub"]).removeprefix("/${Project}/${Environment}/")
        yield Wire(path, _column(made.stack), tuple(map(_column, readers)), dashed=True)


def _actions(tree: object) -> Iterator[object]:
    for listed in nodes(tree, "Action"):
        yield from listed if isinstance(listed, list) else [listed]


def given(templates: Templates) -> Iterator[Wire]:
    """Parameters that carry what another stack made, and those that must come from outside."""
    for stack, template in templates.items():
        code = {
            name
            for part in ("Code", "Image", "ScriptLocation", "--extra-py-files")
            for node in nodes(template["Resources"], part)
            for name in [*pointed(node), *re.findall(r"\$\{(\w+)\}", " ".join(texts(node)))]
        }
        for title, parameter in template["Parameters"].items():
            kind = next((kind for mark, kind in MAKERS.items() if mark in parameter.get("AllowedPattern", "")), None)
            if kind:
                maker = every(templates, kind)[0].stack
                yield Wire(title, _column(maker), (_column(stack),), dashed=True)
            elif "Default" not in parameter or (title in code and title not in ("Project", "Environment")):
                yield Wire(title, OUTSIDE, (_column(stack),), dashed=True)
