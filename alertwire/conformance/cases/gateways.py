"""EX-500 to EX-590: several gateways, each with accounts of its own."""

import signal
import time
from dataclasses import replace
from typing import Any, Final

from alertwire.conformance import vectors
from alertwire.conformance.bench import Bench, Setup
from alertwire.conformance.case import case, cases
from alertwire.conformance.cases.silence import TIMEOUT_S
from alertwire.conformance.subject import expect
from alertwire.wire import codec
from alertwire.wire.delivery import AckKind, Delivery, Mode, Outcome

FIRST: Final = "DU1234567"
SECOND: Final = "DU7654321"
TWO_GATEWAYS: Final = Setup(
    toml=f"""[gateways.second]
commands_endpoint = "@second@"

[routes.default]
accounts = ["{FIRST}", {{id = "{SECOND}", gateway = "second"}}]

[routes.open]
""",
    gateways=("second",),
)


@case("EX-500", "Each account's command goes to its gateway; both decide", TWO_GATEWAYS)
def asks_the_right_gateway(bench: Bench) -> None:
    delivery = vectors.alert()
    bench.ready().deliver(delivery)
    first, second = _asked_at_both(bench, delivery)
    told = [(asked.command.account, asked.command.command_id[-2:]) for asked in (first, second)]
    expect(told == [(FIRST, "-1"), (SECOND, "-2")], f"the gateways were asked for {told}")
    second.reply(Outcome.REJECTED)
    bench.carry_one()
    expect(not bench.acks_of(delivery, AckKind.DECIDED), "it decided after one gateway's answer")
    first.reply()
    ack = bench.decided(delivery, Outcome.ACCEPTED)
    expect(len(ack.commands) == 2, f"DECIDED tells of {len(ack.commands)} commands, not 2")


@case("EX-510", "A gateway that has no account of the alert hears nothing", TWO_GATEWAYS)
def leaves_the_other_gateway_alone(bench: Bench) -> None:
    for account, at, other in ((FIRST, 0, 1), (SECOND, 1, 0)):
        delivery = vectors.alert(accounts=(account,))
        bench.ready().deliver(delivery)
        bench.asked(delivery, bench.gateways[at]).reply()
        bench.decided(delivery, Outcome.ACCEPTED)
        bench.carry_one()
        heard = bench.commands_of(delivery, bench.gateways[other])
        expect(not heard, f"a gateway without account {account} was asked")


@case("EX-520", "A route without accounts trades behind the first gateway", TWO_GATEWAYS)
def trades_at_the_first_gateway(bench: Bench) -> None:
    for accounts in ((), ("DU9999999",)):
        delivery = vectors.alert(route="open", accounts=accounts)
        bench.ready().deliver(delivery)
        bench.asked(delivery).reply()
        bench.decided(delivery, Outcome.ACCEPTED)
        bench.carry_one()
        expect(not bench.commands_of(delivery, bench.others["second"]), "the second was asked")


@case("EX-530", "VOID goes once to each gateway with an account of the alert", TWO_GATEWAYS)
def voids_at_both(bench: Bench) -> None:
    delivery = replace(vectors.alert(), mode=Mode.VOID)
    bench.ready().deliver(delivery)
    first, second = _asked_at_both(bench, delivery)
    for asked in (first, second):
        expect(asked.command.command_id == delivery.alert_id, "a VOID's id is the alert's")
        expect(asked.command.mode is Mode.VOID, f"it sent {asked.command.mode.name}")
    first.reply(Outcome.VOIDED)
    first.reply(Outcome.VOIDED)
    bench.carry_one()
    expect(
        not bench.acks_of(delivery, AckKind.DECIDED), "two answers of one gateway counted as both"
    )
    second.reply(Outcome.VOIDED)
    bench.decided(delivery, Outcome.VOIDED)
    count = [len(bench.commands_of(delivery, gateway)) for gateway in bench.gateways]
    expect(count == [1, 1], f"the gateways were asked {count} times")


@case("EX-540", "VOID for one account goes to its gateway alone", TWO_GATEWAYS)
def voids_at_one(bench: Bench) -> None:
    delivery = replace(vectors.alert(accounts=(SECOND,)), mode=Mode.VOID)
    bench.ready().deliver(delivery)
    asked = bench.asked(delivery, bench.others["second"])
    expect(asked.command.account == SECOND, f"the account was {asked.command.account!r}")
    asked.reply(Outcome.VOIDED)
    bench.decided(delivery, Outcome.VOIDED)
    bench.carry_one()
    expect(not bench.commands_of(delivery), "a gateway without that account was asked")


