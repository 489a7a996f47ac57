"""How much to order beside the orders that still work. Pure: values in, a verdict out.

A size taken from the filled position alone would be ordered again while the market is closed.
"""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Final

from alertwire.money import ZERO
from alertwire.wire.alert import Action, MarketPosition, OrderType
from alertwire.wire.command import OrderCommand
from alertwire.wire.report import OrderState, Side
from gateway.crosscheck import turned_side
from gateway.entries import NOTHING_TO_CLOSE
from gateway.figures import figure
from gateway.records import OrderRecord
from gateway.sizing import OPENS, Approved, Nothing, Refused, Verdict, is_held, size
from gateway.tickets import Ticket

_SURE: Final = {OrderType.MARKET, OrderType.MARKET_ON_OPEN, OrderType.MARKET_ON_CLOSE}
"""What will fill as soon as the market trades; other types fill at their price or never."""
BESIDE_RESTING: Final = "exit_beside_resting_exit"
"""Alarm: an exit that rests was refused, for another one rests that closes the same units."""
BEFORE_ENTRY: Final = "exit_before_entry_filled"
"""Alarm: an exit came while an entry at the market still worked, which fills after it."""
BESIDE_LOST: Final = "order_beside_lost_order"
"""Alarm: less was sent than wanted, for an order that the broker does not list may fill too."""


def size_beside(
    command: OrderCommand,
    wanted: Decimal | None,
    position: Decimal,
    live: Iterable[OrderRecord],
    *,
    is_closing: bool = False,
) -> Verdict:
    """Size an order of `wanted` units in a contract whose orders in `live` may still fill.

    One that `is_closing` closes an entry that was not carried out: it only reduces.
    """
    if command.action is None:
        raise ValueError(f"{command.command_id} has no action")
    working = list(live)
    is_flat = command.action is Action.TARGET and wanted == 0
    if command.action in {Action.EXIT, Action.FLATTEN} or is_flat:
        # Flat is where nothing is held: what an order under way may fill is not there to be closed.
        closes, wanted = command.closes, None if is_flat else wanted
        verdict = size(Action.EXIT, wanted, position, closes)
        if is_held(position, closes):
            close = _less(verdict, position, working, command if rests(command) else None)
            is_whole = wanted is None or wanted >= abs(position)
            return _beside_entries(close, position, working) if is_whole else close
        opens = [o for o in working if closes is None or o.side is OPENS.get(closes)]
        return _unless_entering(verdict, position, opens)
    if command.action in {Action.TARGET, Action.REVERSE}:
        return _ahead(command.action, wanted, position, working, turned_side(command))
    verdict = size(command.action, wanted, position)
    if is_closing and isinstance(verdict, Approved):
        is_there = position > 0 if verdict.side is Side.SELL else position < 0
        return _less(verdict, position, working) if is_there else Nothing(NOTHING_TO_CLOSE)
    return verdict


def _unless_entering(verdict: Verdict, position: Decimal, live: list[OrderRecord]) -> Verdict:
    """Refuse to call it done that nothing is held, while an order works that will open something.

    The trader would believe to be out, and the entry would fill after that. What only closes a
    position of the other side opens nothing.
    """
    entering = [order for order in live if is_sure(order)]
    if not isinstance(verdict, Nothing) or not entering:
        return verdict
    if position and _rest(entering) <= abs(position):
        return verdict
    return Refused(
        f"an entry still works: {', '.join(f'{o.order_ref} {names_of([o])}' for o in entering)}; "
        "cancel it, or exit again after it fills",
        alarm=BEFORE_ENTRY,
    )


def _beside_entries(verdict: Verdict, position: Decimal, live: list[OrderRecord]) -> Verdict:
    """Say what the orders at the market leave held when all of them and this close have filled.

    The trader would believe to be out, and what was still to fill of an entry would come after.
    """
    market = [o for o in live if is_sure(o) and o.state is not OrderState.UNKNOWN]
    if isinstance(verdict, Refused) or not market:
        return verdict
    closing = verdict.quantity if isinstance(verdict, Approved) else ZERO
    coming = sum((order.signed * order.remaining for order in market), ZERO)
    left = position + coming + (closing if position < 0 else -closing)
    if not left:
        return verdict
    still = (
        f"not all: {names_of(market)} still works and leaves {left.normalize():f}; exit again "
        "after it fills"
    )
    detail = "; ".join(part for part in (verdict.detail, still) if part)
    return replace(verdict, detail=detail, alarm=verdict.alarm or BEFORE_ENTRY)


