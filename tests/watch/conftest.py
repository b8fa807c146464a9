"""A browser that looks at the page, and a deployed platform for the page to read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page

from retail.local.cache import Cache, cache
from retail.local.emulator import emulator
from retail.local.endpoints import Endpoints
from retail.local.platform.deployed import Deployed
from retail.local.platform.deployment import Deployment, Templates
from retail.local.platform.page import served
from retail.local.postgres import Postgres, postgres
from retail.local.processes import free_port
from retail.local.watch import application
from retail.local.watch.readings import Readings
from tests.browser import chromium
from tests.emitted import OUT
from tests.watch.recorded import Recorded

__all__ = ["chromium"]

CODE_KEYS = ("OrderProcessorCodeKey", "InventoryHandlerCodeKey", "NotificationCodeKey", "CrawlerTriggerCodeKey")


@dataclass(frozen=True)
class Stage:
    """The deployed stacks and the real parts that they lead to."""

    deployed: Deployed
    postgres: Postgres
    cache: Cache

    def readings(self) -> Readings:
        return Readings(
            self.deployed, database_certificate=self.postgres.certificate, cache_certificate=self.cache.certificate
        )


@pytest.fixture(scope="package")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """All stacks, deployed to an emulator that knows where database and cache are."""
    with ExitStack() as stack:
        database = stack.enter_context(postgres(tmp_path_factory.mktemp("postgres"), reader=True))
        memory = stack.enter_context(cache(tmp_path_factory.mktemp("cache")))
        endpoints = Endpoints(
            database_host=database.writer.host,
            database_reader_host=database.reader.host,
            database_port=database.writer.port,
            cache_host=memory.host,
            cache_port=memory.port,
        )
        aws = stack.enter_context(emulator(state=tmp_path_factory.mktemp("aws"), endpoints=endpoints))
        deployed = Deployed(aws, "watch", "dev")
        deployment = Deployment(deployed, Templates(OUT), lambda line: None)
        deployment.foundation()
        # With code the functions have the handlers that they are to have; nothing runs it here but the tests.
        bucket = deployed.output("data", "ArtifactsBucketName")
        deployed.client("s3").put_object(Bucket=bucket, Key="lambdas/code.zip", Body=b"")
        deployment.pipelines(dict.fromkeys(CODE_KEYS, "lambdas/code.zip"))
        yield Stage(deployed, database, memory)


@pytest.fixture
def recorded() -> Recorded:
    return Recorded()


@pytest.fixture
def address(recorded: Recorded) -> Iterator[str]:
    """Where the page of the recorded platform is served."""
    port = free_port()
    with served(application(recorded), port):
        yield f"http://127.0.0.1:{port}/_platform"


Opened = Callable[..., Page]


@pytest.fixture
def look(chromium: Browser, address: str) -> Iterator[Opened]:
    """Open the page and wait until it is live; options are those of a browser context.

    Afterwards nothing may have been written to the console, nothing thrown, and nothing stopped by the policy.
    """
    complaints: list[str] = []
    pages: list[Page] = []

    def opened(**options: object) -> Page:
        page = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, **options}).new_page()  # type: ignore[arg-type]  # a test's own options
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.add_init_script(NOTE)
        page.goto(address)
        page.wait_for_selector("#live[data-state=live]")
        pages.append(page)
        return page

    yield opened
    for page in pages:
        complaints += page.evaluate("violations")
        page.context.close()
    assert complaints == []


NOTE = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective));
window.lit = [];
addEventListener("DOMContentLoaded", () => new MutationObserver((changes) => {
  for (const { target, oldValue } of changes) {
    if (target.matches(".part.lit, .part.lit-bad") && !/\\blit\\b/.test(oldValue)) lit.push(target.id);
  }
}).observe(document.body, { subtree: true, attributes: true, attributeFilter: ["class"], attributeOldValue: true }));
"""
"""Notes what the policy stops, and which boxes light up one after the other."""