def _unreadable() -> Delivery:
    return replace(vectors.alert(), alert=None, mode=Mode.VOID)


@cases(
    "EX-550",
    "VOID goes to all gateways where nobody can tell the accounts",
    (
        ("no_alert", TWO_GATEWAYS, _unreadable),
        (
            "route_unknown",
            TWO_GATEWAYS,
            lambda: replace(vectors.alert(route="gone"), mode=Mode.VOID),
        ),
        (
            "account_unknown",
            TWO_GATEWAYS,
            lambda: replace(vectors.alert(accounts=("DU9",)), mode=Mode.VOID),
        ),
    ),
)
def voids_at_all(bench: Bench, make: Any) -> None:
    delivery = make()
    bench.ready().deliver(delivery)
    account = delivery.alert.accounts[0] if delivery.alert and delivery.alert.accounts else ""
    for asked in _asked_at_both(bench, delivery):
        told = asked.command.account
        expect(told == account, f"the alert is for {account!r}, the gateway was told {told!r}")
        asked.reply(Outcome.VOIDED)
    bench.decided(delivery, Outcome.VOIDED)


@case("EX-560", "What cannot be planned is REJECTED when every gateway has voided it", TWO_GATEWAYS)
def rejects_when_all_have_voided(bench: Bench) -> None:
    delivery = vectors.alert()
    message = codec.to_message(delivery)
    message.alert.action = 99
    bench.ready().deliver(message.SerializeToString())
    first, second = _asked_at_both(bench, delivery)
    first.reply(Outcome.VOIDED)
    bench.carry_one()
    expect(not bench.acks_of(delivery, AckKind.DECIDED), "one gateway's VOIDED was enough")
    second.reply(Outcome.VOIDED)
    bench.decided(delivery, Outcome.REJECTED)


@case("EX-570", "VOID that one gateway had carried out is told as ACCEPTED", TWO_GATEWAYS)
def tells_what_was_carried_out(bench: Bench) -> None:
    delivery = replace(vectors.alert(), mode=Mode.VOID)
    bench.ready().deliver(delivery)
    first, second = _asked_at_both(bench, delivery)
    first.reply(Outcome.VOIDED)
    second.reply(Outcome.ACCEPTED)
    bench.decided(delivery, Outcome.ACCEPTED)


@case(
    "EX-580", "One gateway away: what it has accounts of is handed back", TWO_GATEWAYS, alone=True
)
def hands_back_what_one_cannot_take(bench: Bench) -> None:
    bench.ready()
    second = bench.others["second"]
    second.close()
    give_up_s = time.monotonic() + TIMEOUT_S
    ack = None
    # What is sent before the connection is seen to be gone is a silent gateway's business.
    while ack is None and time.monotonic() < give_up_s:
        delivery = vectors.alert()
        bench.deliver(delivery)
        bench.received(delivery)
        ack = bench.end_of(delivery, within_s=1.0)
    expect(ack, "it kept alerts that one gateway cannot take")
    expect(ack and ack.kind is AckKind.RETRY, "it decided without one of the gateways")
    bench.asked(delivery).reply()
    alone = vectors.alert(accounts=(FIRST,))
    bench.deliver(alone)
    bench.asked(alone).reply()
    bench.decided(alone, Outcome.ACCEPTED)
    second.open()
    bench.carry_one()


@case(
    "EX-590",
    "SIGHUP: a gateway that is new in alertwire.toml is connected to, one that went is left",
    Setup(toml=f'[routes.default]\naccounts = ["{FIRST}"]\n', gateways=("second",)),
    alone=True,
)
def connects_to_a_new_gateway(bench: Bench) -> None:
    bench.ready()
    for toml, both in ((TWO_GATEWAYS.toml, True), (bench.setup.toml, False)):
        known = len(bench.subject.events())
        bench.write_config(toml)
        bench.subject.signal(signal.SIGHUP)
        bench.subject.event("routes_reloaded", beyond=known)
        bench.carry_one()
        delivery = vectors.alert()
        bench.deliver(delivery)
        asked = _asked_at_both(bench, delivery) if both else (bench.asked(delivery),)
        for one in asked:
            one.reply()
        bench.decided(delivery, Outcome.ACCEPTED)
        heard = len(bench.commands_of(delivery, bench.others["second"]))
        expect(heard == int(both), f"the other gateway was asked {heard} times")


def _asked_at_both(bench: Bench, delivery: Delivery) -> tuple[Any, Any]:
    return bench.asked(delivery), bench.asked(delivery, bench.others["second"])
