"""The emitted stacks behind the functions, deployed with policies enforced, and functions at work on them."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from retail.local.emulator import Emulator
from retail.local.functions.runs import Run
from retail.local.functions.service import Functions
from retail.local.platform.deployed import Deployed
from retail.local.roles.desk import desk
from retail.local.roles.sessions import Roles
from retail.ops import stacks
from tests.emitted import OUT, template
from tests.local.conftest import Deployer

PROBE = Path(__file__).with_name("probe.py")
FILES = {
    stacks.NETWORKING: "01-networking",
    stacks.SECURITY: "02-security",
    stacks.DATA: "05-data",
    stacks.EVENTS: "06-events",
}
LONGEST_SECONDS = 60
CODE_KEYS = ("OrderProcessorCodeKey", "InventoryHandlerCodeKey", "NotificationCodeKey")


def zipped(files: dict[str, str]) -> bytes:
    """A function's code."""
    content = io.BytesIO()
    with ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def probe(more: str = "") -> bytes:
    """The probe's code, at the place of the notification's handler."""
    return zipped({"lambdas/notification/handler.py": PROBE.read_text() + more})


@dataclass(frozen=True)
class Stage:
    """The stacks in an emulator."""

    aws: Emulator
    state: Path
    deployed: Deployed
    given: dict[str, str] = field(default_factory=dict)

    @classmethod
    def foundation(cls, aws: Emulator, state: Path) -> Stage:
        """Networking, security and data."""
        stage = cls(aws, state, Deployed(aws, "retail", "dev"))
        for title in (stacks.NETWORKING, stacks.SECURITY, stacks.DATA):
            stage.deploy(title)
        return stage

    def deploy(self, title: str) -> None:
        """Create or update one of the stacks from its emitted file."""
        name, file = self.deployed.stacks[title].name, FILES[title]
        given = {"Project": "retail", "Environment": "dev", "CloudFrontPrefixListId": "pl-3b927c52", **self.given}
        declared = {key: value for key, value in given.items() if key in template(file)["Parameters"]}
        deployer = Deployer(self.deployed.client("cloudformation"))
        there = {stack["StackName"] for stack in deployer.cloudformation.describe_stacks()["Stacks"]}
        work = deployer.update if name in there else deployer.create
        status = work(name, (OUT / f"{file}.yaml").read_text(), **declared)
        assert status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), deployer.failures(name)

    def events(self, **code: bytes) -> None:
        """The events stack, with code for its functions by the parameters that name it."""
        bucket = self.deployed.output(stacks.DATA, "ArtifactsBucketName")
        for parameter, content in code.items():
            key = f"lambdas/{parameter}-{sha256(content).hexdigest()[:8]}.zip"
            self.deployed.client("s3").put_object(Bucket=bucket, Key=key, Body=content)
            self.given[parameter] = key
        self.deploy(stacks.EVENTS)

    def ref(self, logical_id: str) -> str:
        """A resource of the events stack."""
        return self.deployed.ref(stacks.EVENTS, logical_id)

    @contextmanager
    def functions(self, *logical_ids: str, trust: dict[str, str] | None = None) -> Iterator[Functions]:
        """Functions of the events stack at work until the block ends."""
        with desk(Roles(self.aws)) as credentials:
            names = [self.ref(each) for each in logical_ids]
            functions = Functions(self.aws, names, credentials, self.state, trust or {})
            functions.start()
            try:
                yield functions
            finally:
                functions.stop()


@dataclass(frozen=True)
class Queue:
    """The notification's queue, and what works it off."""

    stage: Stage
    functions: Functions

    def send(self, *bodies: dict[str, Any]) -> None:
        """Put messages into the queue, all at once."""
        entries = [{"Id": str(index), "MessageBody": json.dumps(body)} for index, body in enumerate(bodies)]
        for start in range(0, len(entries), 10):
            self._sqs.send_message_batch(
                QueueUrl=self.stage.ref("CustomerNotificationQueue"), Entries=entries[start : start + 10]
            )

    def hide(self, seconds: int) -> None:
        """Let what is sent from now on come back after so long. An environment has to be warm."""
        url = self.stage.ref("CustomerNotificationQueue")
        self._sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(seconds)})
        # The call that waits for messages just now has begun before, so the first one goes by what held then.
        so_far = sum(run.messages for run in self.runs())
        self.send({})
        self.runs(messages=so_far + 1)

    def runs(self, messages: int = 0, *, failed: int = 0) -> list[Run]:
        """The runs so far, as soon as they have had so many messages, and so many of theirs have failed."""
        deadline = time.monotonic() + LONGEST_SECONDS
        runs = self.functions.runs.since(0)[1]
        while sum(run.messages for run in runs) < messages or sum(run.failed for run in runs) < failed:
            assert time.monotonic() < deadline, (runs, self.functions.troubles)
            time.sleep(0.02)
            runs = self.functions.runs.since(0)[1]
        return runs

    def dead_letters(self, count: int) -> list[dict[str, Any]]:
        """What lies in the dead letters' queue, as soon as there are so many."""
        url = self.stage.ref("CustomerNotificationDeadLetters")
        found: list[dict[str, Any]] = []
        deadline = time.monotonic() + LONGEST_SECONDS
        while len(found) < count:
            assert time.monotonic() < deadline, found
            found += self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
            time.sleep(0.02)
        return [json.loads(message["Body"]) for message in found]

    @property
    def _sqs(self) -> Any:
        return self.stage.deployed.client("sqs")


def told(run: Run) -> dict[str, Any]:
    """What the probe has told in a run."""
    facts: dict[str, Any] = {}
    for line in run.log:
        facts |= json.loads(line)
    return facts