def _less(
    verdict: Verdict,
    position: Decimal,
    live: list[OrderRecord],
    command: OrderCommand | None = None,
) -> Verdict:
    """Close no more than what no other order will close.

    A limit or a stop that rests far from the market must not keep a trader in: beside it the close
    goes out, and the detail names it; exits that rest were cancelled before. A close of a `command`
    that rests is another matter: beside one that rests to close the same units it would open the
    other side. Where that is not the same order again, nobody may believe that it is there.
    """
    if not isinstance(verdict, Approved):
        return verdict
    same_side = [order for order in live if order.side is verdict.side]
    closing = [
        o for o in same_side if is_sure(o) or (command is not None and _closes_at_its_price(o))
    ]
    resting = [o for o in same_side if o not in closing and not o.is_leg]
    lost = [order for order in closing if order.state is OrderState.UNKNOWN]
    known = [order for order in closing if order.state is not OrderState.UNKNOWN]
    wanted = min(verdict.quantity, abs(position) - _rest(known))
    if wanted <= 0:
        if other := [order for order in known if command is not None and _differs(order, command)]:
            return Refused(
                f"{names_of(other)} closes the same units, and both would open the other side: one "
                "exit with both prices, or a cancel of the first before this one",
                BESIDE_RESTING,
            )
        return Nothing(f"already being closed by {names_of(known)}")
    still = f"still working, cancel it or it may open a position: {names_of(resting)}"
    taken = min(verdict.quantity, abs(position)) - wanted
    cut = f"{figure(taken)} of it is already being closed by {names_of(known)}"
    said = (still if resting else "", cut if taken else "")
    quantity = min(wanted, abs(position) - _rest(closing))
    # A person may have been right: it would fill beside this one, and open the other side.
    alarm = BESIDE_LOST if any(order.is_vouched for order in resting) else ""
    approved = Approved(verdict.side, wanted, "; ".join(filter(None, said)), alarm)
    return _beside_lost(approved, quantity, lost)


def closing(command: OrderCommand, units: Decimal | None, position: Decimal) -> Decimal:
    """Return how many units of a position a command is going to close at the most; 0: none now.

    `units` is the command's size as it is worked out; None: it has none, or it cannot be.
    """
    held = abs(position)
    match command.action:
        case Action.EXIT | Action.FLATTEN if rests(command) or not is_held(
            position, command.closes
        ):
            return ZERO
        case Action.EXIT | Action.FLATTEN:
            return held if units is None else min(units, held)
        case Action.TARGET if units is not None and units * position > 0:
            return max(held - abs(units), ZERO)
        case Action.REVERSE if not is_held(position, turned_side(command)):
            return ZERO
        case Action.REVERSE | Action.TARGET:
            return held
        case _:
            return ZERO


def beside_wide(
    verdict: Verdict, position: Decimal, left: Decimal, wide: list[OrderRecord]
) -> Verdict:
    """Say that orders about the account's position leave only so much of a strategy's own."""
    if any(order.state is OrderState.UNKNOWN for order in wide):
        reason = f"{names_of(wide)} may already be closing it, and the broker lists it nowhere"
        if isinstance(verdict, Approved):
            return replace(
                verdict, detail="; ".join(filter(None, (verdict.detail, reason))), alarm=BESIDE_LOST
            )
        return Refused(f"{reason}: look for it in TWS, then alertwire resolve", BESIDE_LOST)
    closed = f"{figure(abs(position - left))} of {figure(position)}"
    said = f"{closed} is already being closed by {names_of(wide)}"
    if isinstance(verdict, Approved):
        return replace(verdict, detail="; ".join(filter(None, (verdict.detail, said))))
    return Nothing(said) if isinstance(verdict, Nothing) else verdict


