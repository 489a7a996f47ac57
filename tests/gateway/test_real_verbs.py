"""Flatten, targets and cancels through the real library: what works is cancelled at the broker."""

from alertwire.wire.alert import Action, Scope
from alertwire.wire.delivery import Outcome
from tests.gateway.build import limit, on
from tests.gateway.processes import until


def test_flatten_cancels_at_the_broker_and_closes(executor, booked, priced, control):
    symbol = priced("GE")
    executor.insist(on(symbol, Action.BUY, 9, key="entry"))
    rest = on(symbol, Action.BUY, 5, entry=limit(50), key="rest")
    executor.insist(rest)

    flatten = on(symbol, Action.FLATTEN, key="flat")
    reply = executor.insist(flatten)

    assert reply.outcome is Outcome.ACCEPTED, reply.detail
    assert booked(rest.command_id)["status"] == "Cancelled"
    close = booked(flatten.command_id)
    assert (close["action"], close["quantity"]) == ("SELL", "9")

    def left():
        rows = control.call("positions")["positions"]
        return [row for row in rows if row["symbol"] == symbol]

    until(lambda: not left(), "a flat account")


def test_a_target_takes_the_place_of_a_limit_at_the_broker(executor, booked, priced):
    symbol = priced("MS")
    first = on(symbol, Action.TARGET, 5, entry=limit(50), key="1")
    executor.insist(first)

    second = on(symbol, Action.TARGET, 5, entry=limit(60), key="2")
    reply = executor.insist(second)

    assert reply.outcome is Outcome.ACCEPTED, reply.detail
    assert booked(first.command_id)["status"] == "Cancelled"
    assert booked(second.command_id)["quantity"] == "5"


def test_a_cancel_of_a_strategy_reaches_all_its_symbols(executor, booked, priced):
    mine = [on(priced(name), Action.BUY, 1, entry=limit(50), strategy="mine") for name in "TC"]
    other = on("T", Action.BUY, 1, entry=limit(50), strategy="other", key="other")
    for one in (*mine, other):
        executor.insist(one)

    cancel = on("T", Action.CANCEL, scope=Scope.STRATEGY, strategy="mine", key="cancel")
    assert executor.insist(cancel).outcome is Outcome.ACCEPTED

    assert [booked(one.command_id)["status"] for one in mine] == ["Cancelled"] * 2
    assert booked(other.command_id)["status"] not in {"Cancelled", "Filled"}
