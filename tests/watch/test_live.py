"""The stream of frames, read over HTTP."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest

from retail.local.platform.page import served
from retail.local.processes import free_port
from retail.local.watch import application
from retail.local.watch.watched import Counts, Outcome, Snapshot
from tests.watch.recorded import QUIET, Recorded, ordered
from tests.watch.test_guard import token_of


def frames(address: str, count: int) -> Iterator[dict[str, Any]]:
    """The next frames."""
    with httpx.stream("GET", f"{address}/frames", timeout=10) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))
                count -= 1
            if not count:
                return


@pytest.mark.slow
def test_nobody_looks_at_the_platform_while_nobody_watches(address: str, recorded: Recorded) -> None:
    assert len(list(frames(address, 2))) == 2
    deadline = time.monotonic() + 10
    quiet = False
    while not quiet:
        assert time.monotonic() < deadline
        recorded.looked.clear()
        quiet = not recorded.looked.wait(2)


@pytest.mark.slow
def test_all_watchers_share_one_look(recorded: Recorded, address: str) -> None:
    looks: list[float] = []
    shown = recorded.snapshot

    def counted() -> Snapshot:
        looks.append(time.monotonic())
        return shown()

    recorded.snapshot = counted  # type: ignore[method-assign]  # counts the calls
    seen: list[list[dict[str, Any]]] = []
    watchers = [threading.Thread(target=lambda: seen.append(list(frames(address, 4)))) for _ in range(4)]
    for each in watchers:
        each.start()
    for each in watchers:
        each.join()
    assert [len(each) for each in seen] == [4, 4, 4, 4]
    assert len(looks) < 12


class Failing(Recorded):
    """Fails at its second look."""

    looks = 0

    def snapshot(self) -> Snapshot:
        self.looks += 1
        if self.looks == 2:
            raise RuntimeError("the emulator is gone")
        return super().snapshot()


def test_a_look_that_fails_is_told_and_the_next_one_is_taken() -> None:
    port = free_port()
    with served(application(Failing()), port):
        first, second, third = frames(f"http://127.0.0.1:{port}/_platform", 3)
    assert "totals" in first
    assert second == {"failed": "RuntimeError: the emulator is gone"}
    assert "totals" in third


def test_a_pass_is_sent_once(address: str, recorded: Recorded) -> None:
    stream = frames(address, 5)
    next(stream)
    recorded.shown = ordered()
    sent = [each["id"] for frame in stream for each in frame["passes"]]
    assert "request 5" in sent
    assert len(sent) == len(set(sent))


@pytest.mark.slow
def test_what_happened_long_ago_and_is_seen_only_now_is_no_news(address: str, recorded: Recorded) -> None:
    stream = frames(address, 4)
    next(stream)
    late = ordered()
    assert late.data.shop
    recorded.shown = replace(late, requests=QUIET.requests, runs=[], at=QUIET.at + 1)
    recorded.shown = replace(
        recorded.shown,
        data=replace(
            late.data,
            shop=replace(
                late.data.shop, orders=[replace(each, placed_at=QUIET.at - 3600) for each in late.data.shop.orders]
            ),
        ),
    )
    sent = [each["id"] for frame in stream for each in frame["passes"]]
    assert not any(each.startswith("placed") for each in sent)
    assert any(each.startswith("published") for each in sent)


@dataclass
class Slow(Recorded):
    """Takes its time for the job."""

    is_asked: threading.Event = field(default_factory=threading.Event)
    may_end: threading.Event = field(default_factory=threading.Event)

    def curate(self) -> Outcome:
        self.is_asked.set()
        self.may_end.wait(20)
        return Outcome(True, "Done.")


def test_a_job_that_runs_is_not_started_again_and_hinders_nobody() -> None:
    platform, port = Slow(), free_port()
    with served(application(platform), port):
        address = f"http://127.0.0.1:{port}/_platform"
        told = {"X-Platform-Token": token_of(address)}
        answers: list[httpx.Response] = []
        first = threading.Thread(
            target=lambda: answers.append(httpx.post(f"{address}/do/curate", headers=told, json={}, timeout=30))
        )
        first.start()
        assert platform.is_asked.wait(10)
        again = httpx.post(f"{address}/do/curate", headers=told, json={})
        assert (again.status_code, again.json()["text"]) == (409, "It is still at it.")
        assert len(list(frames(address, 2))) == 2
        platform.may_end.set()
        first.join()
    assert answers[0].json() == {"is_done": True, "text": "Done."}


def test_a_request_that_came_past_the_distribution_is_shown_at_the_listener(address: str, recorded: Recorded) -> None:
    stream = frames(address, 3)
    next(stream)
    direct = replace(QUIET.requests[0], number=9, target="", status=403, behaviour="", is_direct=True)
    counts = replace(QUIET.counts, refused=1)
    recorded.shown = replace(QUIET, counts=counts, requests=[*QUIET.requests, direct])
    told = list(stream)
    assert told[-1]["faces"]["listener"]["figure"] == "1 refused"
    assert [each["parts"] for frame in told for each in frame["passes"]] == [["listener"]]
    assert told[-1]["totals"]["requests"] == 4


def test_what_nobody_watched_is_in_the_figures(address: str, recorded: Recorded) -> None:
    counts = Counts(
        requests=2_200,
        refused=12,
        blocked={"RateLimit": 40, "NobodysRule": 3},
        behaviours={"/static/*": {"Hit": 900, "Miss": 100}, "Default (*)": {"": 1_157}},
        runs={"OrderProcessor": 700},
    )
    recorded.shown = replace(ordered(), counts=counts)
    (frame,) = frames(address, 1)
    figures = {part: face["figure"] for part, face in frame["faces"].items()}
    assert frame["totals"]["requests"] == 2_200
    assert figures["browser"] == "2,200 requests"
    assert figures["waf"] == "43 blocked"
    assert {"RateLimit 40", "NobodysRule 3"} <= set(frame["faces"]["waf"]["note"].splitlines())
    assert (figures["behaviour-1"], frame["faces"]["behaviour-1"]["note"]) == ("90 %", "hit, of 1000")
    assert figures["behaviour-3"] == "1157"
    assert figures["listener"] == "12 refused"
    assert figures["function-OrderProcessor"] == "700 runs"
