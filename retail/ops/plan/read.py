"""Templates as CloudFormation understands them: one spelling for each function, whatever form the file has."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import yaml

from retail.ops.cli import InputError

Template = Mapping[str, Any]

FOLDER = "out"
NO_VALUE = {"Ref": "AWS::NoValue"}
VARIABLE = re.compile(r"\$\{(?!!)([^}]+)\}")


def _function(loader: yaml.CSafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    """A short-form function such as !Sub, as its long form."""
    value: Any = None
    match node:
        case yaml.MappingNode():
            value = loader.construct_mapping(node, deep=True)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case yaml.ScalarNode():
            value = loader.construct_scalar(node)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


class _Loader(yaml.CSafeLoader):
    yaml_multi_constructors: ClassVar = {"!": _function}


def parsed(text: str, name: str) -> Template:
    """The template in a text of YAML or JSON. Raises InputError, with the name, if it holds none."""
    try:
        template = yaml.load(text, _Loader)
    except yaml.YAMLError:
        template = None
    resources = template.get("Resources") if isinstance(template, dict) else None
    if not isinstance(resources, dict) or not all(
        isinstance(each, dict) and "Type" in each for each in resources.values()
    ):
        raise InputError(f"{name} is not a template: run make templates")
    return {section: plain(content) for section, content in template.items()}


def plain(tree: Any) -> Any:
    """The tree with each function in its one spelling, and without what AWS::NoValue leaves out."""
    match tree:
        case {"Fn::GetAtt": str(dotted)}:
            return {"Fn::GetAtt": dotted.split(".", 1)}
        case {"Fn::Sub": str(text)} | {"Fn::Sub": [str(text), {}]} if not VARIABLE.search(text):
            return text.replace("${!", "${")
        case {"Fn::Sub": str(text)} if alone := VARIABLE.fullmatch(text):
            name = alone[1]
            return {"Fn::GetAtt": name.split(".", 1)} if "." in name else {"Ref": name}
        case {"Fn::If": [condition, *branches]}:
            return {"Fn::If": [condition, *map(plain, branches)]}
        case dict():
            return {key: plain(value) for key, value in tree.items() if value != NO_VALUE}
        case list():
            return [plain(item) for item in tree if item != NO_VALUE]
    return tree


def folder(path: Path) -> dict[str, Template]:
    """The templates of a folder by file name without ending. Raises InputError if there are none."""
    files = sorted(path.glob("*.yaml"))
    if not files:
        raise InputError(f"{path} holds no templates: run make templates, and this from the repository's root")
    return {file.stem: parsed(file.read_text(encoding="utf-8"), str(file)) for file in files}


def commit(revision: str) -> str:
    """The commit that a revision names. Raises InputError for one that is not in this clone."""
    found = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if found is None:
        raise InputError(f"--against {revision}: not in this clone of the repository; git fetch it, or name another")
    return found.strip()


def revision(name: str) -> dict[str, Template]:
    """The templates of ``out/`` in a commit; none if it had no such folder. Raises InputError."""
    listed = _git("ls-tree", "--name-only", name, f"{FOLDER}/") or ""
    found = {}
    for file in (line for line in listed.splitlines() if line.endswith(".yaml")):
        found[Path(file).stem] = parsed(_git("show", f"{name}:./{file}") or "", f"{name}:{file}")
    return found


def _git(*words: str) -> str | None:
    """What git prints, or None where it fails. Raises InputError without git."""
    try:
        done = subprocess.run(["git", *words], capture_output=True, text=True, encoding="utf-8", check=False)
    except FileNotFoundError:
        raise InputError("git is not on the PATH: install it, or compare with --environment") from None
    return done.stdout if done.returncode == 0 else None
