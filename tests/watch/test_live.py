"""The stream of frames, read over HTTP."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import httpx
import pytest

from retail.local.platform.page import served
from retail.local.processes import free_port
from retail.local.watch import application
from retail.local.watch.watched import Counts, Outcome, Snapshot
from tests.watch.recorded import PATIENCE_SECONDS, QUIET, START, Recorded, ordered
from tests.watch.test_guard import post, token_of


def frames(address: str) -> Iterator[dict[str, Any]]:
    """The frames from now on."""
    with httpx.stream("GET", f"{address}/frames", timeout=PATIENCE_SECONDS) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))


def passes(stream: Iterator[dict[str, Any]], awaited: str, more: int = 2) -> list[dict[str, Any]]:
    """What is sent as news until something of this name is, and with some frames after that."""
    sent: list[dict[str, Any]] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not any(each["id"].startswith(awaited) for each in sent):
        assert time.monotonic() < deadline, sent
        sent += next(stream)["passes"]
    return sent + [each for frame in islice(stream, more) for each in frame["passes"]]


@pytest.mark.slow
def test_nobody_looks_at_the_platform_while_nobody_watches(address: str, recorded: Recorded) -> None:
    assert len(list(islice(frames(address), 2))) == 2
    deadline = time.monotonic() + PATIENCE_SECONDS
    quiet = False
    while not quiet:
        assert time.monotonic() < deadline
        recorded.looked.clear()
        quiet = not recorded.looked.wait(2)


@pytest.mark.slow
def test_all_watchers_share_one_look(recorded: Recorded, address: str) -> None:
    looks = itertools.count(1)
    recorded.snapshot = lambda: replace(QUIET, at=START + next(looks))  # type: ignore[method-assign]  # tells them apart
    are_there = threading.Barrier(4)
    seen: list[set[float]] = []

    def watch() -> None:
        stream = frames(address)
        next(stream)
        are_there.wait(PATIENCE_SECONDS)
        last = START + next(looks)
        seen.append(set(itertools.takewhile(lambda at: at < last + 8, (frame["at"] for frame in stream))))

    watchers = [threading.Thread(target=watch) for _ in range(4)]
    for each in watchers:
        each.start()
    for each in watchers:
        each.join()
    assert len(seen) == 4
    assert set.intersection(*seen)


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
        first, second, third = islice(frames(f"http://127.0.0.1:{port}/_platform"), 3)
    assert "totals" in first
    assert second == {"failed": "RuntimeError: the emulator is gone"}
    assert "totals" in third


def test_a_pass_is_sent_once(address: str, recorded: Recorded) -> None:
    stream = frames(address)
    next(stream)
    recorded.shown = ordered()
    sent = [each["id"] for each in passes(stream, "request 5")]
    assert len(sent) == len(set(sent))


@pytest.mark.slow
def test_what_happened_long_ago_and_is_seen_only_now_is_no_news(address: str, recorded: Recorded) -> None:
    stream = frames(address)
    next(stream)
    late = ordered()
    assert late.data.shop
    orders = [replace(each, placed_at=QUIET.at - 3600) for each in late.data.shop.orders]
    data = replace(late.data, shop=replace(late.data.shop, orders=orders))
    recorded.shown = replace(late, requests=QUIET.requests, runs=[], at=QUIET.at + 1, data=data)
    assert not any(each["id"].startswith("placed") for each in passes(stream, "published"))


@dataclass
class Slow(Recorded):
    """Takes its time for the job."""

    is_asked: threading.Event = field(default_factory=threading.Event)
    may_end: threading.Event = field(default_factory=threading.Event)

    def curate(self) -> Outcome:
        self.is_asked.set()
        self.may_end.wait(3 * PATIENCE_SECONDS)
        return Outcome(True, "Done.")


def test_a_job_that_runs_is_not_started_again_and_hinders_nobody() -> None:
    platform, port = Slow(), free_port()
    with served(application(platform), port):
        address = f"http://127.0.0.1:{port}/_platform"
        told = {"X-Platform-Token": token_of(address)}
        answers: list[httpx.Response] = []
        first = threading.Thread(
            target=lambda: answers.append(
                httpx.post(f"{address}/do/curate", headers=told, json={}, timeout=4 * PATIENCE_SECONDS)
            )
        )
        first.start()
        assert platform.is_asked.wait(PATIENCE_SECONDS)
        again = post(f"{address}/do/curate", headers=told, json={})
        assert (again.status_code, again.json()["text"]) == (409, "It is still at it.")
        assert len(list(islice(frames(address), 2))) == 2
        platform.may_end.set()
        first.join()
    assert answers[0].json() == {"is_done": True, "text": "Done."}


def test_a_request_that_came_past_the_distribution_is_shown_at_the_listener(address: str, recorded: Recorded) -> None:
    stream = frames(address)
    next(stream)
    direct = replace(QUIET.requests[0], number=9, target="", status=403, behaviour="", is_direct=True)
    counts = replace(QUIET.counts, refused=1)
    recorded.shown = replace(QUIET, counts=counts, requests=[*QUIET.requests, direct])
    assert [each["parts"] for each in passes(stream, "request 9", more=1)] == [["listener"]]
    last = next(stream)
    assert last["faces"]["listener"]["figure"] == "1 refused"
    assert last["totals"]["requests"] == 4


def test_what_nobody_watched_is_in_the_figures(address: str, recorded: Recorded) -> None:
    counts = Counts(
        requests=2_200,
        refused=12,
        blocked={"RateLimit": 40, "NobodysRule": 3},
        behaviours={"/static/*": {"Hit": 900, "Miss": 100}, "Default (*)": {"": 1_157}},
        runs={"OrderProcessor": 700},
    )
    recorded.shown = replace(ordered(), counts=counts)
    frame = next(frames(address))
    figures = {part: face["figure"] for part, face in frame["faces"].items()}
    assert frame["totals"]["requests"] == 2_200
    assert figures["browser"] == "2,200 requests"
    assert figures["waf"] == "43 blocked"
    assert {"RateLimit 40", "NobodysRule 3"} <= set(frame["faces"]["waf"]["note"].splitlines())
    assert (figures["behaviour-1"], frame["faces"]["behaviour-1"]["note"]) == ("90 %", "hit, of 1000")
    assert figures["behaviour-3"] == "1157"
    assert figures["listener"] == "12 refused"
    assert figures["function-OrderProcessor"] == "700 runs"
