"""Raw objects as lines of text: none is lost, and none that cannot be read stops the others."""

from __future__ import annotations

import gzip
import re
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from retail.contracts import lake
from retail.jobs.stores import Object, Store

PLAIN = ".json"
"""What the platform writes. Other names are read file by file in Python, whatever is in them."""

HIDDEN = re.compile(r"/[_.]")
"""In the key of what Spark passes by wherever it looks; it is read here, one by one."""

DOMAIN_DEPTH = lake.raw("domain").count("/")
"""How many slashes stand in the key of an object in no folder of its domain's."""

ENCODED = "^[^%]*+(%[0-9A-Fa-f]{2}[^%]*+)++$"
"""A path as in a URL, with something that is not written as it is."""

LINES = "source string, text string, problem string"
GZIP = b"\x1f\x8b"
CHUNK = 1024


def lines(spark: SparkSession, store: Store, objects: list[Object]) -> DataFrame:
    """The lines of objects that are not blank: `source` (the key), `text`, and `problem` where it could not be read."""
    hidden = [each.key for each in objects if HIDDEN.search(each.key)]
    shown = [each.key for each in objects if not HIDDEN.search(each.key)]
    # A file beside the days' folders by its name: its folder is the whole domain.
    plain = [key for key in shown if key.endswith(PLAIN) and key.count("/") > DOMAIN_DEPTH]
    other = sorted(set(shown).difference(plain))

    rows = [row for key in hidden for row in _lines_of(key, store.read(key) or b"")]
    found = spark.createDataFrame(rows, LINES)
    if plain:
        # By folder: a list of every object would be looked up one by one. What lies in folders within these is read
        # too, or Spark would take names such as hour=10 for columns.
        reader = spark.read.option("pathGlobFilter", f"*{PLAIN}").option("recursiveFileLookup", "true")
        text = reader.text([_literally(store.uri(folder)) for folder in _topmost(plain)])
        found = found.unionByName(
            text.select(
                _key(_decoded(F.input_file_name())),
                F.col("value").alias("text"),
                F.lit(None).cast("string").alias("problem"),
            )
        )
    if other:
        paths = [_literally(store.uri(key)) for key in other]
        files = spark.read.format("binaryFile").load(paths).select(_key(F.col("path")), "content").rdd
        rest = files.flatMap(lambda file: _lines_of(file.source, bytes(file.content)))
        found = found.unionByName(spark.createDataFrame(rest, LINES))
    return found.where(F.col("problem").isNotNull() | F.col("text").rlike(r"\S"))


def _topmost(keys: list[str]) -> list[str]:
    """The folders of objects, without those that lie in another of them."""
    found: list[str] = []
    for folder in sorted({key.rpartition("/")[0] + "/" for key in keys}):
        if not found or not folder.startswith(found[-1]):
            found.append(folder)
    return found


def _key(path: Column) -> Column:
    """The key in an object's path."""
    return F.regexp_extract(path, f"/({lake.RAW}.*)", 1).alias("source")


def _decoded(path: Column) -> Column:
    """A path as it is, of one whose odd characters Spark has written as in a URL."""
    plus = F.regexp_replace(path, r"\+", "%2B")
    return F.when(path.rlike(ENCODED), F.url_decode(plus)).otherwise(path)


def _literally(path: str) -> str:
    """A path in which Spark sees no pattern."""
    return re.sub(r"([\[\]{}*?\\])", r"\\\1", path)


def _lines_of(source: str, content: bytes) -> Iterator[tuple[str, str | None, str | None]]:
    """The lines of one file, and one more that says what is wrong with the rest of it."""
    problem = None
    if content.startswith(GZIP):
        content, problem = _unzipped(content)
    elif source.endswith(".gz"):
        content, problem = b"", "unreadable gzip: not a gzip file"
    # Spark's own reader passes it by as well.
    for line in _split(content.removeprefix(BOM_UTF8)):
        yield source, line.decode("utf-8", "replace"), None
    if problem:
        yield source, None, problem


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
