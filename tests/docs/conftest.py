"""A copy of the documents and templates, to change and to be told what is stale."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.browser import chromium
from tests.emitted import ROOT

__all__ = ["chromium"]


@dataclass(frozen=True)
class Copy:
    """The documents and templates in a folder of their own."""

    root: Path

    def change(self, path: str, before: str, after: str) -> None:
        """Replace a text, which must be there, wherever it stands in a file."""
        file = self.root / path
        text = file.read_text(encoding="utf-8")
        assert before in text
        file.write_text(text.replace(before, after), encoding="utf-8")

    def docs(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run ``python -m retail.ops.docs`` there."""
        return subprocess.run(
            [sys.executable, "-m", "retail.ops.docs", *words],
            cwd=self.root,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )

    def picture(self, name: str) -> str:
        """A picture's source."""
        return (self.root / "docs" / "pictures" / f"{name}.svg").read_text(encoding="utf-8")


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """Documents and templates as they are committed."""
    shutil.copytree(ROOT / "out", tmp_path / "out")
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    return Copy(tmp_path)
