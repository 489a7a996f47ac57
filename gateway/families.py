"""One family: an entry and the orders that protect what it opens. Pure: values in, tickets out.

Everything is sent back to back; only the last order says transmit, so that TWS holds the entry
until all of its protection is there, and lets none of it work where the connection dies in between
(TWS API: "Bracket orders"). The stops come last: where TWS refuses the last one, nothing works at
all. See docs/adr for the choice of groups.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from itertools import count
from string import ascii_lowercase
from typing import Final

from alertwire.identity import order_ref
from alertwire.money import ONE, ZERO
from alertwire.wire.alert import Action, OrderType, StopLoss, TakeProfit
from alertwire.wire.command import OrderCommand
from alertwire.wire.report import OrderRole
from gateway.amounts import own_price
from gateway.levels import HUNDRED, Ground, crossed, goal_of, rounding, stop_of
from gateway.sizing import Refused
from gateway.tickets import Ticket, untellable

TAKE_PROFITS_MAX: Final = 8
"""Parts of one position; IB lets 20 orders work per contract, side and account."""
REDUCE_WITH_BLOCK: Final = 2
"""OCA type: a fill takes as much off the others, and only one of them is at the exchange at a time,
so that no two can fill together (TWS API: "One cancels all")."""


def protects(command: OrderCommand) -> bool:
    """True for a command that tells orders which protect a position."""
    return bool(command.take_profits) or command.stop_loss is not None


def needs_market(command: OrderCommand) -> bool:
    """Tell whether the market's price is needed for the levels of what protects an entry."""
    if own_price(command.entry) is not None or command.action in {Action.MODIFY, Action.EXIT}:
        return False
    stop = command.stop_loss
    levels: list[TakeProfit | StopLoss] = [*command.take_profits, *([stop] if stop else [])]
    moves = stop is not None and bool(stop.break_even_trigger or stop.trail_trigger)
    return moves or any(one.percent is not None or one.offset is not None for one in levels)


def compose(
    entry: Ticket,
    command_id: str,
    take_profits: Sequence[TakeProfit],
    stop_loss: StopLoss | None,
    ground: Ground,
) -> tuple[Ticket, ...] | Refused:
    """Write an entry's whole family, in the order in which it is sent."""
    found = legs(command_id, take_profits, stop_loss, ground)
    if isinstance(found, Refused):
        return found
    found.sort(key=lambda leg: leg.role is OrderRole.STOP_LOSS)
    numbers = count(entry.order_id + 1)
    family = [
        entry,
        *(
            replace(
                leg, order_id=next(numbers), parent_id=entry.order_id, parent_ref=entry.order_ref
            )
            for leg in found
        ),
    ]
    last = family.pop()
    return (*(replace(one, transmit=False) for one in family), last)


def legs(
    command_id: str,
    take_profits: Sequence[TakeProfit],
    stop_loss: StopLoss | None,
    ground: Ground,
) -> list[Ticket] | Refused:
    """Write the protective orders of a position, part by part, each part its own OCA group.

    Their order ids are still 0.
    """
    shares = portions(ground.quantity, take_profits, ground.lot)
    if isinstance(shares, Refused):
        return shares
    goals: list[Decimal | None] = []
    for target in take_profits:
        level = goal_of(target, ground)
        if isinstance(level, Refused):
            return level
        goals.append(level)
    goals += [None] * (len(shares) - len(goals))
    form = stop_of(stop_loss, ground) if stop_loss is not None else None
    if isinstance(form, Refused):
        return form
    if reason := crossed(goals, form, ground):
        return Refused(reason)
    refs = (order_ref(command_id, letter) for letter in ascii_lowercase)
    found: list[Ticket] = []
    for number, (share, goal) in enumerate(zip(shares, goals, strict=True), start=1):
        blank = Ticket(
            order_id=0,
            order_ref="",
            account=ground.account,
            side=ground.side,
            quantity=share,
            type=OrderType.LIMIT,
            tws_type="LMT",
            time_in_force="GTC",
            outside_rth=ground.outside_rth,
            oca_group=f"{command_id}/{number}",
            oca_type=REDUCE_WITH_BLOCK,
        )
        if goal is not None:
            leg = replace(blank, order_ref=next(refs), limit_price=goal, role=OrderRole.TAKE_PROFIT)
            found.append(_remarked(leg, take_profits[number - 1], None))
        if form is not None:
            found.append(_remarked(form.on(blank, next(refs)), None, stop_loss))
    told = [_told(leg) for leg in found]
    return next((one for one in told if isinstance(one, Refused)), found)


