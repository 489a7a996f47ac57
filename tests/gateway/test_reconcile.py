"""The ledger's orders against the broker's lists."""

from alertwire.wire.report import OrderState
from gateway.messages import CompletedOrder, Evidence
from gateway.reconcile import is_ours, match, refs_of
from tests.gateway.build import alert_id, executed, opened, order


def found(one, **lists) -> bool:
    (result,) = match([one], Evidence(**lists))
    return result.is_found


def test_by_reference_among_open_orders_completed_orders_and_executions():
    one = order(state=OrderState.INTENT)
    completed = CompletedOrder(perm_id=1, order_ref=one.order_ref, status="Filled")

    assert found(one, open_orders=(opened(one),))
    assert found(one, completed=(completed,))
    assert found(one, executions=(executed(one, 1),))
    assert not found(one)


def test_by_client_and_id_where_the_broker_tells_no_reference():
    one = order()

    assert found(one, open_orders=(opened(one, order_ref=""),))
    assert found(one, executions=(executed(one, 1, order_ref=""),))
    assert not found(one, open_orders=(opened(one, order_ref="", client_id=2),))


def test_never_by_an_id_that_was_issued_again():
    one = order()

    assert not found(one, open_orders=(opened(one, order_ref=f"{alert_id()}-1"),))


def test_the_reference_wins_over_the_id():
    one, other = order(order_id=7), order(order_id=8)
    listed = opened(one, order_id=8)

    first, second = match([one, other], Evidence(open_orders=(listed,)))

    assert first.open_order is listed
    assert not second.is_found


def test_only_references_of_our_form_are_ours():
    ours = f"{alert_id()}-2"

    assert is_ours(ours)
    assert not any(is_ours(ref) for ref in ("", "manual", ours.lower(), f"{ours}-3", ours[1:]))
    stranger = opened(order(), order_ref="manual")
    assert refs_of(Evidence(open_orders=(stranger, opened(order(ours))))) == {ours}
