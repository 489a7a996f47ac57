"""Families in the ledger, on a real database file: all that was asked, and what to look after."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from alertwire.journal.commit import GroupCommit
from alertwire.journal.database import open_database
from alertwire.wire.alert import Action, OrderType
from alertwire.wire.control import StrategyHolding
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderRole, OrderState, Side
from gateway.desk import Desk
from gateway.events import Effects
from gateway.ledger import Ledger
from gateway.records import CommandRecord
from gateway.tickets import Adjustment, Ticket
from tests.gateway.build import AAPL_CONTRACT, ACCOUNT, NOW, command, order, position

DAY = timedelta(days=1)
TICKET = Ticket(
    order_id=8,
    order_ref="x",
    account=ACCOUNT,
    side=Side.SELL,
    quantity=Decimal(10),
    type=OrderType.STOP,
    tws_type="STP",
    time_in_force="GTC",
    aux_price=Decimal("189.95"),
    role=OrderRole.STOP_LOSS,
    parent_id=7,
    oca_group="g",
    oca_type=2,
    adjustment=Adjustment("TRAIL", Decimal(210), Decimal(205), Decimal(5)),
)


@pytest.fixture
def ledger(tmp_path):
    path = f"sqlite:///{tmp_path}/ledger.db"
    opened = Ledger(GroupCommit(open_database(path, setting="TEST")))
    yield opened
    opened.close()


def save(ledger: Ledger, **leg) -> tuple[str, str]:
    """Keep a filled entry and its stop."""
    one = command(quantity=10)
    effects = Effects()
    effects.commands[one.command_id] = CommandRecord(
        one, ACCOUNT, NOW, one.trace, Outcome.ACCEPTED, "", NOW
    )
    ref = one.command_id
    entry = order(ref, is_kept=False, state=OrderState.FILLED, told_filled=Decimal(10))
    given = {"state": OrderState.CANCELLED, "side": Side.SELL, "order_id": 8} | leg
    stop = order(
        f"{ref}a",
        is_kept=False,
        **({"role": OrderRole.STOP_LOSS, "parent_ref": ref, "ticket": TICKET} | given),
    )
    for record in (entry, replace(stop, command_id=ref)):
        effects.orders[record.order_ref] = record
    ledger.save(effects)
    return ref, f"{ref}a"


def test_a_family_is_read_back_to_the_last_field(ledger):
    entry, stop = save(ledger, state=OrderState.WORKING)

    read = next(one for one in ledger.open_orders() if one.is_leg)

    assert (read.order_ref, read.role, read.parent_ref) == (stop, OrderRole.STOP_LOSS, entry)
    assert read.ticket == TICKET


def test_a_stop_that_ended_by_no_wish_of_ours_is_looked_after_with_its_entry(ledger):
    refs = save(ledger)

    found = ledger.ended_legs(NOW - DAY)

    assert sorted(one.order_ref for one in found) == sorted(refs)
    assert ledger.ended_legs(NOW + DAY) == []


@pytest.mark.parametrize(
    "fields",
    [{"state": OrderState.WORKING}, {"cancel_asked_at": NOW, "role": OrderRole.TAKE_PROFIT}],
    ids=str,
)
def test_what_works_or_was_cancelled_by_us_is_not(ledger, fields):
    save(ledger, **fields)

    assert ledger.ended_legs(NOW - DAY) == []


def test_what_still_protects_is_read_with_its_entry(ledger):
    refs = save(ledger, state=OrderState.WORKING)

    assert sorted(one.order_ref for one in ledger.open_orders()) == sorted(refs)


@pytest.mark.parametrize(
    ("side", "state", "filled", "is_bare"),
    [
        (Side.SELL, None, 0, True),
        (Side.SELL, OrderState.WORKING, 0, True),
        (Side.SELL, OrderState.CANCELLED, 2, True),
        (Side.SELL, OrderState.FILLED, 10, False),
        (Side.BUY, OrderState.PARTIALLY_FILLED, 2, False),
    ],
    ids=str,
)
def test_a_stop_that_we_cancelled_is_looked_after_until_the_close_filled_or_something_was_opened(
    ledger, side, state, filled, is_bare
):
    _, stop = save(ledger, cancel_asked_at=NOW + timedelta(seconds=1))
    if state is not None:
        effects = Effects()
        close = command(Action.EXIT)
        record = CommandRecord(close, ACCOUNT, NOW, close.trace, Outcome.ACCEPTED, "", NOW)
        effects.commands[close.command_id] = record
        at = NOW + timedelta(seconds=2)
        later = order(close.command_id, is_kept=False, side=side, order_id=9, created_at=at)
        later.told_filled, later.state = Decimal(filled), state
        effects.orders[later.order_ref] = later
        ledger.save(effects)

    assert ledger.bare_legs(NOW - DAY) == ({stop} if is_bare else set())
    assert bool(ledger.ended_legs(NOW - DAY)) is is_bare


def keep(ledger: Ledger, *orders, held: object = 10) -> None:
    """Keep these orders, and what the strategy holds then."""
    effects = Effects()
    for one in orders:
        sent = command(Action.BUY, 10, alert=one.alert_id)
        record = CommandRecord(sent, ACCOUNT, NOW, sent.trace, Outcome.ACCEPTED, "", NOW)
        effects.commands[sent.command_id] = record
        effects.orders[one.order_ref] = replace(one, command_id=sent.command_id)
    holding = StrategyHolding(
        account=ACCOUNT,
        strategy="s",
        contract_id=AAPL_CONTRACT.contract_id,
        symbol="AAPL",
        local_symbol="AAPL",
        quantity=Decimal(held),
    )
    effects.holdings[ACCOUNT, "s", AAPL_CONTRACT.contract_id] = holding
    ledger.save(effects)


def traded(order_id: int, side: Side, after: timedelta):
    one = order(is_kept=False, side=side, order_id=order_id, created_at=NOW + after)
    one.told_filled, one.state = Decimal(10), OrderState.FILLED
    return one


def restarted(ledger: Ledger, after: timedelta, held: object = 10) -> tuple[Desk, Effects]:
    """Start a desk so much later, in an account that holds this."""
    now = NOW + after
    desk, effects = Desk(1), Effects()
    desk.restore(ledger.memory(now))
    desk.positions.restart((position(held),), now)
    desk.protection.tick(now, effects)
    return desk, effects


@pytest.mark.parametrize("days", [0.5, 1, 2, 30])
@pytest.mark.parametrize("state", [OrderState.CANCELLED, OrderState.REJECTED])
@pytest.mark.parametrize("asked_at", [None, NOW + timedelta(seconds=1)])
def test_a_position_without_its_stop_is_told_of_for_as_long_as_it_is_open(
    ledger, days, state, asked_at
):
    _, stop = save(ledger, state=state, cancel_asked_at=asked_at)
    keep(ledger)

    desk, effects = restarted(ledger, days * DAY)

    (line,) = desk.protection.bare()
    assert f"10 AAPL are held without their stop loss: {stop} is" in line
    assert [note.event for note in effects.notes] == ["position_unprotected"] * (days < 1)
    desk, _ = restarted(ledger, days * DAY, 4)
    assert desk.protection.bare()[0].startswith(f"{ACCOUNT}: 4 AAPL")


@pytest.mark.parametrize("days", [0.5, 3])
@pytest.mark.parametrize(
    ("side", "held", "is_told"),
    [(Side.BUY, 10, False), (Side.SELL, 10, True), (Side.SELL, 0, False)],
)
def test_what_was_opened_since_never_had_that_stop(ledger, days, side, held, is_told):
    save(ledger)
    keep(ledger, traded(9, side, timedelta(hours=1)), held=held)

    desk, effects = restarted(ledger, days * DAY, held)

    assert bool(desk.protection.bare()) is is_told
    assert bool(effects.notes) is (is_told and days < 1)


def test_what_is_flat_is_not_loaded_for_ever(ledger):
    save(ledger)
    keep(ledger, held=0)

    assert ledger.long_bare(NOW + 3 * DAY) == []
    assert len(ledger.ended_legs(NOW - DAY)) == 2


@pytest.mark.parametrize(("held", "side"), [(10, Side.BUY), (-4, Side.SELL), (0, None)])
def test_the_last_order_that_made_a_position_larger_is_read_for_its_symbol(ledger, held, side):
    save(ledger)
    keep(ledger, traded(9, Side.SELL, timedelta(hours=2)), held=held)
    keep(ledger, traded(10, Side.BUY, timedelta(hours=1)), held=held)

    found = ledger.openers()

    assert [(one.side, one.filled) for one in found] == ([(side, 10)] if side else [])
    assert all(one.created_at > NOW for one in found)