def at_goal(ticket: Ticket, target: TakeProfit, ground: Ground) -> Ticket | Refused:
    """Write a take profit that works, or its new sibling, with another price."""
    level = goal_of(target, ground)
    if isinstance(level, Refused):
        return level
    return _told(_remarked(replace(ticket, limit_price=level), target, None))


def at_stop(ticket: Ticket, stop: StopLoss, ground: Ground) -> Ticket | Refused:
    """Write a stop that works, or its new sibling, with other prices."""
    form = stop_of(stop, ground)
    if isinstance(form, Refused):
        return form
    return _told(_remarked(form.on(ticket, ticket.order_ref), None, stop))


def _remarked(leg: Ticket, target: TakeProfit | None, stop: StopLoss | None) -> Ticket:
    return replace(leg, remark=rounding(leg, target, stop))


def remarks(tickets: Iterable[Ticket]) -> list[str]:
    """Return what of these orders is not as it was asked for, each once."""
    return [remark for remark in dict.fromkeys(ticket.remark for ticket in tickets) if remark]


def _told(leg: Ticket) -> Ticket | Refused:
    """Return a protective order if the broker can be told all of its numbers."""
    reason = untellable(leg)
    if not reason:
        return leg
    name = "stop_loss" if leg.role is OrderRole.STOP_LOSS else "take_profit"
    return Refused(f"{name}: {reason}; give its prices in steps of the contract")


def blank_beside(other: Ticket, role: OrderRole) -> Ticket:
    """Begin an order that shares the part, the group and the fate of another one."""
    return Ticket(
        order_id=0,
        order_ref="",
        account=other.account,
        side=other.side,
        quantity=other.quantity,
        type=OrderType.LIMIT,
        tws_type="LMT",
        time_in_force=other.time_in_force,
        outside_rth=other.outside_rth,
        oca_group=other.oca_group,
        oca_type=other.oca_type,
        role=role,
        whole=other.whole,
    )


def free_ref(command_id: str, taken: Collection[str]) -> str:
    """Name one more order of a command."""
    named = (order_ref(command_id, letter) for letter in ascii_lowercase)
    return next(ref for ref in named if ref not in taken)


def renumbered(tickets: Sequence[Ticket], numbers: Sequence[int]) -> list[Ticket]:
    """Give a family other ids, its children the entry's new one."""
    ids = dict(zip((ticket.order_id for ticket in tickets), numbers, strict=True))
    return [
        replace(
            ticket,
            order_id=ids[ticket.order_id],
            parent_id=ids.get(ticket.parent_id, ticket.parent_id),
        )
        for ticket in tickets
    ]


def portions(
    total: Decimal, take_profits: Sequence[TakeProfit], lot: Decimal = ZERO
) -> list[Decimal] | Refused:
    """Share a quantity out, in whole lots; what no take profit closes is the last, if any.

    Where the portions make up the whole, the last one takes what rounding left.
    """
    if not take_profits:
        return [total]
    if len(take_profits) > TAKE_PROFITS_MAX:
        return Refused(f"{len(take_profits)} take profits: at most {TAKE_PROFITS_MAX} are possible")
    told = [target.portion_percent for target in take_profits]
    if bad := next((part for part in told if part is not None and part <= 0), None):
        return Refused(f"portion_percent must be above zero, it was {bad:f}")
    sum_told = sum((part for part in told if part is not None), ZERO)
    if sum_told > HUNDRED:
        return Refused(f"the portions of the take profits make {sum_told:f} %, more than 100")
    open_ = told.count(None)
    if open_ and sum_told == HUNDRED:
        return Refused("the portions of the take profits make 100 %, and one has none left")
    step = lot or _finest(total)
    shares: list[Decimal] = []
    for number, part in enumerate(told, start=1):
        percent = (HUNDRED - sum_told) / open_ if part is None else part
        is_rest = number == len(told) and (open_ > 0 or sum_told == HUNDRED)
        share = total * percent / HUNDRED
        share = total - sum(shares, ZERO) if is_rest else _lots(share, step)
        if share <= 0:
            said = f"{round(percent, 4).normalize():f} % of {total.normalize():f}"
            return Refused(
                f"take profit {number} closes nothing: {said} is less than one lot of {step:f}; "
                "take fewer parts or a larger size"
            )
        shares.append(share)
    rest = total - sum(shares, ZERO)
    return [*shares, rest] if rest > 0 else shares


def _lots(quantity: Decimal, step: Decimal) -> Decimal:
    return (quantity / step).to_integral_value(ROUND_DOWN) * step


def _finest(total: Decimal) -> Decimal:
    """Return a step for a quantity of which no lot is known: as fine as it was given."""
    exponent = total.normalize().as_tuple().exponent
    return Decimal(1).scaleb(min(exponent, 0)) if isinstance(exponent, int) else ONE
