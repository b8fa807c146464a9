"""A function's code on this machine: the deployed zip, unpacked, and beside it what Lambda's runtime brings."""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
import sys
import urllib.request
from importlib import metadata
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from retail.local.functions.configured import Function

DOWNLOAD_SECONDS = 30

BROUGHT = (
    "awslambdaric", "simplejson", "snapshot-restore-py",
    "boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3",
)  # fmt: skip
"""The distributions in Lambda's Python runtime."""

BACKPORTED = ("typing-extensions",)
"""What libraries for Lambda's Python want besides on an older one, and Lambda's Python has itself."""

LAMBDA_PYTHON = (3, 13)


class CodeError(Exception):
    """A function's code that is not there or not what is deployed; one line."""


def unpacked(function: Function, into: Path) -> Path:
    """The folder with the function's deployed code, read-only, downloaded if it is not there.

    Raises CodeError, or OSError when it cannot be fetched.
    """
    folder = into / hashlib.sha256(f"{function.name} {function.code_sha256}".encode()).hexdigest()[:16]
    if folder.exists():
        return folder
    with urllib.request.urlopen(function.code_url, timeout=DOWNLOAD_SECONDS) as answer:
        content = answer.read()
    if base64.b64encode(hashlib.sha256(content).digest()).decode() != function.code_sha256:
        raise CodeError(f"{function.name}: the code is not what is deployed, {function.code_sha256}")
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        with ZipFile(io.BytesIO(content)) as zipped:
            zipped.extractall(part)
    except BadZipFile:
        raise CodeError(f"{function.name}: the deployed code is no zip; is its key in the artifacts bucket?") from None
    for path in [*part.rglob("*"), part]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    part.rename(folder)
    return folder


def runtime(folder: Path) -> Path:
    """A folder with what Lambda's runtime brings and nothing else of this Python's libraries, as links to them."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = BROUGHT if sys.version_info >= LAMBDA_PYTHON else (*BROUGHT, *BACKPORTED)
    for name in wanted:
        distribution = metadata.distribution(name)
        for first in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
            link = folder / first
            if not link.is_symlink():
                link.symlink_to(Path(str(distribution.locate_file(first))))
    return folder
