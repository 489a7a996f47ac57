"""EX-700 to EX-790: SIGTERM, SIGINT, SIGHUP."""

import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import zmq

from alertwire.conformance import vectors
from alertwire.conformance.bench import STOP_WITHIN_S, Bench, Setup
from alertwire.conformance.case import case, cases
from alertwire.conformance.subject import expect
from alertwire.wire import codec
from alertwire.wire.delivery import AckKind, Outcome

_ONE: Final = Setup(toml='[routes.default]\naccounts = ["DU1111111"]\n')
_STOP_S: Final = 5.0
"""The contract's time for work in hand."""


def _become_a_folder(path: Path) -> None:
    path.mkdir()


def _become_a_loop(path: Path) -> None:
    path.symlink_to(path)


@cases(
    "EX-700",
    "Asked to stop with nothing in hand: ends with 0",
    (("SIGTERM", Setup(), signal.SIGTERM), ("SIGINT", Setup(), signal.SIGINT)),
    alone=True,
)
def stops(bench: Bench, number: signal.Signals) -> None:
    bench.ready().subject.signal(number)
    _ends_with_0(bench)
    bench.subject.event("process_stopped")


@case("EX-705", "Asked to stop with nothing in hand: its last word is free_slots 0", alone=True)
def says_goodbye(bench: Bench) -> None:
    # It may say so before anybody listens again.
    heard = bench.ready().heard()
    bench.subject.signal(signal.SIGTERM)
    bench.heartbeat(lambda ack: ack.free_slots == 0, after=heard)
    _ends_with_0(bench)


@case(
    "EX-710", "SIGTERM with work in hand: free_slots 0, the answer is told, ends with 0", alone=True
)
def finishes_what_it_has(bench: Bench) -> None:
    delivery = vectors.alert()
    bench.ready().deliver(delivery)
    asked = bench.asked(delivery)
    heard = bench.heard()
    bench.subject.signal(signal.SIGTERM)
    # The second one half a second later: it waits for the answer, and says so.
    bench.heartbeat(lambda ack: ack.free_slots == 0, after=heard)
    bench.heartbeat(lambda ack: ack.free_slots == 0)
    asked.reply()
    bench.decided(delivery, Outcome.ACCEPTED)
    _ends_with_0(bench)


@case("EX-720", "SIGTERM with work that nobody answers: ends with 0 after 5 s", slow=True)
def gives_up_what_it_has(bench: Bench) -> None:
    delivery = vectors.alert()
    bench.ready().deliver(delivery)
    bench.asked(delivery)
    started_s = time.monotonic()
    bench.subject.signal(signal.SIGTERM)
    _ends_with_0(bench)
    waited_s = time.monotonic() - started_s
    expect(waited_s > _STOP_S - 1.5, f"it waited {waited_s:.1f} s for the answer and not 5 s")
    bench.producer.listen(200)
    expect(not bench.acks_of(delivery, AckKind.DECIDED), "it decided what nobody had answered")


@case("EX-730", "After SIGTERM it takes nothing more", alone=True)
def takes_nothing_more(bench: Bench) -> None:
    delivery, late = vectors.alert(), vectors.alert()
    bench.ready().deliver(delivery)
    asked = bench.asked(delivery)
    bench.subject.signal(signal.SIGTERM)
    bench.heartbeat(lambda ack: ack.free_slots == 0)
    # Its PULL socket may be gone already: nobody is there to take it.
    with suppress(zmq.Again):
        bench.producer.alerts.socket.send(codec.encode(late), zmq.NOBLOCK)
    bench.heartbeat()
    asked.reply()
    _ends_with_0(bench)
    bench.producer.listen(200)
    expect(not bench.acks_of(late, *AckKind), "it acked an alert that came after SIGTERM")
    expect(not bench.commands_of(late), "it sent a command for an alert after SIGTERM")


@case(
    "EX-740",
    "SIGHUP: alertwire.toml is read again; work in hand keeps its commands",
    _ONE,
    alone=True,
)
def reads_again(bench: Bench) -> None:
    held = vectors.alert()
    bench.ready().deliver(held)
    asked = bench.asked(held)
    bench.write_config('[routes.default]\naccounts = ["DU2222222", "DU3333333"]\n')
    bench.subject.signal(signal.SIGHUP)
    bench.subject.event("routes_reloaded")
    delivery = vectors.alert()
    bench.deliver(delivery)
    new = [bench.asked(delivery), bench.asked(delivery)]
    told = [one.command.account for one in new]
    expect(told == ["DU2222222", "DU3333333"], f"the accounts after SIGHUP were {told}")
    for one in (asked, *new):
        one.reply()
    bench.decided(held, Outcome.ACCEPTED)
    bench.decided(delivery, Outcome.ACCEPTED)


@case(
    "EX-750", "SIGHUP with a wrong alertwire.toml: the old routes stay in force", _ONE, alone=True
)
def keeps_the_old_routes(bench: Bench) -> None:
    bench.ready()
    wrong = (
        "[routes.default\n",
        '[routes.default]\naccounts = ["DU2", "DU2"]\n',
        '[rotes.default]\naccounts = ["DU2"]\n',
        None,
    )
    for text in wrong:
        if text is None:
            bench.config.unlink()
        else:
            bench.write_config(text)
        known = len(bench.subject.events())
        bench.subject.signal(signal.SIGHUP)
        bench.subject.event("routes_kept", beyond=known)
        _trades_by_the_old_routes(bench)


@cases(
    "EX-755",
    "SIGHUP where alertwire.toml cannot be read any more: the old routes stay in force",
    (("folder", _ONE, _become_a_folder), ("loop", _ONE, _become_a_loop)),
    alone=True,
)
def keeps_what_it_read(bench: Bench, spoil: Callable[[Path], None]) -> None:
    bench.ready()
    bench.config.unlink()
    spoil(bench.config)
    bench.subject.signal(signal.SIGHUP)
    bench.subject.event("routes_kept")
    _trades_by_the_old_routes(bench)


@cases(
    "EX-757",
    "SIGHUP with an alertwire.toml that has lost its routes: the old ones stay in force",
    (("empty", _ONE, "\n"), ("limits_alone", _ONE, "[limits]\norders_per_day_max = 5\n")),
    alone=True,
)
def keeps_routes_that_were_lost(bench: Bench, text: str) -> None:
    bench.ready()
    bench.write_config(text)
    bench.subject.signal(signal.SIGHUP)
    bench.subject.event("routes_kept")
    _trades_by_the_old_routes(bench)


def _ends_with_0(bench: Bench) -> None:
    code = bench.subject.exit_code(STOP_WITHIN_S)
    expect(code == 0, f"it ended with {code}; {bench.subject.said()}")


def _trades_by_the_old_routes(bench: Bench) -> None:
    delivery = vectors.alert()
    bench.deliver(delivery)
    asked = bench.asked(delivery)
    expect(asked.command.account == "DU1111111", f"the account was {asked.command.account!r}")
    asked.reply()
    bench.decided(delivery, Outcome.ACCEPTED)
