"""Numbers and objects of the library as our values, and back."""

from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertwire.money import format_decimal
from alertwire.wire.alert import Entry, OrderType
from alertwire.wire.report import Side
from gateway import translation
from gateway.tickets import Ticket
from tests.gateway.build import AAPL_CONTRACT


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (100.0, "100"),
        (0.1, "0.1"),
        (1e-07, "0.0000001"),
        (1e22, "10000000000000000000000"),
        (200.33333333333334, "200.33333333"),
        (1.7976931348623157e308, "0"),
        (None, "0"),
        ("", "0"),
    ],
)
def test_a_double_is_the_decimal_that_it_was_written_from(number, text):
    assert f"{translation.exact(number):f}" == text


@given(st.decimals("-999999", "999999", places=6))
def test_prices_come_back_as_they_went(price):
    assert translation.exact(float(price)) == price


@given(st.floats(min_value=0, max_value=1e9))
def test_any_mean_price_can_be_kept(number):
    format_decimal(translation.exact(number))


def test_a_contract_goes_out_and_comes_back_the_same():
    sent = translation.write_contract(AAPL_CONTRACT, SimpleNamespace())

    assert translation.contract(sent) == AAPL_CONTRACT


def test_a_ticket_sets_only_what_it_has():
    ticket = Ticket(
        order_id=5,
        order_ref="ref",
        account="DU1",
        side=Side.SELL,
        quantity=Decimal("10.00"),
        type=Entry(type=OrderType.LIMIT).type,
        tws_type="LMT",
        time_in_force="GTC",
        limit_price=Decimal("1.10"),
    )

    order = vars(translation.write_order(ticket, SimpleNamespace()))

    assert (order["action"], order["totalQuantity"], order["lmtPrice"]) == ("SELL", 10, 1.1)
    assert isinstance(order["totalQuantity"], int)
    assert "auxPrice" not in order
    assert order["tif"] == "GTC"
