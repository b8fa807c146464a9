"""Raw objects as lines of text: none is lost, and none that cannot be read stops the others."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from retail.contracts import lake
from retail.jobs.stores import Object, Store

PLAIN = ".json"
"""What the platform writes. Other names are read file by file in Python, whatever is in them."""

LINES = "source string, text string, problem string"
GZIP = b"\x1f\x8b"
CHUNK = 1024


def lines(spark: SparkSession, store: Store, objects: list[Object]) -> DataFrame:
    """The lines of objects that are not blank: `source` (the key), `text`, and `problem` where it could not be read."""
    found = spark.createDataFrame([], LINES)
    plain = sorted({each.key.rpartition("/")[0] for each in objects if each.key.endswith(PLAIN)})
    if plain:
        # By folder: a list of every object would be looked up one by one.
        reader = spark.read.option("pathGlobFilter", f"*{PLAIN}")
        text = reader.text([_literally(store.uri(folder)) for folder in plain])
        found = text.select(
            _key(F.input_file_name()), F.col("value").alias("text"), F.lit(None).cast("string").alias("problem")
        )
    other = [_literally(store.uri(each.key)) for each in objects if not each.key.endswith(PLAIN)]
    if other:
        files = spark.read.format("binaryFile").load(other).select(_key(F.col("path")), "content").rdd
        found = found.unionByName(spark.createDataFrame(files.flatMap(_lines_of), LINES))
    return found.where(F.col("problem").isNotNull() | F.col("text").rlike(r"\S"))


def _key(path: Column) -> Column:
    """The key in an object's path."""
    return F.regexp_extract(path, f"/({lake.RAW}.*)", 1).alias("source")


def _literally(path: str) -> str:
    """A path in which Spark sees no pattern."""
    return re.sub(r"([\[\]{}*?\\])", r"\\\1", path)


def _lines_of(file: Any) -> Iterator[tuple[str, str | None, str | None]]:
    """The lines of one file, and one more that says what is wrong with the rest of it."""
    content, problem = bytes(file.content), None
    if content.startswith(GZIP):
        content, problem = _unzipped(content)
    elif file.source.endswith(".gz"):
        content, problem = b"", "unreadable gzip: not a gzip file"
    for line in _split(content):
        yield file.source, line.decode("utf-8", "replace"), None
    if problem:
        yield file.source, None, problem


def _split(content: bytes) -> Iterable[bytes]:
    return re.split(rb"\r\n|\n|\r", content)


def _unzipped(content: bytes) -> tuple[bytes, str | None]:
    """What can be had of a gzip file up to its first fault, and the fault. A line that is cut by it is not a line."""
    try:
        return gzip.decompress(content), None
    except (OSError, EOFError, zlib.error) as error:
        fault = f"unreadable gzip: {error}"
    opened, read = zlib.decompressobj(wbits=31), b""
    try:
        for start in range(0, len(content), CHUNK):
            read += opened.decompress(content[start : start + CHUNK])
    except zlib.error:
        pass  # what came before it is read
    return read[: read.rfind(b"\n") + 1], fault
