"""A copy of the documents and templates, to change and to be told what is stale."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.emitted import ROOT
from tests.pages.conftest import FLAGS


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


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser of its own: the pages' one belongs to their folder."""
    found = shutil.which("chromium")
    if not found:
        pytest.skip("chromium is not installed: apt-get install --no-install-recommends chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()
