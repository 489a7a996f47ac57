"""The alert's idea of the position before it, held against the truth. Pure.

TradingView's emulator tells the strategy's position around each order. Where ours was another one,
something was missed: an alert, a fill, a trade by hand.
"""

from dataclasses import replace
from decimal import Decimal

from alertwire.money import ONE, ZERO
from alertwire.wire.alert import (
    Action,
    MarketPosition,
    QuantityType,
    Sizing,
    StrategyPosition,
)
from alertwire.wire.command import OrderCommand
from gateway.amounts import in_steps
from gateway.figures import figure


def mismatch(
    command: OrderCommand, position: Decimal, step: Decimal = ZERO, slack: Decimal = ZERO
) -> str:
    """Say both numbers where they differ; empty: they agree, or the alert told too little.

    What the alert expects is rounded as orders are, down to the contract's `step`; 0: not told.
    The position may be off it by `slack`.
    """
    told = command.position
    if told is None:
        return ""
    factor = command.multiplier or ONE
    side, size = told.previous_side or turned_side(command), told.previous_size
    expected = _signed(side, size, factor)
    if expected is None and side is None:
        expected = _before(command, told, factor)
    if expected is not None:
        expected = in_steps(expected, step)
        is_same = abs(expected - position) <= slack
        said = figure(expected)
    elif side is not None:
        is_same = side is _side(position)
        said = side.name.lower()
    else:
        return ""
    if is_same:
        return ""
    return f"the alert expects a position of {said} before it, and it is {figure(position)}"


def turned_side(command: OrderCommand) -> MarketPosition | None:
    """Return the side that a reversal turns round, by the position after it; None: not told."""
    if command.action is not Action.REVERSE or command.position is None:
        return None
    after = {MarketPosition.LONG: MarketPosition.SHORT, MarketPosition.SHORT: MarketPosition.LONG}
    return after.get(command.position.side) if command.position.side else None


def is_close(command: OrderCommand) -> bool:
    """True for what opens nothing wherever it starts from."""
    sizing = command.sizing
    is_flat = command.action is Action.TARGET and sizing is not None and not sizing.value
    return is_flat or command.action in {Action.EXIT, Action.FLATTEN}


def synced(command: OrderCommand) -> OrderCommand | None:
    """Return the command that trades to the position after it; None: the alert does not tell it."""
    told = command.position
    if told is None or command.action not in {Action.BUY, Action.SELL, Action.REVERSE}:
        # A target is one already, and an exit must not open anything.
        return None
    after = _signed(told.side, told.size, ONE)
    if after is None:
        return None
    sizing = Sizing(type=QuantityType.UNITS, value=after)
    return replace(command, action=Action.TARGET, sizing=sizing)


def _before(command: OrderCommand, told: StrategyPosition, factor: Decimal) -> Decimal | None:
    """Work out the position before a plain order from the one after it."""
    after, sizing = _signed(told.side, told.size, factor), command.sizing
    if after is None or sizing is None or sizing.type is not QuantityType.UNITS:
        return None
    change = sizing.value * factor
    match command.action, command.closes:
        case (Action.BUY, _) | (Action.EXIT, MarketPosition.SHORT):
            return after - change
        case (Action.SELL, _) | (Action.EXIT, MarketPosition.LONG):
            return after + change
    return None


def _signed(side: MarketPosition | None, size: Decimal | None, factor: Decimal) -> Decimal | None:
    if side is MarketPosition.FLAT:
        return ZERO
    if side is None or size is None:
        return None
    return abs(size) * factor * (1 if side is MarketPosition.LONG else -1)


def _side(position: Decimal) -> MarketPosition:
    if not position:
        return MarketPosition.FLAT
    return MarketPosition.LONG if position > 0 else MarketPosition.SHORT
