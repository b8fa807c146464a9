"""The functions' and the job's code: packaged for this machine, and put into the deployed artifacts bucket.

python -m retail.local.platform.code FOLDER         # package into a folder
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from retail.local.processes import REPOSITORY, python
from retail.ops import artifacts, cli, job, package
from retail.ops.cli import InputError, StackError

PATTERNS = {parameter: pattern for patterns in artifacts.CODE.values() for parameter, pattern in patterns.items()}


def check(folder: Path) -> None:
    """Make the folders of the packages. Raises InputError where something else stands in a folder's place."""
    for name in {Path(pattern).parent for pattern in PATTERNS.values()}:
        try:
            (folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{folder / name} cannot be a folder ({error.strerror}): run make local-clean") from None


class Packaging:
    """The very sources and locked libraries on their way into packages for this Python and processor.

    A process of its own makes them, which can be ended before it is done; one of the run's family.
    """

    def __init__(self, folder: Path, scratch: Path) -> None:
        """Begin. `scratch` takes what is there only meanwhile, and may be left with it by a process that is ended."""
        scratch.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._process = subprocess.Popen(
            python("retail.local.platform.code", folder),
            cwd=REPOSITORY,
            env=os.environ | {"TMPDIR": str(scratch)},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the launcher
        )

    def files(self) -> dict[str, Path]:
        """Wait for the packages; returns them by the parameters of the stacks that name them. Raises StackError."""
        _, said = self._process.communicate()
        if self._process.returncode:
            raise StackError(said.strip() or f"packaging ended with status {self._process.returncode}")
        found: dict[str, Path] = {}
        for parameter, pattern in PATTERNS.items():
            files = sorted(self._folder.glob(pattern))
            if len(files) > 1:
                raise StackError(f"{self._folder} holds {len(files)} versions of {pattern}: run make local-clean")
            if files:
                found[parameter] = files[0]
        return found


def uploaded(files: dict[str, Path], folder: Path, s3: Any, bucket: str) -> dict[str, str]:
    """Upload the files; returns their keys by parameter."""
    keys = {parameter: file.relative_to(folder).as_posix() for parameter, file in files.items()}
    for parameter, key in keys.items():
        s3.upload_file(str(files[parameter]), bucket, key)
    return keys


def main() -> int:
    """Package into the folder that the command line names; returns the exit status."""
    folder = Path(sys.argv[1])

    def work() -> None:
        try:
            package.build(into=folder, platform=package.HERE)
            job.build(into=folder)
        except OSError as error:
            raise StackError(f"the functions cannot be packaged: {error}") from None

    return cli.exit_status("package", work)


if __name__ == "__main__":
    sys.exit(main())
