"""The deployed lake on this machine: the Glue job over it, and Athena's named queries.

Spark and DuckDB read files here, so that the bucket's objects are brought into a folder before, and what the job has
written is put back after. Which script runs, with which modules, as which role and for how long, and what a query
says, is read from the deployed stack. Bookmarks and the worker's size are not acted out.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from retail.contracts.lake import CURATED, RAW
from retail.local import athena
from retail.local.platform.deployed import Deployed
from retail.local.roles.desk import Desk
from retail.local.roles.sessions import GLUE
from retail.local.trino import QueryError
from retail.ops import stacks

GLUES = ("--job-", "--enable-", "--extra-", "--conf", "--TempDir")
"""How the arguments begin that Glue itself reads."""

PLACES = ("--lake-bucket", "--database")
"""The arguments that say where things are in AWS; here they are in a folder."""


class LakeError(Exception):
    """The job or a query failed; one line."""


class Lake:
    """The lake's bucket and its copy in a folder. Threads may share it."""

    def __init__(self, deployed: Deployed, desk: Desk, environment: Mapping[str, str], folder: Path, log: Path) -> None:
        """``environment`` is what this machine tells the job; ``log`` is where the job's output goes."""
        self._deployed, self._desk, self._environment = deployed, desk, environment
        self.folder, self._log = folder, log
        self._using = Lock()
        self._job: subprocess.Popen[bytes] | None = None

    def close(self) -> None:
        """End the job if it runs, with the Java that it has started; whoever waits for it is told that it failed."""
        if self._job and self._job.poll() is None:
            os.killpg(self._job.pid, signal.SIGKILL)
            self._job.wait()

    def curate(self) -> None:
        """Run the deployed job's script over the lake, with Spark on this machine. Raises LakeError."""
        with self._using:
            jobs = list(self._made("AWS::Glue::Job").values())
            if not jobs:
                raise LakeError("the analytics stack has no job: it was deployed without the job's script")
            job = self._deployed.client("glue").get_job(JobName=jobs[0])["Job"]
            code = self.folder.with_name("job")
            script = self._fetched(job["Command"]["ScriptLocation"], code)
            modules = self._fetched(job["DefaultArguments"]["--extra-py-files"], code)
            own = [
                word
                for name, value in job["DefaultArguments"].items()
                if not name.startswith(GLUES) and name not in PLACES
                for word in (name, value)
            ]
            self._bring("")
            try:
                self._run([str(script), "--lake", str(self.folder), *own], modules, job["Role"], 60 * job["Timeout"])
            finally:
                self._put_back()

    def query(self, logical_id: str) -> athena.Result:
        """Ask a deployed named query. Raises LakeError."""
        queries = self._made("AWS::Athena::NamedQuery")
        if logical_id not in queries:
            raise LakeError(f"there is no query {logical_id}")
        shown = self._deployed.client("athena").get_named_query(NamedQueryId=queries[logical_id])["NamedQuery"]
        return self.ask(shown["QueryString"])

    def ask(self, text: str) -> athena.Result:
        """Ask any query of the curated tables. Raises LakeError."""
        with self._using:
            self._bring(CURATED)
            try:
                return athena.run(text, self.folder)
            except QueryError as error:
                raise LakeError(str(error)) from None

    def _run(self, command: list[str], modules: Path, role: str, seconds: float) -> None:
        environment = {
            **self._environment,
            **self._desk.environment(role, GLUE, "curate"),
            "PYTHONPATH": str(modules),
            "PYSPARK_PYTHON": sys.executable,
        }
        with self._log.open("w") as output:
            self._job = subprocess.Popen(
                [sys.executable, *command],
                cwd=modules.parent,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            status = self._job.wait(seconds)
        except subprocess.TimeoutExpired:
            self.close()
            raise LakeError(f"the job was ended after its {seconds / 60:.0f} minutes; see {self._log}") from None
        if status:
            said = self._log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
            raise LakeError(f"the job failed: {said[-1]}; see {self._log}")

    def _made(self, resource_type: str) -> dict[str, str]:
        return {
            logical_id: each.physical_id
            for logical_id, each in self._deployed.resources(stacks.ANALYTICS).items()
            if each.type == resource_type
        }

    @property
    def _s3(self) -> Any:
        return self._deployed.client("s3")

    @property
    def _bucket(self) -> str:
        return self._deployed.output(stacks.DATA, "LakeBucketName")

    def _fetched(self, location: str, folder: Path) -> Path:
        """A file of code from the bucket where the deployed job finds it."""
        bucket, _, key = location.removeprefix("s3://").partition("/")
        folder.mkdir(exist_ok=True)
        path = folder / key.rpartition("/")[2]
        self._s3.download_file(bucket, key, str(path))
        return path

    def _bring(self, prefix: str) -> None:
        """Make the folder hold what the bucket holds below a prefix. A file has its object's time."""
        objects = {each["Key"]: each for each in self._objects(prefix)}
        for path in self._files(prefix):
            if path.relative_to(self.folder).as_posix() not in objects:
                path.unlink()
        for key, each in objects.items():
            path, changed = self.folder / key, each["LastModified"].timestamp()
            if not path.exists() or not _is_same(path, each):
                path.parent.mkdir(parents=True, exist_ok=True)
                self._s3.download_file(self._bucket, key, str(path))
                os.utime(path, (changed, changed))
        self.folder.mkdir(parents=True, exist_ok=True)

    def _put_back(self) -> None:
        """Make the bucket hold what the job has left; raw events are not its own."""
        files = {path.relative_to(self.folder).as_posix(): path for path in self._files("")}
        objects = {each["Key"]: each for each in self._objects("")}
        for key, path in files.items():
            if key not in objects or not _is_same(path, objects[key]):
                self._s3.upload_file(str(path), self._bucket, key)
        for key in objects.keys() - files.keys():
            if not key.startswith(RAW):
                self._s3.delete_object(Bucket=self._bucket, Key=key)

    def _objects(self, prefix: str) -> Iterator[dict[str, Any]]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        for page in pages:
            yield from page.get("Contents", [])

    def _files(self, prefix: str) -> list[Path]:
        """The files that are no bookkeeping of Hadoop's local file system."""
        return [path for path in (self.folder / prefix).rglob("*") if path.is_file() and not path.name.startswith(".")]


def _is_same(path: Path, shown: dict[str, Any]) -> bool:
    """Whether a file is as its object was when it was brought."""
    state = path.stat()
    return (state.st_size, state.st_mtime) == (shown["Size"], shown["LastModified"].timestamp())
