"""Where protective orders lie: levels from prices, percents and distances. Pure.

Stops that the broker moves by itself: TWS API, "Adjustable stops".
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from alertwire.money import ONE, ZERO
from alertwire.wire.alert import OrderType, StopLoss, TakeProfit
from alertwire.wire.report import OrderRole, Side
from gateway.forms import lacks
from gateway.sizing import Refused
from gateway.tickets import Adjustment, Ticket

HUNDRED: Final = Decimal(100)
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
    min_tick: Decimal = ZERO
    """The finest price increment anywhere; 0: not told."""
    order_types: frozenset[str] = frozenset()
    """What the contract takes, as the broker lists it; empty: not told."""
    is_open: bool = False
    """The position is held: the market, not its entry, says which side of a price is wrong."""

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

    def closer(self, distance: Decimal) -> Decimal:
        """Round a trailing distance to what the exchange takes: it follows closer, never farther.

        Below one step nothing could be told.
        """
        near = self.reference
        step = self.min_tick if near is None else self.increment_at(near)
        if not step:
            return distance
        return max((distance / step).to_integral_value(ROUND_FLOOR) * step, step)


@dataclass(frozen=True, slots=True)
class StopForm:
    """How the stop of every part is written."""

    type: OrderType
    tws_type: str
    price: Decimal | None = None
    limit_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    adjustment: Adjustment | None = None

    def on(self, blank: Ticket, ref: str) -> Ticket:
        """Write it on a ticket."""
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


def goal_of(target: TakeProfit, ground: Ground) -> Decimal | Refused:
    """Work out where a take profit lies."""
    level = _level("take_profit", target, ground, 1)
    return Refused("a take_profit needs price, percent or offset") if level is None else level


def stop_of(stop: StopLoss, ground: Ground) -> StopForm | Refused:
    """Work out how a stop is written, as far as the contract takes it."""
    form = _form(stop, ground)
    if isinstance(form, Refused):
        return form
    change = form.adjustment
    for kind in (form.tws_type, change.tws_type if change else form.tws_type):
        if lacks(kind, ground.order_types):
            return Refused(
                f"a stop_loss of type {kind} is not taken for this contract: IB lists none for "
                "it; give price, percent or offset alone"
            )
    return form


def _form(stop: StopLoss, ground: Ground) -> StopForm | Refused:
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
    if stop.trail_percent is not None and stop.trail_percent >= HUNDRED:
        return Refused(f"stop_loss.trail_percent must be below 100, it was {stop.trail_percent:f}")
    if reason := _unclear(stop, level, trails=trails):
        return Refused(reason)
    if trails and stop.trail_trigger is None:
        return StopForm(
            OrderType.TRAILING_STOP,
            "TRAIL",
            level,
            trail_amount=None if stop.trail_amount is None else ground.closer(stop.trail_amount),
            trail_percent=stop.trail_percent,
        )
    if stop.limit_price is not None:
        return StopForm(OrderType.STOP_LIMIT, "STP LMT", level, ground.rounded(stop.limit_price))
    adjustment = _adjustment(stop, ground)
    if isinstance(adjustment, Refused):
        return adjustment
    return StopForm(OrderType.STOP, "STP", level, adjustment=adjustment)


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
    if at <= 0:
        return Refused(f"stop_loss would move at {at.normalize():f}: it must be above zero")
    if stop.break_even_trigger is not None:
        even = ground.rounded(ground.away(stop.break_even_offset or ZERO))
        if (at - even) * ground.sign <= 0:
            return Refused(
                f"stop_loss would move to {even.normalize():f} at {at.normalize():f}, where it "
                "triggers at once: break_even_offset must be below break_even_trigger"
            )
        return Adjustment("STP", at, even)
    if stop.trail_amount is not None:
        trail = ground.closer(stop.trail_amount)
        begins = ground.rounded(at - ground.sign * trail)
        return Adjustment("TRAIL", at, begins, trail)
    percent = stop.trail_percent or ZERO
    begins = ground.rounded(at * (ONE - ground.sign * percent / HUNDRED))
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
            distance = ground.reference * distance / HUNDRED
        price = ground.away(favour * distance)
    level = ground.rounded(price)
    if level <= 0:
        return Refused(f"{name} would be at {level.normalize():f}: it must be above zero")
    entry = None if ground.is_open else ground.reference
    if entry is not None and (level - entry) * ground.sign * favour <= 0:
        where = "above" if ground.sign * favour > 0 else "below"
        return Refused(
            f"{name} at {level.normalize():f} is on the wrong side: it must be {where} the "
            f"entry's {entry.normalize():f}"
        )
    return level


def rounding(leg: Ticket, target: TakeProfit | None, stop: StopLoss | None) -> str:
    """Tell which price that was given is another one in steps of the contract; empty: none."""
    trail = leg.adjustment.trail if leg.adjustment else leg.aux_price
    starts = leg.trail_stop_price if leg.tws_type == "TRAIL" else leg.aux_price
    pairs: list[tuple[str, Decimal | None, Decimal | None]] = []
    if leg.role is OrderRole.TAKE_PROFIT and target is not None:
        pairs = [("take_profit.price", target.price, leg.limit_price)]
    elif leg.role is OrderRole.STOP_LOSS and stop is not None:
        pairs = [
            ("stop_loss.price", stop.price, starts),
            ("stop_loss.limit_price", stop.limit_price, leg.limit_price),
            ("stop_loss.trail_amount", stop.trail_amount, trail),
        ]
    return "; ".join(
        f"{name} {asked.normalize():f} is {used.normalize():f} in steps of the contract"
        for name, asked, used in pairs
        if asked is not None and used is not None and asked != used
    )


def crossed(goals: list[Decimal | None], stop: StopForm | None, ground: Ground) -> str:
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
