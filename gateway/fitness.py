"""Commands whose parts contradict each other, or ask for what this gateway cannot do. Pure."""

from typing import Final

from alertwire.wire.alert import Action, MarketPosition
from alertwire.wire.command import OrderCommand

_SIDED: Final = frozenset({Action.EXIT, Action.CANCEL, Action.MODIFY, Action.FLATTEN})
"""What may be about one side only."""
_PROTECTING: Final = frozenset(
    {Action.BUY, Action.SELL, Action.REVERSE, Action.TARGET, Action.MODIFY, Action.EXIT}
)
"""What may open a position, or say how it ends."""


def unfit(command: OrderCommand) -> str:
    """Name what this gateway cannot do yet; empty: nothing."""
    if command.action is None:
        return "no action"
    if command.closes is MarketPosition.FLAT:
        return "closes must be long or short"
    if command.closes is not None and command.action not in _SIDED:
        return f"closes has no meaning with {command.action.name.lower()}"
    if command.scope is not None and command.action not in {Action.CANCEL, Action.FLATTEN}:
        return f"scope has no meaning with {command.action.name.lower()}"
    if (command.take_profits or command.stop_loss) and command.action not in _PROTECTING:
        return f"take_profit and stop_loss have no meaning with {command.action.name.lower()}"
    return ""
