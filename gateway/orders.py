"""The life of an order: one closed table, from which alone states come.

Fed with what openOrder, orderStatus, execDetails and error say, never with a library's idea of an
order's status: those show "Cancelled" for orders that live and fill later.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from alertwire.wire.report import OrderState

_S = OrderState


ACK_S: Final = 10.0
"""The broker is asked about an order that it has not acknowledged for so long."""


def is_due(at: datetime | None, now: datetime, most_s: float) -> bool:
    """Tell whether a wait of at most `most_s` seconds is over, also where the clock went back."""
    return at is not None and not timedelta() < at - now <= timedelta(seconds=most_s)


class OrderEvent(Enum):
    """What can happen to an order."""

    SENT = auto()
    """Its bytes were handed to the broker's socket."""
    ACKNOWLEDGED = auto()
    """The broker has it."""
    PARTLY_FILLED = auto()
    FILLED = auto()
    CANCEL_SENT = auto()
    CANCEL_REFUSED = auto()
    """The cancel ended without effect."""
    CANCELLED = auto()
    REFUSED = auto()
    """A definite refusal: see `errors`."""
    LISTED = auto()
    """Found among the open orders when the broker was asked: it lives, whatever was thought."""
    LOST = auto()
    """The broker was asked and does not know it."""


_E = OrderEvent


def transition(state: OrderState, event: OrderEvent) -> OrderState:
    """Return the state after `event`."""
    return TRANSITIONS[state][event]


def fill_event(filled: Decimal, quantity: Decimal) -> OrderEvent | None:
    """Say what a filled quantity means for an order of `quantity` units."""
    if filled <= 0:
        return None
    return _E.FILLED if filled >= quantity else _E.PARTLY_FILLED


def status_event(status: str, why_held: str = "") -> OrderEvent | None:
    """Read a TWS order status; None for those that prove nothing.

    Filled is not here: it comes from quantities. Inactive is no end: an order that waits for a
    locate or for a person's confirmation is Inactive too.
    """
    if status in {"Cancelled", "ApiCancelled"}:
        return _E.CANCELLED
    if status == "Inactive":
        return _E.ACKNOWLEDGED if why_held else None
    return _E.ACKNOWLEDGED if status in ACKNOWLEDGING else None


OVER: Final = frozenset({"Cancelled", "ApiCancelled", "Filled"})
"""TWS order statuses of an order that does not work any more."""

ACKNOWLEDGING: Final = frozenset(
    {"ApiPending", "PendingSubmit", "PreSubmitted", "Submitted", "PendingCancel", "Filled"}
)
"""TWS order statuses that an order only has once TWS knows it (TWS API: "Order status")."""

ENDED: Final = frozenset({_S.FILLED, _S.CANCELLED, _S.REJECTED})
"""Nothing works any more. A late fill is still booked."""

CHANGEABLE: Final = frozenset({_S.WORKING, _S.PARTIALLY_FILLED})
"""A change finds it there, and no cancel is ahead of it."""

UNCERTAIN: Final = frozenset({_S.INTENT, _S.SENT, _S.UNKNOWN})
"""The broker has not said yet that it has the order."""


def _unsent(state: OrderState) -> Mapping[OrderEvent, OrderState]:
    return {
        _E.SENT: _S.SENT,
        _E.ACKNOWLEDGED: _S.WORKING,
        _E.PARTLY_FILLED: _S.PARTIALLY_FILLED,
        _E.FILLED: _S.FILLED,
        # The broker has said nothing yet: not that it has the order, nor that it has not.
        _E.CANCEL_SENT: state,
        _E.CANCEL_REFUSED: state,
        _E.CANCELLED: _S.CANCELLED,
        _E.REFUSED: _S.REJECTED,
        _E.LISTED: _S.WORKING,
        _E.LOST: _S.UNKNOWN,
    }


TRANSITIONS: Final[Mapping[OrderState, Mapping[OrderEvent, OrderState]]] = MappingProxyType(
    {
        _S.INTENT: _unsent(_S.INTENT),
        _S.SENT: _unsent(_S.SENT),
        _S.WORKING: {
            _E.SENT: _S.WORKING,
            _E.ACKNOWLEDGED: _S.WORKING,
            _E.PARTLY_FILLED: _S.PARTIALLY_FILLED,
            _E.FILLED: _S.FILLED,
            _E.CANCEL_SENT: _S.CANCELLING,
            _E.CANCEL_REFUSED: _S.WORKING,
            _E.CANCELLED: _S.CANCELLED,
            # The exchange may refuse what TWS had taken.
            _E.REFUSED: _S.REJECTED,
            _E.LISTED: _S.WORKING,
            _E.LOST: _S.UNKNOWN,
        },
        _S.PARTIALLY_FILLED: {
            _E.SENT: _S.PARTIALLY_FILLED,
            _E.ACKNOWLEDGED: _S.PARTIALLY_FILLED,
            _E.PARTLY_FILLED: _S.PARTIALLY_FILLED,
            _E.FILLED: _S.FILLED,
            _E.CANCEL_SENT: _S.CANCELLING,
            _E.CANCEL_REFUSED: _S.PARTIALLY_FILLED,
            _E.CANCELLED: _S.CANCELLED,
            # What was filled stays filled; the rest is gone.
            _E.REFUSED: _S.CANCELLED,
            _E.LISTED: _S.PARTIALLY_FILLED,
            _E.LOST: _S.UNKNOWN,
        },
        _S.CANCELLING: {
            _E.SENT: _S.CANCELLING,
            # Statuses sent before the cancel arrived come after it here.
            _E.ACKNOWLEDGED: _S.CANCELLING,
            _E.PARTLY_FILLED: _S.CANCELLING,
            _E.FILLED: _S.FILLED,
            _E.CANCEL_SENT: _S.CANCELLING,
            _E.CANCEL_REFUSED: _S.WORKING,
            _E.CANCELLED: _S.CANCELLED,
            _E.REFUSED: _S.CANCELLED,
            # The cancel did not arrive.
            _E.LISTED: _S.WORKING,
            _E.LOST: _S.UNKNOWN,
        },
        _S.FILLED: dict.fromkeys(_E, _S.FILLED),
        _S.CANCELLED: {
            **dict.fromkeys(_E, _S.CANCELLED),
            # A fill may overtake the cancel; duplicates of older statuses may not.
            _E.FILLED: _S.FILLED,
            # "Cancelled" came before the error that says why.
            _E.REFUSED: _S.REJECTED,
            _E.LISTED: _S.WORKING,
        },
        _S.REJECTED: {
            **dict.fromkeys(_E, _S.REJECTED),
            _E.PARTLY_FILLED: _S.PARTIALLY_FILLED,
            _E.FILLED: _S.FILLED,
            _E.LISTED: _S.WORKING,
        },
        _S.UNKNOWN: {
            _E.SENT: _S.UNKNOWN,
            _E.ACKNOWLEDGED: _S.WORKING,
            _E.PARTLY_FILLED: _S.PARTIALLY_FILLED,
            _E.FILLED: _S.FILLED,
            _E.CANCEL_SENT: _S.UNKNOWN,
            _E.CANCEL_REFUSED: _S.UNKNOWN,
            _E.CANCELLED: _S.CANCELLED,
            _E.REFUSED: _S.REJECTED,
            _E.LISTED: _S.WORKING,
            _E.LOST: _S.UNKNOWN,
        },
    }
)
