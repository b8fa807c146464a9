"""A message that no function can handle: put on the bus as the storefront would, so that it takes the whole way."""

from __future__ import annotations

import json
from uuid import uuid4

from retail.contracts.events import SOURCE
from retail.local.platform.deployed import Deployed, NotDeployedError
from retail.local.watch import wiring
from retail.local.watch.watched import Outcome


def send(deployed: Deployed, rule: str) -> Outcome:
    """Put an event on the bus that matches the rule, by its logical id, and lacks everything but its name.

    The function fails it until its queue moves it to the dead letters.
    """
    found = next((each for each in wiring.read(deployed).pipelines if each.rule == rule), None)
    if found is None or not found.matches or found.stack != "events":
        return Outcome(False, f"There is no rule {rule} for events of the shop.")
    event_type = found.matches[0]
    try:
        bus = deployed.ref("events", "RetailEventBus")
    except NotDeployedError as error:
        return Outcome(False, f"{error}.")
    entry = {
        "EventBusName": bus,
        "Source": SOURCE,
        "DetailType": event_type,
        "Detail": json.dumps({"version": 1, "event_id": str(uuid4()), "poison": True}),
    }
    answer = deployed.client("events").put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        return Outcome(False, f"The bus refused it: {answer['Entries'][0]['ErrorMessage']}.")
    seconds = wiring.seconds_to_dead_letters(deployed, deployed.ref(found.stack, found.queue))
    return Outcome(
        True,
        f"A broken {event_type} is on the bus. {found.function} fails it as often as its queue gives it out; "
        f"after {_minutes(seconds)} it is a dead letter, as the visibility timeout is the queue's own.",
    )


def _minutes(seconds: int) -> str:
    return f"{seconds} s" if seconds < 120 else f"about {round(seconds / 60)} minutes"
