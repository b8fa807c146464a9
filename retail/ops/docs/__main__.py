"""``python -m retail.ops.docs``: write the architecture page's tables and pictures, or say which are stale."""

from __future__ import annotations

import sys
from pathlib import Path

from retail.ops.cli import InputError, Parser, StackError, exit_status, say
from retail.ops.docs import page
from retail.ops.plan.read import FOLDER, folder


def main(words: list[str]) -> None:
    """Do what the command line says. Raises InputError, and StackError where something is stale."""
    parser = Parser(prog="retail.ops.docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; say what is stale, and exit with 1")
    check = parser.parse_args(words).check
    try:
        text = page.PAGE.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{page.PAGE} is not there: run this from the repository's root") from None
    wanted = page.written(folder(Path(FOLDER)), text)
    stale = [path for path, content in wanted.items() if not _is(path, content)]
    if check and stale:
        raise StackError("\n".join(f"{path} is stale: run make docs" for path in stale))
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], encoding="utf-8")
        say(f"wrote {path}")
    if not stale:
        say("the architecture page and its pictures are as the templates have them")


def _is(path: Path, content: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == content


if __name__ == "__main__":
    sys.exit(exit_status("docs", lambda: main(sys.argv[1:])))
