"""How much to order, against the account's truth. Pure: values in, a verdict out.

Amounts are units (shares, contracts, units of the base currency); positions are signed.
"""

from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from typing import Final

from alertwire.money import WIDE, ZERO
from alertwire.wire.alert import Action, MarketPosition
from alertwire.wire.report import Side


@dataclass(frozen=True, slots=True)
class Approved:
    """An order of this size; `detail` says what the trader should know beside it.

    `alarm` names the alarm where a person should look.
    """

    side: Side
    quantity: Decimal
    detail: str = ""
    alarm: str = ""
    cash: Decimal | None = None
    """What the order spends, in the contract's currency, where it goes out so; `quantity` is then
    what that buys at the price of the moment."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """The account already is where the command wants it; `alarm` as of `Approved`."""

    detail: str
    alarm: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """No order, and why; `alarm` names the alarm where a person should look."""

    reason: str
    alarm: str = ""


Verdict = Approved | Nothing | Refused

NEEDS_POSITION = frozenset(
    {Action.EXIT, Action.REVERSE, Action.TARGET, Action.FLATTEN, Action.MODIFY}
)
"""Their size follows from the position, so fills under way must be in it."""


OPENS: Final = {MarketPosition.LONG: Side.BUY, MarketPosition.SHORT: Side.SELL}
"""The side of the orders that open a position."""


def size(
    action: Action,
    wanted: Decimal | None,
    position: Decimal,
    closes: MarketPosition | None = None,
) -> Verdict:
    """Work out side and quantity of an order of `wanted` units that starts from `position`.

    An exit or a reversal that `closes` a side leaves a position of the other one alone.
    """
    if wanted is not None and wanted <= 0 and action is not Action.TARGET:
        return Refused(f"a quantity above zero is needed, it was {_text(wanted)}")
    match action:
        case Action.BUY | Action.SELL:
            if wanted is None:
                return Refused("no quantity: the alert gives none and the route has no default")
            return Approved(Side.BUY if action is Action.BUY else Side.SELL, wanted)
        case Action.EXIT:
            return _exit(wanted, position, closes)
        case Action.REVERSE:
            return _reverse(wanted, position, closes)
        case Action.TARGET:
            if wanted is None:
                return Refused("no target position was given")
            return _trade(wanted - position, f"position is already {_text(position)}")
        case _:
            return Refused(f"{action.name.lower()} is not supported yet")


def in_whole(verdict: Verdict, step: Decimal, *, is_near_enough: bool = False) -> Verdict:
    """Cut an order to the steps that the broker takes; what is cut is said, and stays.

    Less than a step is refused, but where `is_near_enough`: no order could come nearer to it.
    """
    if not isinstance(verdict, Approved) or not step:
        return verdict
    with localcontext(WIDE):
        odd = verdict.quantity % step
    if not odd:
        return verdict
    said = f"{_text(odd)} of it stays: the broker takes steps of {_text(step)} by its API"
    if verdict.quantity == odd and is_near_enough:
        return Nothing(said, verdict.alarm)
    if verdict.quantity == odd:
        return Refused(f"{said}; trade it in TWS")
    detail = "; ".join(part for part in (verdict.detail, said) if part)
    return replace(verdict, quantity=verdict.quantity - odd, detail=detail)


def is_held(position: Decimal, closes: MarketPosition | None) -> bool:
    """Tell whether there is a position that an exit of this side closes."""
    match closes:
        case None:
            return position != ZERO
        case MarketPosition.LONG:
            return position > ZERO
        case MarketPosition.SHORT:
            return position < ZERO
        case _:
            return False


def _exit(wanted: Decimal | None, position: Decimal, closes: MarketPosition | None) -> Verdict:
    if closes is not None and not is_held(position, closes):
        return Nothing(f"no {closes.name.lower()} position to close")
    # Never more than what is there: a close must not open the other side.
    most = abs(position)
    quantity = most if wanted is None else min(wanted, most)
    closing = quantity if position < 0 else -quantity
    return _trade(closing, "no position: nothing to close")


def _reverse(wanted: Decimal | None, position: Decimal, closes: MarketPosition | None) -> Verdict:
    if position == ZERO:
        return Refused("no position to reverse")
    if closes is not None and not is_held(position, closes):
        return Nothing(f"no {closes.name.lower()} position to reverse: it is {_text(position)}")
    other = abs(position) if wanted is None else wanted
    target = -other if position > 0 else other
    return _trade(target - position, f"position is already {_text(position)}")


def _trade(difference: Decimal, when_nothing: str) -> Verdict:
    if difference == ZERO:
        return Nothing(when_nothing)
    return Approved(Side.BUY if difference > 0 else Side.SELL, abs(difference))


def _text(value: Decimal) -> str:
    return f"{value.normalize():f}" if value else "0"