def _beside_lost(approved: Approved, quantity: Decimal, lost: list[OrderRecord]) -> Verdict:
    """Send at most `quantity`, what would be too much in no case, and call a person for the rest.

    Of a lost order nobody knows whether it fills. What is not sent leaves a known position, which
    a person who was called can close within minutes; what is sent twice opens the other side, at
    any size and with nobody looking. So the rest is not sent, and never said to be done.
    """
    if quantity >= approved.quantity:
        return approved
    reason = (
        f"may already be on its way with {names_of(lost)}, which the broker lists nowhere: look "
        f"for it in TWS, then: alertwire resolve {' / '.join(order.command_id for order in lost)}"
    )
    if quantity <= 0:
        return Refused(f"{reason}, and send it again", alarm=BESIDE_LOST)
    missing = f"{(approved.quantity - quantity).normalize():f} of it {reason}"
    detail = "; ".join(part for part in (approved.detail, missing) if part)
    return Approved(approved.side, quantity, detail, alarm=BESIDE_LOST)


def _ahead(
    action: Action,
    wanted: Decimal | None,
    position: Decimal,
    live: list[OrderRecord],
    turned: MarketPosition | None,
) -> Verdict:
    """Start from where the market orders under way will bring the position."""
    market = [o for o in live if o.order_type is OrderType.MARKET and not o.is_vouched]
    working = [order for order in market if order.state is not OrderState.UNKNOWN]
    coming = sum((order.signed * order.remaining for order in working), ZERO)
    verdict = size(action, wanted, position + coming, turned)
    if isinstance(verdict, Nothing) and coming:
        return Nothing(f"already being brought there by {names_of(working)}")
    if not isinstance(verdict, Approved):
        return verdict
    # What may have been lost is not counted on, but not doubled either.
    lost = [o for o in market if o.state is OrderState.UNKNOWN and o.side is verdict.side]
    return _beside_lost(verdict, verdict.quantity - _rest(lost), lost)


def opened(
    command: OrderCommand, ticket: Ticket, position: Decimal, live: Iterable[OrderRecord]
) -> Decimal:
    """Return how many units of an order open a position; the rest of them close one.

    What is on its way closes first what it would close: orders at the market, those of its side in
    the same auction, and beside one that rests all that rest on its side. What is lost may have
    filled: nothing must be bare then.
    """
    before, lost = position, ZERO
    for order in live:
        is_beside = order.side is ticket.side and not order.is_leg
        is_rival = is_beside and (rests(command) or order.order_type is ticket.type)
        is_first = is_rival or order.order_type is OrderType.MARKET
        if not is_first or order.is_absent or order.order_ref == ticket.order_ref:
            continue
        if order.state is not OrderState.UNKNOWN:
            before += order.signed * order.remaining
        elif order.side is ticket.side:
            lost += order.signed * order.remaining
    change = ticket.quantity if ticket.side is Side.BUY else -ticket.quantity
    after = before + lost + change
    return ZERO if after * change <= 0 else min(abs(after), ticket.quantity)


def is_sure(order: OrderRecord) -> bool:
    """True for what will fill, unless only a person says that the broker has it."""
    return order.order_type in _SURE and not order.is_vouched


def rests(command: OrderCommand) -> bool:
    """True for an order that fills at its price or never."""
    return command.entry is not None and command.entry.type not in _SURE


def _closes_at_its_price(order: OrderRecord) -> bool:
    """True for a close that rests; what protects a position may stand beside one."""
    return not order.is_leg and not order.is_vouched


def _rest(orders: Iterable[OrderRecord]) -> Decimal:
    return sum((order.remaining for order in orders), ZERO)


def names_of(orders: Iterable[OrderRecord]) -> str:
    return ", ".join(
        f"{order.side.name.lower()} {order.remaining.normalize():f} "
        f"{order.order_type.name.lower()} (order {order.order_id}, {order.state.name.lower()})"
        for order in orders
    )


def _differs(order: OrderRecord, command: OrderCommand) -> bool:
    """True where an order that rests is not what a command asks for once more."""
    entry = command.entry
    if is_sure(order):
        return False
    return entry is None or (order.order_type, order.limit_price, order.stop_price) != (
        entry.type,
        entry.limit_price,
        entry.stop_price,
    )
