"""One family: an entry and the orders that protect what it opens. Pure: values in, tickets out.

Everything is sent back to back; only the last order says transmit, so that TWS holds the entry
until all of its protection is there, and lets none of it work where the connection dies in between
(TWS API: "Bracket orders"). The stops come last: where TWS refuses the last one, nothing works at
all. See docs/adr for the choice of groups.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal
from itertools import count
from string import ascii_lowercase
from typing import Final

from alertwire.identity import order_ref
from alertwire.money import ONE, ZERO
from alertwire.wire.alert import Entry, OrderType, StopLoss, TakeProfit
from alertwire.wire.report import OrderRole, Side
from gateway.sizing import Refused
from gateway.tickets import Adjustment, Ticket, untellable

TAKE_PROFITS_MAX: Final = 8
"""Parts of one position; IB lets 20 orders work per contract, side and account."""
REDUCE_WITH_BLOCK: Final = 2
"""OCA type: a fill takes as much off the others, and only one of them is at the exchange at a time,
so that no two can fill together (TWS API: "One cancels all")."""
_HUNDRED: Final = Decimal(100)
_PERCENT_UNIT: Final = 100
"""TWS's unit of a trailing adjustment in percent; 0 is an amount."""

Increment = Callable[[Decimal], Decimal]
"""The price increment at a price; 0: not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What levels and sizes of protective orders are worked out from."""

    account: str
    side: Side
    """The side that closes."""
    quantity: Decimal
    """Units to protect."""
    reference: Decimal | None
    """The price of the entry, or the best that is known of it."""
    outside_rth: bool
    lot: Decimal = ZERO
    """Steps of a quantity; 0: not told."""
    increment_at: Increment = lambda _price: ZERO

    @property
    def sign(self) -> int:
        """1 where a rising price is a profit."""
        return 1 if self.side is Side.SELL else -1

    def away(self, distance: Decimal) -> Decimal:
        """Return the price at this much profit; negative: loss."""
        return (self.reference or ZERO) + self.sign * distance

    def rounded(self, price: Decimal) -> Decimal:
        """Round to what the exchange takes: never less profit and never more risk than asked."""
        step = self.increment_at(price)
        if not step:
            return price
        rounding = ROUND_CEILING if self.side is Side.SELL else ROUND_FLOOR
        return (price / step).to_integral_value(rounding) * step


def reference_of(entry: Entry | None, told: Decimal | None) -> Decimal | None:
    """Return the price that an entry is expected at: its own, else what was told of the market."""
    if entry is None or entry.type is OrderType.MARKET:
        return told
    return entry.limit_price or entry.stop_price or told


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
    taken: Sequence[str] = (),
) -> list[Ticket] | Refused:
    """Write the protective orders of a position, part by part, each part its own OCA group.

    `taken`: references that are in use. The order ids are still 0.
    """
    shares = portions(ground.quantity, take_profits, ground.lot)
    if isinstance(shares, Refused):
        return shares
    goals: list[Decimal | None] = []
    for target in take_profits:
        level = _goal(target, ground)
        if isinstance(level, Refused):
            return level
        goals.append(level)
    goals += [None] * (len(shares) - len(goals))
    form = _stop(stop_loss, ground) if stop_loss is not None else None
    if isinstance(form, Refused):
        return form
    if reason := _crossed(goals, form, ground):
        return Refused(reason)
    refs = (
        ref for letter in ascii_lowercase if (ref := order_ref(command_id, letter)) not in taken
    )
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
            found.append(
                replace(blank, order_ref=next(refs), limit_price=goal, role=OrderRole.TAKE_PROFIT)
            )
        if form is not None:
            found.append(form.on(blank, next(refs)))
    prices = [price for leg in found for price in (leg.limit_price, leg.aux_price) if price]
    if reason := next((said for price in prices if (said := untellable(price))), ""):
        return Refused(reason)
    return found


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
    if sum_told > _HUNDRED:
        return Refused(f"the portions of the take profits make {sum_told:f} %, more than 100")
    open_ = told.count(None)
    if open_ and sum_told == _HUNDRED:
        return Refused("the portions of the take profits make 100 %, and one has none left")
    step = lot or _finest(total)
    shares: list[Decimal] = []
    for number, part in enumerate(told, start=1):
        percent = (_HUNDRED - sum_told) / open_ if part is None else part
        is_rest = number == len(told) and (open_ > 0 or sum_told == _HUNDRED)
        share = total * percent / _HUNDRED
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


@dataclass(frozen=True, slots=True)
class _Stop:
    """How the stop of every part is written."""

    type: OrderType
    tws_type: str
    price: Decimal | None = None
    limit_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    adjustment: Adjustment | None = None

    def on(self, blank: Ticket, ref: str) -> Ticket:
        trails = self.type is OrderType.TRAILING_STOP
        return replace(
            blank,
            order_ref=ref,
            role=OrderRole.STOP_LOSS,
            type=self.type,
            tws_type=self.tws_type,
            limit_price=self.limit_price,
            aux_price=self.trail_amount if trails else self.price,
            trail_percent=self.trail_percent if self.trail_amount is None else None,
            trail_stop_price=self.price if trails else None,
            adjustment=self.adjustment,
        )


def _goal(target: TakeProfit, ground: Ground) -> Decimal | Refused:
    level = _level("take_profit", target, ground, 1)
    return Refused("a take_profit needs price, percent or offset") if level is None else level


