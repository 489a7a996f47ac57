"""The counting: each kind of violation is seen, and what is right is left alone."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.chaos.evidence import AlertRow, BookRow
from tests.chaos.sender import Sent
from tests.chaos.verdict import Verdict, judge

ONE, TWO, THREE = (letter * 26 for letter in "ABC")


def alert(alert_id: str, seq: int = 1, said: str = "DONE ACCEPTED", **changes) -> AlertRow:
    state, _, outcome = said.partition(" ")
    fields = {
        "alert_id": alert_id,
        "strategy": "s",
        "symbol": "AAPL",
        "action": "buy",
        "key": "s|AAPL",
        "seq": seq,
        "state": state,
        "attempts": 1,
        "outcome": outcome,
        "detail": "buy 1 AAPL",
        "raw_body": json.dumps({"id": alert_id[0]}).encode(),
    }
    return AlertRow(**fields | changes)


def order(alert_id: str, status: str = "Filled", changes: int = 0) -> BookRow:
    return BookRow(f"{alert_id}-1", 1, status, Decimal(1), changes)


def cut_off(alert_id: str) -> BookRow:
    """The entry of a family of which nothing more arrived."""
    return replace(order(alert_id, "PendingSubmit"), is_transmitted=False)


def sent(*alert_ids: str) -> list[Sent]:
    return [Sent(alert_id[0], {}, [200], {alert_id}) for alert_id in alert_ids]


def found(verdict: Verdict) -> dict[str, int]:
    names = ("lost", "doubled", "disordered", "untrue")
    return {name: len(getattr(verdict, name)) for name in names if getattr(verdict, name)}


RIGHT = {
    "ordered": ([alert(ONE)], [order(ONE)]),
    "nothing to close": ([alert(ONE, detail="no position: nothing to close")], []),
    "cancelled": ([alert(ONE, action="cancel", detail="1 cancelled")], []),
    "rejected": ([alert(ONE, said="DONE REJECTED")], []),
    "parked": ([alert(ONE, said="PARKED UNKNOWN")], [order(ONE)]),
    "halted behind a parked one": (
        [alert(ONE, said="PARKED UNKNOWN"), alert(TWO, 2, "NEW ", attempts=0)],
        [],
    ),
    "placed again after the broker forgot it": ([alert(ONE)], [order(ONE, "Lost"), order(ONE)]),
    "cut off, and a person said so": (
        [alert(ONE, said="DONE VOIDED")],
        [cut_off(ONE)],
    ),
    "in order": ([alert(ONE), alert(TWO, 2)], [order(ONE), order(TWO)]),
}
WRONG = {
    "accepted without an order": ([alert(ONE)], [], {"lost": 1}),
    "accepted, and the broker forgot it": ([alert(ONE)], [order(ONE, "Lost")], {"lost": 1}),
    "accepted, and cut off": ([alert(ONE)], [cut_off(ONE)], {"lost": 1}),
    "never decided": ([alert(ONE, said="INFLIGHT ")], [], {"lost": 1}),
    "ended for no reason": ([alert(ONE, said="DONE VOIDED", detail="")], [], {"lost": 1}),
    "ordered twice": ([alert(ONE)], [order(ONE), order(ONE)], {"doubled": 1}),
    "ordered twice and parked": (
        [alert(ONE, said="PARKED UNKNOWN")],
        [order(ONE), order(ONE)],
        {"doubled": 1},
    ),
    "placeOrder acted on twice": ([alert(ONE)], [order(ONE, changes=1)], {"doubled": 1}),
    "kept twice": (
        [alert(ONE), alert(TWO, 2, raw_body=b'{"id": "A"}')],
        [order(ONE), order(TWO)],
        {"doubled": 1},
    ),
    "out of order": (
        [alert(ONE), alert(TWO, 2), alert(THREE, 3)],
        [order(TWO), order(ONE), order(THREE)],
        {"disordered": 1},
    ),
    "rejected with an order": ([alert(ONE, said="DONE REJECTED")], [order(ONE)], {"untrue": 1}),
    "expired with an order": ([alert(ONE, said="DONE EXPIRED")], [order(ONE)], {"untrue": 1}),
    "an order of no alert": ([alert(ONE)], [order(ONE), order(TWO)], {"untrue": 1}),
}


@pytest.mark.parametrize(("journal", "book"), RIGHT.values(), ids=RIGHT)
def test_what_is_right_is_no_violation(journal: list[AlertRow], book: list[BookRow]) -> None:
    assert found(judge([], journal, book)) == {}


@pytest.mark.parametrize(("journal", "book", "wanted"), WRONG.values(), ids=WRONG)
def test_a_violation_is_seen(
    journal: list[AlertRow], book: list[BookRow], wanted: dict[str, int]
) -> None:
    assert found(judge([], journal, book)) == wanted


def test_an_alert_answered_200_that_the_journal_lacks_is_lost() -> None:
    assert found(judge(sent(ONE, TWO), [alert(ONE)], [order(ONE)])) == {"lost": 1}


def test_fills_that_the_ledger_counts_otherwise_are_untrue() -> None:
    ledger = {f"{ONE}-1": {"state": "FILLED", "filled": "2"}}

    assert found(judge([], [alert(ONE)], [order(ONE)], ledger)) == {"untrue": 1}
