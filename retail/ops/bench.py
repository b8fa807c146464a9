"""How fast the generator is, as ratios that hold on any machine: ``make bench``.

The floor is the same Python importing what the stacks import and doing nothing with it. Both are run in turn, each as
a process of its own, and the fastest run of each counts: what slows a run down is never the generator.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNS = 15
LIBRARIES = ("troposphere", "awacs", "yaml")


def imported_libraries() -> list[str]:
    """The modules of the libraries that any module of the generator imports."""
    sources = [*ROOT.glob("templates/*.py"), *ROOT.glob("retail/*.py"), *ROOT.glob("retail/blocks/*.py")]
    found: set[str] = set()
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                found.add(node.module)
                if node.module == "awacs":
                    found |= {f"awacs.{name.name}" for name in node.names}
            elif isinstance(node, ast.Import):
                found |= {name.name for name in node.names}
    return sorted(name for name in found if name.split(".")[0] in LIBRARIES)


def seconds(command: list[str]) -> float:
    """How long a command takes, as a process of its own."""
    begin = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def fastest(commands: dict[str, list[str]]) -> dict[str, float]:
    """The fastest of some runs of each command, run in turn."""
    runs: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(RUNS):
        for name, command in commands.items():
            runs[name].append(seconds(command))
    return {name: min(times) for name, times in runs.items()}


def main() -> int:
    """Print the two figures that the project promises."""
    floor = "import " + ", ".join(imported_libraries())
    subprocess.run(["make", "templates"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    best = fastest(
        {
            "floor": [sys.executable, "-c", floor],
            "generate": [sys.executable, "generate.py"],
            "make": ["make", "templates"],
        }
    )
    ratio = best["generate"] / best["floor"]
    print(f"generating seven stacks: {ratio:.2f} of the floor ({best['generate']:.3f} s / {best['floor']:.3f} s)")
    share = best["make"] / best["floor"]
    print(f"make templates, nothing changed: {best['make'] * 1000:.0f} ms, {share:.2f} of the floor")
    return 0


if __name__ == "__main__":
    sys.exit(main())
