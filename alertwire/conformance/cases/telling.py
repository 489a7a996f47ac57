"""EX-810 to EX-890: metrics and log lines."""

import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Event
from typing import Final

from alertwire.conformance import vectors
from alertwire.conformance.bench import STOP_WITHIN_S, Bench, Setup
from alertwire.conformance.case import case
from alertwire.conformance.subject import DEADLINE_S, POLL_S, expect
from alertwire.wire.delivery import Outcome

_TOKEN: Final = "a-token-that-nobody-must-see-0123456789"  # noqa: S105 - planted, to be looked for
_ALERTS_UNDER_SCRAPING: Final = 150
_LINES_OVER_A_PIPE: Final = 1500
"""Of more than 100 bytes each; a pipe of Linux holds 65,536 (pipe(7))."""
_WITH_TOKEN: Final = Setup(
    toml=f'[routes.default]\ntoken = "{_TOKEN}"\nsecret = "{_TOKEN}"\naccounts = ["DU1111111"]\n',
    environment=(("ALERTWIRE_WEBHOOK_TOKEN", _TOKEN), ("ALERTWIRE_LOG_LEVEL", "debug")),
)


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
    "EX-835",
    "A secret of the environment is blotted out of its log lines, whoever says it",
    Setup(environment=(("ALERTWIRE_JOURNAL_URL", f"postgresql://me:{_TOKEN}@db/alertwire"),)),
    alone=True,
)
def blots_out_secrets(bench: Bench) -> None:
    delivery = vectors.alert()
    bench.ready().deliver(delivery)
    bench.asked(delivery).reply(decided=False, detail=f"told {_TOKEN} by mistake")
    ack = bench.handed_back(delivery)
    expect(_TOKEN in ack.detail, "what the gateway says is passed on unchanged")
    said = bench.subject.event("alert_handed_back", alert_id=delivery.alert_id)["reason"]
    expect(said.startswith("told ") and said.endswith(" by mistake"), f"the reason was {said!r}")
    expect(_TOKEN not in said, "a log line shows the password of the journal")


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


@case("EX-850", "Whoever reads its log goes away: alerts are carried through", alone=True)
def outlives_its_reader(bench: Bench) -> None:
    reader, writer = os.pipe()
    try:
        bench.start(errors=writer)
        bench.heartbeat()
    finally:
        os.close(writer)
        os.close(reader)
    for _ in range(3):
        bench.carry_one()
    bench.subject.signal(signal.SIGTERM)
    code = bench.subject.exit_code(STOP_WITHIN_S)
    expect(code == 0, f"asked to stop it ended with {code}")


@case("EX-855", "Nobody reads its log: alerts are carried through, and it ends with 0", alone=True)
def outlives_a_full_pipe(bench: Bench) -> None:
    reader, writer = os.pipe()
    try:
        bench.start(errors=writer)
        os.close(writer)
        bench.heartbeat()
        for _ in range(_LINES_OVER_A_PIPE):
            bench.deliver(b"no message")
        bench.carry_one()
        bench.subject.signal(signal.SIGTERM)
        code = bench.subject.exit_code(STOP_WITHIN_S)
        expect(code == 0, f"asked to stop it ended with {code}")
    finally:
        os.close(reader)


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
