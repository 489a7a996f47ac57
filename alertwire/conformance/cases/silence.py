"""EX-400 to EX-490: gateways and producers that are silent, slow, away or restarted."""

import time
from dataclasses import replace
from typing import Final

from alertwire.conformance import vectors
from alertwire.conformance.bench import Bench
from alertwire.conformance.case import case
from alertwire.conformance.cases.answers import TWO
from alertwire.conformance.subject import expect
from alertwire.wire.delivery import AckKind, Outcome

TIMEOUT_S: Final = 8.0
"""The contract's wait for a gateway."""
EARLY_S: Final = 1.0
LATE_S: Final = 6.0
"""What a busy machine may take beyond it."""


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
