"""Package the Glue job: ``build/jobs/curate-<hash>.py``, the script that Glue loads, and ``modules-<hash>.zip``, the
modules of ours that it imports, which Glue puts on its path. Spark, boto3 and awsglue are Glue's own.
"""

from __future__ import annotations

from pathlib import Path

from retail.ops.archives import fingerprint, follow, write_zip
from retail.ops.artifacts import BUILD
from retail.ops.cli import StackError, say

ROOT = Path(__file__).parents[2]
SCRIPT = "retail.jobs.curate"
PROVIDED = {"awsglue", "boto3", "botocore", "pyspark"}
"""What Glue brings."""


def build(root: Path = ROOT, into: Path = BUILD) -> list[Path]:
    """Package the job, and remove what was packaged of it before; returns script and zip. Raises StackError."""
    folder = into / "jobs"
    folder.mkdir(parents=True, exist_ok=True)
    modules, libraries = follow([SCRIPT], root)
    if libraries - PROVIDED:
        raise StackError(f"{SCRIPT} imports {', '.join(sorted(libraries - PROVIDED))}, which Glue does not bring")
    source = modules.pop(SCRIPT).read_bytes()
    content = {path.relative_to(root).as_posix(): path.read_bytes() for path in modules.values()}
    script = folder / f"curate-{fingerprint({SCRIPT: source})}.py"
    zipped = folder / f"modules-{fingerprint(content)}.zip"
    script.write_bytes(source)
    write_zip(zipped, content)
    for old in {*folder.glob("curate-*.py"), *folder.glob("modules-*.zip")} - {script, zipped}:
        old.unlink()
    say(f"{script} and {zipped}: {len(content)} modules")
    return [script, zipped]
