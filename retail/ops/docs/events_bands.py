"""What happens after the answer, each a band of cards: the bus and its pipelines, the lake, the operators."""

from __future__ import annotations

from retail.ops.docs.bands import INNER, LEFT, remark, row
from retail.ops.docs.cards import GAP, Card, draw, grid, height
from retail.ops.docs.facts import Templates, every, nodes, one, target
from retail.ops.docs.pipelines import Pipeline, notices, pipelines
from retail.ops.docs.svg import Picture

X = LEFT + 14
EACH = (INNER - GAP * 3) // 4
DAY = 86400


def bus(drawn: Picture, y: int, templates: Templates) -> int:
    """The bus, its archive, and a pipeline for each rule on it."""
    own, archive = one(templates, "AWS::Events::EventBus"), one(templates, "AWS::Events::Archive")
    cards = [
        Card(own.title, ("the outbox relay publishes until the bus has taken it",), "event"),
        Card(archive.title, (f"{archive.properties['RetentionDays']} days, to replay",), "event"),
        Card(target(own.properties["DeadLetterConfig"]), ("what the bus could not encrypt or deliver",), "stop"),
    ]
    remark(drawn, y, "each queue keeps what fails, and an alarm tells")
    below = row(drawn, y, cards) + 16
    lines = [line for line in pipelines(templates) if target(line.rule.properties.get("EventBusName")) == own.title]
    end, starts = _lines(drawn, below, lines)
    for start in starts:
        drawn.line([(X, y + 22), (X - 9, y + 22), (X - 9, start), (X - 1, start)])
    return end


def _lines(drawn: Picture, y: int, lines: list[Pipeline]) -> tuple[int, list[int]]:
    """Where the pipelines end, and the height at which each begins."""
    starts = []
    for line in lines:
        starts.append(y + 22)
        y = _line(drawn, y, line) + 18
    return y - 18, starts


def _line(drawn: Picture, y: int, line: Pipeline) -> int:
    """Rule, queue, function and what it reaches; beneath rule and queue, where what fails goes."""
    steps = _steps(line)
    high = max(height(card, EACH) for card in steps)
    tries = line.queue.properties.get("RedrivePolicy", {}).get("maxReceiveCount")
    below = [
        Card(line.undelivered, ("what the queue did not take",), "stop"),
        Card(line.dead_letters, (f"what failed {tries} times",), "stop"),
    ]
    low = max(height(card, EACH) for card in below)
    for index, card in enumerate(steps):
        x = X + (EACH + GAP) * index
        draw(drawn, x, y, EACH, high, card)
        if index:
            drawn.line([(x - GAP, y + 22), (x - 1, y + 22)])
    for index, card in enumerate(below):
        x = X + (EACH + GAP) * index
        drawn.line([(x + 30, y + high), (x + 30, y + high + 13)], "alarm", dashed=True)
        draw(drawn, x, y + high + 14, EACH, low, card)
    return y + high + 14 + low


def _steps(line: Pipeline) -> list[Card]:
    kept = int(line.queue.properties["MessageRetentionPeriod"]) // DAY
    batch = line.batch or {}
    most = batch.get("ScalingConfig", {}).get("MaximumConcurrency")
    rhythm = (f"{batch.get('BatchSize')} messages at once", f"{most} side by side")
    return [
        Card(line.rule.title, line.events, "event"),
        Card(line.queue.title, (f"kept {kept} days",), "event"),
        Card(line.function.title, rhythm, "compute") if line.function else Card("no function"),
        Card("reaches", line.reaches, "store"),
    ]


def analytics(drawn: Picture, y: int, templates: Templates) -> int:
    """What new objects of the lake start, the nightly job, and who asks."""
    own = one(templates, "AWS::Events::EventBus").title
    others = [line for line in pipelines(templates) if target(line.rule.properties.get("EventBusName")) != own]
    remark(drawn, y, "objects of the lake, told on the account's default bus")
    y, _ = _lines(drawn, y, others)
    trigger, job = one(templates, "AWS::Glue::Trigger"), one(templates, "AWS::Glue::Job")
    workers = f"{job.properties['NumberOfWorkers']} workers {job.properties['WorkerType']}"
    tables = tuple(made.title for made in every(templates, "AWS::Glue::Table"))
    nightly = [
        Card(trigger.title, (str(trigger.properties["Schedule"]),), "event", bool(trigger.condition)),
        Card(job.title, (f"Glue {job.properties['GlueVersion']}, {workers}",), "compute", bool(job.condition)),
        Card("reaches", tables, "store"),
    ]
    y = row(drawn, y + 16, nightly, arrows=True) + 16
    queries = len(every(templates, "AWS::Athena::NamedQuery"))
    asking = {
        "AWS::Athena::WorkGroup": f"Athena, {queries} saved queries",
        "AWS::RedshiftServerless::Workgroup": "Redshift Serverless",
        "AWS::CloudWatch::Dashboard": "CloudWatch",
    }
    return row(drawn, y, [Card(one(templates, kind).title, (note,), "store") for kind, note in asking.items()])


def operators(drawn: Picture, y: int, templates: Templates) -> int:
    """Alarms, and the rules that tell a topic."""
    alarms = len(every(templates, "AWS::CloudWatch::Alarm"))
    told = notices(templates)
    states = {rule.title: tuple(map(str, next(nodes(rule.properties, "state"), []))) for rule, _ in told}
    cards = [
        Card(f"{alarms} alarms", ("CloudWatch",), "stop"),
        *(Card(rule.title, states[rule.title], "stop", bool(rule.condition)) for rule, _ in told),
        *(Card(title, ("mails, where an address is given",)) for title in sorted({topic.title for _, topic in told})),
    ]
    return grid(drawn, X, y, INNER, cards, 4)
