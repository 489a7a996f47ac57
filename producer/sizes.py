"""How much: the size of an order, and the strategy's position that came with it."""

from decimal import Decimal
from typing import Final

from alertwire.money import ZERO
from alertwire.wire.alert import Action, MarketPosition, QuantityType, Sizing, StrategyPosition
from producer.fields import Fields
from producer.refusal import Refused, unfit

_ENTRIES: Final = frozenset({Action.BUY, Action.SELL})
BY_RISK: Final = frozenset({QuantityType.RISK_CASH, QuantityType.RISK_PERCENT})
"""Sizes that follow from how far the stop is away."""


def read_sizing(
    fields: Fields, action: Action, position: StrategyPosition | None, fallback: Sizing | None
) -> Sizing | None:
    """Read the size that the action needs; `fallback` is that of an entry that gives none."""
    told = fields.member("quantity_type", QuantityType)
    kind = told or QuantityType.UNITS
    quantity = fields.size("quantity")
    if action is Action.MODIFY and quantity is not None:
        fields.wrong("quantity", "has no meaning with action modify; leave it out")
    if action in {Action.CANCEL, Action.FLATTEN, Action.MODIFY} or fields.refused:
        return None
    if action is Action.EXIT and kind in BY_RISK:
        fields.wrong(
            "quantity_type",
            "says what an entry may lose, and not how much of the position to close: send a number "
            "of units or percent_of_position, or no quantity for all of it",
        )
    if action is Action.TARGET:
        has_size = position is not None and position.size is not None
        if kind is QuantityType.UNITS and (quantity is None or has_size):
            quantity = _target(fields, quantity, position)
        else:
            quantity = _sided(fields, quantity, kind, position)
        # Nothing is nothing, of whatever is counted.
        kind = kind if quantity else QuantityType.UNITS
    elif quantity is not None and quantity <= 0:
        fields.wrong(
            "quantity",
            "must be above 0; the side is given by action: buy or sell, or use action target for "
            "a signed position",
        )
    elif quantity is None and told is not None and action in _ENTRIES:
        fields.refuse(missing_size(fields.called("quantity"), fields.called("quantity_type")))
    elif quantity is None and action in _ENTRIES:
        if fallback is None:
            fields.wrong(
                "quantity",
                "is missing; send {{strategy.order.contracts}}, or give the route a quantity in "
                "alertwire.toml",
                "missing",
            )
        return fallback
    elif quantity is None and kind is not QuantityType.UNITS:
        fields.refuse(missing_size(fields.called("quantity"), fields.called("quantity_type")))
    return None if quantity is None else Sizing(type=kind, value=quantity)


def missing_size(quantity: str, kind: str) -> Refused:
    """Refuse a kind of size without its number: what stands in for it may be of another kind."""
    return unfit(quantity, f"{quantity} is missing: {kind} says what it counts", "missing")


def read_position(fields: Fields) -> StrategyPosition | None:
    """Read the strategy's position, after the order and before it; side and size must agree."""
    position = StrategyPosition(
        side=fields.member("position", MarketPosition),
        size=fields.size("position_size"),
        previous_side=fields.member("prev_market_position", MarketPosition),
        previous_size=fields.size("prev_market_position_size"),
    )
    for side, size, name, of_side in (
        (position.side, position.size, "position_size", "position"),
        (
            position.previous_side,
            position.previous_size,
            "prev_market_position_size",
            "prev_market_position",
        ),
    ):
        if side is None or size is None:
            continue
        fits = {
            MarketPosition.FLAT: not size,
            # {{strategy.position_size}} comes signed already.
            MarketPosition.SHORT: bool(size),
            MarketPosition.LONG: size > 0,
        }
        if not fits[side]:
            fields.wrong(name, f"{size} contradicts {fields.called(of_side)} {side.name.lower()}")
    return None if position == StrategyPosition() else position


def _sided(
    fields: Fields,
    quantity: Decimal | None,
    kind: QuantityType,
    position: StrategyPosition | None,
) -> Decimal | None:
    """Return a target in money or percent, signed by the side where that is told."""
    if quantity is None:
        fields.wrong("quantity", "is missing", "missing")
    side = None if position is None else position.side
    if quantity is None or side is None:
        return quantity
    called = f"{fields.called('position')} {side.name.lower()}"
    if side is MarketPosition.FLAT:
        return ZERO
    if not quantity or (quantity < 0 and side is MarketPosition.LONG):
        fields.wrong("quantity", f"{quantity} contradicts {called}")
    if kind is QuantityType.PERCENT_OF_POSITION:
        # Of whichever side is held.
        return quantity
    return -abs(quantity) if side is MarketPosition.SHORT else quantity


def _target(
    fields: Fields, quantity: Decimal | None, position: StrategyPosition | None
) -> Decimal | None:
    """Return the signed position to trade to."""
    told = _signed(fields, position) if position and position.side else None
    if fields.refused:
        return None
    if quantity is None and told is None:
        fields.wrong(
            "quantity",
            "is missing: action target needs a signed quantity, or position and position_size",
            "missing",
        )
    if quantity is not None and told is not None and quantity != told:
        fields.wrong(
            "quantity",
            f"{quantity} and position {told} name two targets; for action target send only one "
            f"of them",
        )
    return told if quantity is None else quantity


def _signed(fields: Fields, position: StrategyPosition) -> Decimal | None:
    """Sign the size by its side, with which it agrees. `{{strategy.position_size}}` is signed."""
    if position.side is MarketPosition.FLAT:
        return ZERO
    if not position.size:
        fields.wrong("position_size", "is needed where position is long or short")
        return None
    return -abs(position.size) if position.side is MarketPosition.SHORT else position.size
