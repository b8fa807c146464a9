"""The functions' and the job's code: packaged for this machine, and put into the deployed artifacts bucket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from retail.ops import artifacts, job, package
from retail.ops.cli import StackError


def packaged(folder: Path) -> dict[str, Path]:
    """Package into a folder: the very sources and locked libraries, for this Python and processor.

    Returns the files by the parameters of the stacks that name them. Raises PackageError.
    """
    package.build(into=folder, platform=package.HERE)
    job.build(into=folder)
    found: dict[str, Path] = {}
    for patterns in artifacts.CODE.values():
        for parameter, pattern in patterns.items():
            files = sorted(folder.glob(pattern))
            if len(files) > 1:
                raise StackError(f"{folder} holds {len(files)} versions of {pattern}: run make local-clean")
            if files:
                found[parameter] = files[0]
    return found


def uploaded(files: dict[str, Path], folder: Path, s3: Any, bucket: str) -> dict[str, str]:
    """Upload the files; returns their keys by parameter."""
    keys = {parameter: file.relative_to(folder).as_posix() for parameter, file in files.items()}
    for parameter, key in keys.items():
        s3.upload_file(str(files[parameter]), bucket, key)
    return keys
