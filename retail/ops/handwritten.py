"""YAML that people write: each name stands once, and a number is the text that was written.

YAML itself takes the last of two equal names without a word, and reads version 17.10 as the number 17.1.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import yaml

from retail.ops.cli import InputError

NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


class _Loader(yaml.CSafeLoader):
    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, pattern) for tag, pattern in known if tag not in NUMBERS]
        for first, known in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """As everywhere, but for a name that stands twice, which is an error."""
        names = set()
        for key, _ in node.value:
            if key.value in names:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} stands there twice", key.start_mark)
            names.add(key.value)
        return super().construct_mapping(node, deep)


def read(path: Path) -> Any:
    """What a file holds. Raises FileNotFoundError where there is none, InputError for one that cannot be read."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except FileNotFoundError:
        raise
    except yaml.MarkedYAMLError as error:
        where = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InputError(f"{path}{where} cannot be read: {error.problem}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
