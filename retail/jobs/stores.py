"""Where the lake lies: an S3 bucket, or a folder of this machine with the same keys."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Object:
    """An object of the lake; `stamp` is another one when its content is."""

    key: str
    size: int
    stamp: str


class Store(Protocol):
    """What the job asks of the lake, besides what Spark reads and writes by itself."""

    def uri(self, key: str) -> str:
        """How Spark calls a key."""

    def objects(self, prefix: str) -> list[Object]:
        """Every object below a prefix, in the order of the keys."""

    def read(self, key: str) -> bytes | None:
        """An object's content, or None where there is none."""

    def write(self, key: str, content: bytes) -> None:
        """Put an object; readers see the old one or the new one, whole."""

    def move(self, source: str, target: str) -> None:
        """Give an object another key; whatever is there is replaced, and readers see the old one or the new one."""

    def remove(self, keys: Iterable[str]) -> None:
        """Remove objects."""

    def clear(self, prefix: str) -> None:
        """Remove every object below a prefix."""


@dataclass(frozen=True, slots=True)
class Folder:
    """The lake in a folder."""

    root: Path

    def uri(self, key: str) -> str:
        return f"file://{self.root.resolve()}/{key}"

    def objects(self, prefix: str) -> list[Object]:
        # A prefix need not be a folder.
        top = self.root / prefix.rpartition("/")[0]
        found = [self._object(Path(folder) / name) for folder, _, names in os.walk(top) for name in names]
        # Spark's checksums of local files; S3 has none.
        kept = [each for each in found if each.key.startswith(prefix) and not each.key.endswith(".crc")]
        return sorted(kept, key=lambda each: each.key)

    def _object(self, path: Path) -> Object:
        status = path.stat()
        return Object(path.relative_to(self.root).as_posix(), status.st_size, str(status.st_mtime_ns))

    def read(self, key: str) -> bytes | None:
        path = self.root / key
        return path.read_bytes() if path.is_file() else None

    def write(self, key: str, content: bytes) -> None:
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        part.write_bytes(content)
        part.replace(path)

    def move(self, source: str, target: str) -> None:
        path = self.root / target
        path.parent.mkdir(parents=True, exist_ok=True)
        (self.root / source).replace(path)

    def remove(self, keys: Iterable[str]) -> None:
        for key in keys:
            (self.root / key).unlink()

    def clear(self, prefix: str) -> None:
        shutil.rmtree(self.root / prefix, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Bucket:
    """The lake in S3."""

    name: str
    s3: Any

    def uri(self, key: str) -> str:
        return f"s3://{self.name}/{key}"

    def objects(self, prefix: str) -> list[Object]:
        # A console's "folder" is an empty object whose key ends with a slash.
        return [
            Object(each["Key"], each["Size"], each["ETag"].strip('"'))
            for each in self._listed(prefix)
            if not each["Key"].endswith("/")
        ]

    def read(self, key: str) -> bytes | None:
        try:
            return self.s3.get_object(Bucket=self.name, Key=key)["Body"].read()
        except self.s3.exceptions.NoSuchKey:
            return None

    def write(self, key: str, content: bytes) -> None:
        self.s3.put_object(Bucket=self.name, Key=key, Body=content)

    def move(self, source: str, target: str) -> None:
        self.s3.copy_object(Bucket=self.name, Key=target, CopySource={"Bucket": self.name, "Key": source})
        self.s3.delete_object(Bucket=self.name, Key=source)

    def remove(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.s3.delete_object(Bucket=self.name, Key=key)

    def clear(self, prefix: str) -> None:
        self.remove([each["Key"] for each in self._listed(prefix)])

    def _listed(self, prefix: str) -> Iterator[dict[str, Any]]:
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix):
            yield from page.get("Contents", [])
