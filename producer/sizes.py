"""How much: the size of an order, and the strategy's position that came with it."""

from decimal import Decimal
from typing import Final

from alertwire.money import ZERO
from alertwire.wire.alert import Action, MarketPosition, QuantityType, Sizing, StrategyPosition
from producer.fields import Fields

BY_RISK: Final = frozenset({QuantityType.RISK_CASH, QuantityType.RISK_PERCENT})
"""Sizes that follow from how far the stop is away."""


def read_sizing(
    fields: Fields, action: Action, position: StrategyPosition | None, fallback: Sizing | None
) -> Sizing | None:
    """Read the size that the action needs; `fallback` is that of an entry that gives none."""
    kind = fields.member("quantity_type", QuantityType) or QuantityType.UNITS
    quantity = fields.size("quantity")
    if action is Action.MODIFY and quantity is not None:
        fields.wrong("quantity", "has no meaning with action modify; leave it out")
    if action in {Action.CANCEL, Action.FLATTEN, Action.MODIFY} or fields.refused:
        return None
    if action is Action.TARGET:
        if kind is QuantityType.UNITS:
            quantity = _target(fields, quantity, position)
        elif quantity is None:
            fields.wrong("quantity", "is missing", "missing")
    elif quantity is not None and quantity <= 0:
        fields.wrong(
            "quantity",
            "must be above 0; the side is given by action: buy or sell, or use action target for "
            "a signed position",
        )
    elif quantity is None and action in {Action.BUY, Action.SELL}:
        if fallback is None:
            fields.wrong(
                "quantity",
                "is missing; send {{strategy.order.contracts}}, or give the route a quantity in "
                "alertwire.toml",
                "missing",
            )
        return fallback
    return None if quantity is None else Sizing(type=kind, value=quantity)


def read_position(fields: Fields) -> StrategyPosition | None:
    """Read the strategy's position, under TradingView's names and under shorter ones."""
    names = [
        (short if fields.has(short) else f"market_{short}")
        for short in ("position", "position_size")
    ]
    position = StrategyPosition(
        side=fields.member(names[0], MarketPosition),
        size=fields.size(names[1]),
        previous_side=fields.member("prev_market_position", MarketPosition),
        previous_size=fields.size("prev_market_position_size"),
    )
    return None if position == StrategyPosition() else position


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
    """Sign the size by its side. `{{strategy.position_size}}` comes signed already."""
    size = position.size
    if position.side is MarketPosition.FLAT:
        if size:
            fields.wrong("position_size", f"{size} contradicts position flat")
        return ZERO
    if not size:
        fields.wrong("position_size", "is needed and not 0 where position is long or short")
        return None
    if position.side is MarketPosition.SHORT:
        return -abs(size)
    if size < 0:
        fields.wrong("position_size", f"{size} contradicts position long")
    return size