def _stop(stop: StopLoss, ground: Ground) -> _Stop | Refused:
    level = _level("stop_loss", stop, ground, -1)
    if isinstance(level, Refused):
        return level
    trails = stop.trail_amount is not None or stop.trail_percent is not None
    distances = {
        "trail_amount": stop.trail_amount,
        "trail_percent": stop.trail_percent,
        "break_even_trigger": stop.break_even_trigger,
        "trail_trigger": stop.trail_trigger,
    }
    if bad := next(
        (name for name, value in distances.items() if value is not None and value <= 0), ""
    ):
        return Refused(f"stop_loss.{bad} must be above zero")
    if reason := _unclear(stop, level, trails=trails):
        return Refused(reason)
    if trails and stop.trail_trigger is None:
        return _Stop(
            OrderType.TRAILING_STOP,
            "TRAIL",
            level,
            trail_amount=stop.trail_amount,
            trail_percent=stop.trail_percent,
        )
    if stop.limit_price is not None:
        return _Stop(OrderType.STOP_LIMIT, "STP LMT", level, ground.rounded(stop.limit_price))
    adjustment = _adjustment(stop, ground)
    if isinstance(adjustment, Refused):
        return adjustment
    return _Stop(OrderType.STOP, "STP", level, adjustment=adjustment)


def _unclear(stop: StopLoss, level: Decimal | None, *, trails: bool) -> str:
    """Say what one stop cannot be at once."""
    if stop.trail_trigger is not None and not trails:
        return "stop_loss.trail_trigger needs trail_amount or trail_percent"
    if stop.trail_trigger is not None and stop.break_even_trigger is not None:
        return (
            "stop_loss has break_even_trigger and trail_trigger: the broker changes a stop once; "
            "send one of them"
        )
    if trails and stop.trail_trigger is None and stop.break_even_trigger is not None:
        return "stop_loss trails at once: break_even_trigger has no meaning beside it"
    if level is None and (not trails or stop.trail_trigger is not None):
        return "stop_loss needs price, percent or offset, or trail_amount or trail_percent alone"
    is_plain = not trails and stop.break_even_trigger is None
    if stop.limit_price is not None and not is_plain:
        return "stop_loss.limit_price has no meaning with a stop that trails or moves"
    if stop.break_even_offset is not None and stop.break_even_trigger is None:
        return "stop_loss.break_even_offset needs break_even_trigger"
    return ""


def _adjustment(stop: StopLoss, ground: Ground) -> Adjustment | Refused | None:
    """Write how the broker is to change the stop by itself (TWS API: "Adjustable stops")."""
    trigger = stop.break_even_trigger or stop.trail_trigger
    if trigger is None:
        return None
    if ground.reference is None:
        return _no_reference("stop_loss", "a trigger")
    at = ground.rounded(ground.away(trigger))
    if stop.break_even_trigger is not None:
        even = ground.rounded(ground.away(stop.break_even_offset or ZERO))
        if (at - even) * ground.sign <= 0:
            return Refused(
                f"stop_loss would move to {even.normalize():f} at {at.normalize():f}, where it "
                "triggers at once: break_even_offset must be below break_even_trigger"
            )
        return Adjustment("STP", at, even)
    if stop.trail_amount is not None:
        begins = ground.rounded(at - ground.sign * stop.trail_amount)
        return Adjustment("TRAIL", at, begins, stop.trail_amount)
    percent = stop.trail_percent or ZERO
    begins = ground.rounded(at * (ONE - ground.sign * percent / _HUNDRED))
    return Adjustment("TRAIL", at, begins, percent, _PERCENT_UNIT)


def _level(
    name: str, spec: TakeProfit | StopLoss, ground: Ground, favour: int
) -> Decimal | Refused | None:
    """Work a level out; None: the alert gives none."""
    if spec.price is not None:
        price = spec.price
    else:
        given = "percent" if spec.percent is not None else "offset"
        distance = spec.percent if spec.percent is not None else spec.offset
        if distance is None:
            return None
        if distance <= 0:
            return Refused(f"{name}.{given} must be above zero, it was {distance:f}")
        if ground.reference is None:
            return _no_reference(name, given)
        if given == "percent":
            distance = ground.reference * distance / _HUNDRED
        price = ground.away(favour * distance)
    level = ground.rounded(price)
    if level <= 0:
        return Refused(f"{name} would be at {level.normalize():f}: it must be above zero")
    if ground.reference is not None and (level - ground.reference) * ground.sign * favour <= 0:
        where = "above" if ground.sign * favour > 0 else "below"
        return Refused(
            f"{name} at {level.normalize():f} is on the wrong side: it must be {where} the "
            f"entry's {ground.reference.normalize():f}"
        )
    return level


def _crossed(goals: list[Decimal | None], stop: _Stop | None, ground: Ground) -> str:
    """Say which take profit lies beyond the stop, where no entry price told it."""
    if stop is None or stop.price is None:
        return ""
    for goal in goals:
        if goal is not None and (goal - stop.price) * ground.sign <= 0:
            return (
                f"take_profit at {goal.normalize():f} and stop_loss at {stop.price.normalize():f} "
                "are on the wrong sides of each other"
            )
    return ""


def _no_reference(name: str, given: str) -> Refused:
    return Refused(
        f"{name} with {given} needs the price of the entry, and a market order has none: "
        "add the field price with {{close}} to the alert, or give its price"
    )


def _lots(quantity: Decimal, step: Decimal) -> Decimal:
    return (quantity / step).to_integral_value(ROUND_DOWN) * step


def _finest(total: Decimal) -> Decimal:
    """Return a step for a quantity of which no lot is known: as fine as it was given."""
    exponent = total.normalize().as_tuple().exponent
    return Decimal(1).scaleb(min(exponent, 0)) if isinstance(exponent, int) else ONE
