"""What messages do to an order and to the position."""

from decimal import Decimal

import pytest

from alertwire.wire.report import OrderState, Side
from gateway.book import Book
from gateway.events import Effects
from gateway.holdings import Holdings
from gateway.messages import BrokerError, Commission
from gateway.order_ids import OrderIds
from gateway.positions import Positions
from gateway.rules import Rules
from tests.gateway.build import ACCOUNT, NOW, executed, opened, order, status

ID = 265598


class Shelf:
    """A book with one order in it."""

    def __init__(self, **fields) -> None:
        self.positions = Positions()
        self.book = Book(OrderIds(1), self.positions, Holdings(Rules()), lambda *_: None)
        self.order = order(**fields)
        self.book.add(self.order)
        self.effects = Effects()

    @property
    def position(self) -> Decimal:
        return self.positions.quantity(ACCOUNT, ID)

    def execute(self, *args, **fields) -> bool:
        return self.book.executed(executed(self.order, *args, **fields), NOW, self.effects)

    def status(self, *args, **fields) -> None:
        self.book.status(status(self.order, *args, **fields), NOW, self.effects)

    def err(self, code: int) -> None:
        error = BrokerError(about=self.order.order_id, code=code, text="text")
        self.book.erred(error, NOW, self.effects)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def test_fills_add_up_to_filled(shelf):
    shelf.execute(4, "a.01")
    assert shelf.order.state is OrderState.PARTIALLY_FILLED
    shelf.execute(6, "b.01", price=Decimal(210))

    assert shelf.order.state is OrderState.FILLED
    assert shelf.order.average_price == 206
    assert shelf.position == 10


def test_the_same_execution_is_booked_once(shelf):
    shelf.execute(4, "a.01")
    shelf.execute(4, "a.01")
    shelf.execute(4, "a.01", is_live=False)

    assert shelf.order.filled == 4
    assert shelf.position == 4
    assert list(shelf.effects.fills) == ["a.01"]


def test_a_correction_replaces_the_execution(shelf):
    shelf.execute(4, "a.01")
    shelf.execute(3, "a.02", price=Decimal(199))
    shelf.execute(4, "a.01")

    assert shelf.order.filled == 3
    assert shelf.position == 3
    assert shelf.order.average_price == 199
    assert shelf.effects.corrected == ["a.01"]
    assert list(shelf.effects.fills) == ["a.02"]


def test_a_status_and_its_execution_count_once_in_any_order():
    for first in ("status", "execution"):
        shelf = Shelf()
        steps = [lambda s=shelf: s.status("Filled", 10), lambda s=shelf: s.execute(10)]
        for step in steps if first == "status" else reversed(steps):
            step()

        assert shelf.order.state is OrderState.FILLED
        assert shelf.position == 10


def test_a_sale_moves_the_position_down():
    shelf = Shelf(side=Side.SELL)
    shelf.execute(10)

    assert shelf.position == -10


def test_duplicate_statuses_are_no_news(shelf):
    shelf.status("Submitted")
    before = len(shelf.effects.reports)
    shelf.status("Submitted")

    assert len(shelf.effects.reports) == before


def test_a_fill_after_a_cancel_is_booked(shelf):
    shelf.status("Cancelled")
    shelf.execute(10)

    assert shelf.order.state is OrderState.FILLED
    assert shelf.position == 10


def test_a_status_of_another_orders_permanent_id_is_not_ours(shelf):
    shelf.status("Submitted")
    shelf.status("Cancelled", perm_id=1)

    assert shelf.order.state is OrderState.WORKING


def test_another_clients_order_with_our_id_is_not_ours(shelf):
    shelf.status("Cancelled", client_id=2)

    assert shelf.order.state is OrderState.WORKING


def test_an_order_with_our_id_and_another_reference_is_not_ours(shelf):
    message = opened(shelf.order, "Cancelled", order_ref="somebody else's")
    shelf.book.opened(message, NOW, shelf.effects)

    assert shelf.order.state is OrderState.WORKING


@pytest.mark.parametrize("code", [399, 2109, 10349, 103, 104, 105, 161, 10147, 10148, 31337])
def test_no_warning_ends_an_order(shelf, code):
    shelf.err(code)

    assert shelf.order.state is OrderState.WORKING


def test_a_refusal_after_a_part_fill_keeps_the_part(shelf):
    shelf.execute(4)
    shelf.err(201)

    assert shelf.order.state is OrderState.CANCELLED
    assert shelf.order.filled == 4


def test_202_cancels(shelf):
    shelf.err(202)

    assert shelf.order.state is OrderState.CANCELLED


def test_a_commission_joins_its_fill(shelf):
    shelf.execute(10, "a.01")
    commission = Commission(execution_id="a.01", amount=Decimal("1.25"), currency="USD")
    shelf.book.commissioned(commission, NOW, shelf.effects)
    shelf.book.commissioned(commission, NOW, shelf.effects)

    assert shelf.order.fills["a"].commission == Decimal("1.25")
    assert sum(1 for r in shelf.effects.reports if r.fill and r.fill.commission) == 1


def test_a_market_order_under_way_is_seen_until_it_ends(shelf):
    assert shelf.book.has_market_orders(ACCOUNT, ID)
    shelf.execute(10)

    assert not shelf.book.has_market_orders(ACCOUNT, ID)
    assert shelf.book.live(ACCOUNT, ID) == []


def test_memory_of_ended_orders_is_bounded(monkeypatch):
    monkeypatch.setattr("gateway.book.ENDED_MAX", 3)
    shelf = Shelf()
    for number in range(10, 20):
        shelf.book.add(order(order_id=number, state=OrderState.FILLED))

    assert len(shelf.book.orders) == 4
    assert shelf.order.order_ref in shelf.book.orders
