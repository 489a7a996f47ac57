"""Families in the ledger, on a real database file: all that was asked, and what to look after."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from alertwire.journal.commit import GroupCommit
from alertwire.journal.database import open_database
from alertwire.wire.alert import Action, OrderType
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderRole, OrderState, Side
from gateway.events import Effects
from gateway.ledger import Ledger
from gateway.records import CommandRecord
from gateway.tickets import Adjustment, Ticket
from tests.gateway.build import ACCOUNT, NOW, command, order

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
    entry = order(ref, is_kept=False, state=OrderState.FILLED)
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


@pytest.mark.parametrize(("filled", "is_bare"), [(None, True), (0, True), (10, False)])
def test_a_stop_that_we_cancelled_is_looked_after_until_something_is_traded(
    ledger, filled, is_bare
):
    _, stop = save(ledger, cancel_asked_at=NOW + timedelta(seconds=1))
    if filled is not None:
        effects = Effects()
        close = command(Action.EXIT)
        record = CommandRecord(close, ACCOUNT, NOW, close.trace, Outcome.ACCEPTED, "", NOW)
        effects.commands[close.command_id] = record
        at = NOW + timedelta(seconds=2)
        sold = order(close.command_id, is_kept=False, side=Side.SELL, order_id=9, created_at=at)
        sold.told_filled = Decimal(filled)
        effects.orders[sold.order_ref] = sold
        ledger.save(effects)

    assert ledger.bare_legs(NOW - DAY) == ({stop} if is_bare else set())
    assert bool(ledger.ended_legs(NOW - DAY)) is is_bare
