"""EX-400 to EX-490: gateways and producers that are silent, slow, away or restarted."""

import contextlib
import socket
import time
from dataclasses import replace
from typing import Final

from alertwire.conformance import vectors
from alertwire.conformance.bench import Bench
from alertwire.conformance.case import case
from alertwire.conformance.cases.answers import TWO
from alertwire.conformance.subject import DEADLINE_S, POLL_S, expect
from alertwire.wire.delivery import AckKind, Outcome

TIMEOUT_S: Final = 8.0
"""The contract's wait for a gateway."""
EARLY_S: Final = 1.0
LATE_S: Final = 6.0
"""What a busy machine may take beyond it."""
_QUEUED: Final = 3
"""Connections that fill a listener's shortest queue."""
_UNANSWERED_S: Final = 20.0
"""A kernel asks again 1, 3, 7, 15 and then 31 s after it first did."""
_FOUND_S: Final = 8.0


@case("EX-400", "A gateway that is silent for 8 s: the alert is handed back", slow=True)
def hands_back_after_silence(bench: Bench) -> None:
    delivery = vectors.alert()
    bench.ready().deliver(delivery)
    started_s = time.monotonic()
    asked = bench.asked(delivery)
    bench.handed_back(delivery, within_s=TIMEOUT_S + LATE_S)
    waited_s = time.monotonic() - started_s
    expect(waited_s > TIMEOUT_S - EARLY_S, f"it waited {waited_s:.1f} s and not 8 s")
    bench.subject.event("gateway_silent", alert_id=delivery.alert_id)
    # The answer that comes too late changes nothing: once it is behind us, the next delivery asks.
    asked.reply()
    bench.carry_one()
    again = replace(delivery, attempt=2)
    bench.deliver(again)
    bench.asked(again).reply(Outcome.REJECTED)
    bench.decided(again, Outcome.REJECTED)
    expect(len(bench.acks_of(delivery, AckKind.DECIDED)) == 1, "the late answer was told as well")


@case("EX-410", "A gateway that answers after 6 s decides", slow=True)
def waits_for_a_slow_gateway(bench: Bench) -> None:
    delivery = vectors.alert()
    bench.ready().deliver(delivery)
    asked = bench.asked(delivery)
    give_up_s = time.monotonic() + TIMEOUT_S - 2
    while time.monotonic() < give_up_s:
        bench.carry_one()
        time.sleep(0.2)
    asked.reply()
    bench.decided(delivery, Outcome.ACCEPTED)
    expect(not bench.acks_of(delivery, AckKind.RETRY), "it handed the alert back meanwhile")


@case(
    "EX-420", "One account's gateway silent for 8 s: the whole alert is handed back", TWO, slow=True
)
def hands_back_what_is_half_answered(bench: Bench) -> None:
    delivery = vectors.alert()
    bench.ready().deliver(delivery)
    bench.asked(delivery).reply()
    bench.asked(delivery)
    bench.handed_back(delivery, within_s=TIMEOUT_S + LATE_S)


@case("EX-430", "No gateway: the alert is handed back at once", alone=True)
def hands_back_without_a_gateway(bench: Bench) -> None:
    bench.ready()
    bench.gateway.close()
    # What is sent before the connection is seen to be gone is a silent gateway's business.
    give_up_s = time.monotonic() + TIMEOUT_S
    ack = None
    while ack is None and time.monotonic() < give_up_s:
        delivery = vectors.alert()
        bench.deliver(delivery)
        bench.received(delivery)
        ack = bench.end_of(delivery, within_s=1.0)
    bench.gateway.open()
    expect(ack, "it kept alerts that no gateway can take")
    expect(ack and ack.kind is AckKind.RETRY, "it decided without a gateway")
    expect(ack and ack.detail, "RETRY came without a reason in `detail`")


@case("EX-440", "A gateway that is restarted is found again", alone=True)
def finds_a_gateway_again(bench: Bench) -> None:
    bench.ready()
    for _ in range(2):
        bench.gateway.close()
        bench.gateway.open()
        bench.carry_one()


@case("EX-445", "A place that answers nothing is asked anew after 3 s", slow=True)
def asks_anew_where_nothing_answers(bench: Bench) -> None:
    bench.ready()
    bench.gateway.close()
    host, _, port = bench.gateway.endpoint.removeprefix("tcp://").rpartition(":")
    with contextlib.ExitStack() as open_ones:
        # Linux answers nothing to whoever comes to a full queue.
        full = open_ones.enter_context(_listen(host, int(port)))
        for _ in range(_QUEUED):
            one = open_ones.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        time.sleep(_UNANSWERED_S)
    bench.gateway.open()
    started_s = time.monotonic()
    bench.carry_one()
    waited_s = time.monotonic() - started_s
    expect(
        waited_s < _FOUND_S,
        f"after {_UNANSWERED_S:g} s without an answer it found the gateway in {waited_s:.0f} s: "
        "set ZMQ_CONNECT_TIMEOUT to 3000",
    )


def _listen(host: str, port: int) -> socket.socket:
    give_up_s = time.monotonic() + DEADLINE_S
    while True:
        try:
            return socket.create_server((host, port), backlog=0)
        except OSError:
            # Another thread of libzmq gives the port free.
            if time.monotonic() > give_up_s:
                raise
            time.sleep(POLL_S)


@case("EX-450", "A producer that is restarted is found again, and hears heartbeats", alone=True)
def finds_a_producer_again(bench: Bench) -> None:
    bench.ready()
    for pause_s in (0.0, 2.0):
        bench.producer.close()
        time.sleep(pause_s)
        expect(bench.subject.is_running, bench.said())
        bench.producer.open()
        bench.heartbeat()
        bench.carry_one()


@case("EX-460", "An alert whose producer goes away meanwhile is carried out", alone=True)
def carries_out_without_a_producer(bench: Bench) -> None:
    delivery = vectors.alert()
    bench.ready().deliver(delivery)
    asked = bench.asked(delivery)
    bench.producer.close()
    asked.reply()
    bench.producer.open()
    again = replace(delivery, attempt=2)
    bench.heartbeat()
    bench.deliver(again)
    bench.asked(again).reply()
    bench.decided(again, Outcome.ACCEPTED)


@case("EX-470", "Started first, it waits for producer and gateway", alone=True)
def waits_for_the_others(bench: Bench) -> None:
    bench.producer.close()
    bench.gateway.close()
    subject = bench.start()
    time.sleep(1.0)
    expect(subject.is_running, bench.said())
    bench.gateway.open()
    bench.producer.open()
    bench.heartbeat()
    bench.carry_one()
