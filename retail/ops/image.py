"""The storefront's image: built for ARM64 by whichever builder works here, and pushed to the repository of 04.

Its tag is a hash of what goes into it, so what is in the repository already is neither built nor pushed again.
"""

from __future__ import annotations

import fnmatch
import hashlib
import shutil
import subprocess
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from retail.ops.cli import StackError, ask, aws, say

BUILDERS = ("docker", "finch", "podman")
"""In the order in which they are looked for; all three take the same words."""

PLATFORM = "linux/arm64"
DOCKERFILE = Path("retail/storefront/Dockerfile")
TAG_LENGTH = 16
LAST_LINES = 10
"""Of a builder's output, in the word about its failure."""


@dataclass(frozen=True, slots=True)
class Repository:
    """The repository of 04, e.g. ``123456789012.dkr.ecr.eu-west-1.amazonaws.com/retail-dev``."""

    uri: str
    region: str

    @property
    def registry(self) -> str:
        """What one logs in to."""
        return self.uri.partition("/")[0]

    @property
    def name(self) -> str:
        """What ECR calls it."""
        return self.uri.partition("/")[2]

    def image(self, tag: str) -> str | None:
        """The image of that tag by its digest, None if there is none."""
        found = ask(
            "ecr", "batch-get-image", "--repository-name", self.name, "--image-ids", f"imageTag={tag}",
            region=self.region,
        )["images"]  # fmt: skip
        return f"{self.uri}@{found[0]['imageId']['imageDigest']}" if found else None


def provide(repository: Repository, label: str) -> str | None:
    """The image of what stands in the checkout, by its digest; None, with a word, where nothing here can build it."""
    tag = content_tag()
    if there := repository.image(tag):
        return there
    builder, why_not = find_builder()
    if builder is None:
        say(
            f"{label}: no image is built, as {why_not}. Build it elsewhere for {PLATFORM}, push it to "
            f"{repository.uri}:{tag}, and give that as IMAGE="
        )
        return None
    say(f"{label}: building {repository.uri}:{tag} with {builder}")
    for words in commands(builder, f"{repository.uri}:{tag}"):
        run(words)
        if words[1] == "build":
            password = aws("ecr", "get-login-password", region=repository.region)
            run(login(builder, repository.registry), password.strip())
    pushed = repository.image(tag)
    if pushed is None:
        raise StackError(f"{label}: {builder} has pushed {repository.uri}:{tag}, and ECR does not know it")
    return pushed


def commands(builder: str, reference: str) -> list[list[str]]:
    """What builds and pushes an image, without the login between the two."""
    return [
        [builder, "build", "--platform", PLATFORM, "--file", str(DOCKERFILE), "--tag", reference, "."],
        [builder, "push", reference],
    ]


def login(builder: str, registry: str) -> list[str]:
    """What takes ECR's password from its standard input."""
    return [builder, "login", "--username", "AWS", "--password-stdin", registry]


def find_builder() -> tuple[str | None, str]:
    """The first builder that works, or why there is none."""
    faults = []
    for builder in BUILDERS:
        if shutil.which(builder) is None:
            faults.append(f"{builder} is not on the PATH")
            continue
        asked = subprocess.run([builder, "info"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if asked.returncode == 0:
            return builder, ""
        faults.append(f"{builder} is here and does not work (see {builder} info)")
    return None, ", ".join(faults)


def content_tag() -> str:
    """The hash of all that the Dockerfile may copy, and of the Dockerfile."""
    digest = hashlib.sha256()
    for path in sorted({DOCKERFILE, *context()}):
        digest.update(f"{path.as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:TAG_LENGTH]


def context() -> Iterator[Path]:
    """The files of the build context, as the ignore file beside the Dockerfile admits them."""
    lines = Path(f"{DOCKERFILE}.dockerignore").read_text(encoding="utf-8").split()
    left_out = [line.removeprefix("**/") for line in lines if line.startswith("**/")]
    for root in (Path(line[1:]) for line in lines if line.startswith("!")):
        for path in root.rglob("*") if root.is_dir() else (root,):
            if path.is_file() and not any(fnmatch.fnmatch(part, each) for part in path.parts for each in left_out):
                yield path


def run(words: list[str], password: str = "") -> None:
    """Run a builder's command, its output passed on as it comes. Raises StackError when it fails."""
    last: deque[str] = deque(maxlen=LAST_LINES)
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as builder:
        assert builder.stdin
        assert builder.stdout
        with suppress(BrokenPipeError):  # it has ended without asking for the password, and will say why
            builder.stdin.write(password)
            builder.stdin.close()
        for line in builder.stdout:
            last.append(line.rstrip())
            say(f"  {last[-1]}")
    if builder.returncode:
        lines = "".join(f"\n    {line}" for line in last)
        raise StackError(f"04 application has no new image.\n  command: {' '.join(words)}\n  cause:{lines}")
