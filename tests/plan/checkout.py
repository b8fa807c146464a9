"""A repository of one's own that holds the emitted templates, to be edited and planned."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.emitted import OUT
from tests.integration.programs import run


@dataclass(frozen=True, slots=True)
class Checkout:
    """A folder with ``out/`` under git."""

    directory: Path

    @classmethod
    def of_emitted(cls, directory: Path) -> Checkout:
        """One commit, on main, of what is emitted now."""
        shutil.copytree(OUT, directory / "out")
        found = cls(directory)
        found.git("init", "--quiet", "--initial-branch", "main")
        found.commit()
        return found

    def git(self, *words: str) -> str:
        who = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        author = ("-c", "user.name=test", "-c", "user.email=test@example.com")
        done = subprocess.run(
            ["git", *author, *words],
            cwd=self.directory,
            env=os.environ | who,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def commit(self) -> str:
        """Commit all that is there; returns the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "templates")
        return self.git("rev-parse", "HEAD").strip()

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace the first place where a template holds a text."""
        path = self.directory / "out" / f"{name}.yaml"
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} no longer holds {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def allow(self, *entries: str) -> None:
        """Write the allow-list."""
        path = self.directory / "environments" / "allowed-changes.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(["allowed:", *entries]), encoding="utf-8")

    def plan(self, *arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """``python -m retail.ops.plan`` in the checkout."""
        return run("retail.ops.plan", *arguments, directory=self.directory, environment=environment or {})
