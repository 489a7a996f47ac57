"""EX-800 to EX-890: health, metrics and log lines."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Event
from typing import Final

from alertwire.conformance import vectors
from alertwire.conformance.bench import Bench, Setup
from alertwire.conformance.case import case
from alertwire.conformance.subject import DEADLINE_S, POLL_S, expect
from alertwire.wire.delivery import Outcome

_TOKEN: Final = "a-token-that-nobody-must-see-0123456789"  # noqa: S105 - planted, to be looked for
_ALERTS_UNDER_SCRAPING: Final = 150
_WITH_TOKEN: Final = Setup(
    toml=f'[routes.default]\ntoken = "{_TOKEN}"\nsecret = "{_TOKEN}"\naccounts = ["DU1111111"]\n',
    environment=(("ALERTWIRE_WEBHOOK_TOKEN", _TOKEN), ("ALERTWIRE_LOG_LEVEL", "debug")),
)


@case("EX-800", "/healthz and /readyz say 200, an unknown path 404")
def is_healthy(bench: Bench) -> None:
    bench.ready()
    for path, status in (("/healthz", 200), ("/readyz", 200), ("/nothing", 404)):
        got, _ = bench.get(path)
        expect(got == status, f"{path} was answered {got}, not {status}")


@case("EX-810", "/metrics counts acks by kind, commands, and what is in hand", alone=True)
def counts(bench: Bench) -> None:
    bench.ready()
    before = _metrics(bench)
    delivery = vectors.alert()
    bench.deliver(delivery)
    asked = bench.asked(delivery)
    _wait_for(bench, "alertwire_executor_alerts_in_hand", 1)
    asked.reply()
    bench.decided(delivery, Outcome.ACCEPTED)
    for name in (
        'alertwire_executor_acks_total{kind="received"}',
        'alertwire_executor_acks_total{kind="decided"}',
        "alertwire_executor_commands_total",
    ):
        _wait_for(bench, name, before.get(name, 0) + 1)
    _wait_for(bench, "alertwire_executor_alerts_in_hand", 0)
    beats = 'alertwire_executor_acks_total{kind="heartbeat"}'
    expect(_metrics(bench).get(beats, 0) > 0, f"{beats} was not counted")


@case("EX-815", "/metrics is answered all the while alerts are carried through", alone=True)
def counts_while_it_works(bench: Bench) -> None:
    bench.ready()
    over, asked = Event(), 0

    def scrape() -> None:
        nonlocal asked
        while not over.is_set():
            _metrics(bench)
            asked += 1

    with ThreadPoolExecutor(1) as pool:
        scraping = pool.submit(scrape)
        try:
            for _ in range(_ALERTS_UNDER_SCRAPING):
                delivery = vectors.alert()
                bench.deliver(delivery)
                bench.asked(delivery).reply()
                bench.decided(delivery, Outcome.ACCEPTED)
        finally:
            over.set()
        scraping.result()
    expect(asked, "no scrape was answered meanwhile")


@case("EX-820", "Log lines: JSON with at, level, process and event, and the alert's id")
def logs(bench: Bench) -> None:
    bench.ready()
    delivery = vectors.alert()
    bench.deliver(delivery)
    bench.asked(delivery).reply()
    bench.decided(delivery, Outcome.ACCEPTED)
    undecided = vectors.alert()
    bench.deliver(undecided)
    bench.asked(undecided).reply(decided=False, detail="not now")
    bench.handed_back(undecided)
    for name, fields in (
        ("process_started", {}),
        ("commands_sent", {"alert_id": delivery.alert_id, "attempt": 1, "commands": 1}),
        ("alert_decided", {"alert_id": delivery.alert_id, "outcome": "ACCEPTED"}),
        ("alert_handed_back", {"alert_id": undecided.alert_id, "reason": "not now"}),
    ):
        event = bench.subject.event(name, **fields)
        for field in ("at", "level", "process"):
            expect(event.get(field), f"{name} has no {field}")
        expect(event["level"] == "info", f"{name} has level {event['level']}, not info")
        expect(event["process"] == "consumer", f"process was {event['process']}, not consumer")
        at = datetime.fromisoformat(event["at"])
        expect(at.tzinfo is not None, f"{name} was at {event['at']}, without a time zone")


@case(
    "EX-830", "No token or secret of alertwire.toml is in what it writes", _WITH_TOKEN, alone=True
)
def keeps_secrets(bench: Bench) -> None:
    bench.ready()
    delivery = vectors.alert(route="no-such-route")
    bench.deliver(delivery)
    bench.asked(delivery).reply(Outcome.VOIDED)
    bench.decided(delivery, Outcome.REJECTED)
    said = bench.subject.errors.read_text() + bench.subject.out.read_text()
    expect(said, "it wrote nothing at level debug")
    expect(_TOKEN not in said + bench.get("/metrics")[1], "a token of alertwire.toml was shown")


@case(
    "EX-840",
    "ALERTWIRE_LOG_LEVEL keeps lines of less weight back",
    Setup(environment=(("ALERTWIRE_LOG_LEVEL", "error"),)),
    alone=True,
)
def is_quiet(bench: Bench) -> None:
    bench.ready().deliver(b"no message")
    bench.carry_one()
    bench.subject.event("delivery_unreadable", level="error")
    levels = {event.get("level") for event in bench.subject.events()}
    expect(levels == {"error"}, f"it wrote lines of {levels}")


def _metrics(bench: Bench) -> dict[str, float]:
    status, text = bench.get("/metrics")
    expect(status == 200, f"/metrics was answered {status}")
    # Labels in the order of their names, as there is one of ours at most.
    lines = re.findall(r"^([a-z_]+(?:\{[^}]*\})?) ([0-9.e+-]+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in lines}


def _wait_for(bench: Bench, name: str, value: float) -> None:
    give_up_s = time.monotonic() + DEADLINE_S
    while (found := _metrics(bench).get(name)) != value:
        expect(time.monotonic() < give_up_s, f"{name} is {found}, not {value:g}")
        time.sleep(POLL_S)
