"""The native alert: one flat JSON object, every value may arrive as a string."""

from typing import Any, Final

from alertwire.configuration import Route
from alertwire.trading import MismatchPolicy
from producer.dialects.assembly import lowered, named, no_object
from producer.dialects.document import Document
from producer.dialects.reading import Context, Draft
from producer.refusal import Refused, unfit

NAME: Final = "native"
KNOWN: Final = frozenset(
    """
    strategy symbol action quantity quantity_type order_type limit_price stop_price trail_amount
    trail_percent closes scope take_profit stop_loss time_in_force good_till good_after
    outside_rth account accounts comment id max_age_s order_id price bar_time time interval position
    position_size market_position market_position_size prev_market_position
    prev_market_position_size
    """.split()  # noqa: SIM905 - a list of quoted words would take a page
)
_NAMES: Final = lowered(*KNOWN)
_LETTERS: Final = {name.replace("_", ""): name for name in KNOWN}
_ACTIONS: Final = frozenset(
    {"buy", "sell", "exit", "reverse", "cancel", "flatten", "target", "modify"}
)


class Native:
    NAME = NAME

    def recognises(self, document: Document) -> bool:
        # `class` and `fixed` are SignalStack's.
        return (
            document.has("symbol")
            and document.word("action") in _ACTIONS
            and not document.has("class")
            and document.word("quantity_type") != "fixed"
        )

    def translate(self, document: Document, context: Context) -> Draft | Refused:
        if refused := no_object(document):
            return refused
        values, extras, repairs = named(document, _NAMES)
        for name in extras:
            # Ignored, `orderType` would send a limit order to the market.
            letters = name.lower().replace("_", "").replace("-", "").replace(" ", "")
            if meant := _LETTERS.get(letters):
                return unfit(name[:64], f"{name[:64]} is not read; write {meant}")
        content = {**values, **extras}
        action = document.word("action")
        if reason := _only_reduces(action, values, context.route):
            # What the account missed must not become a position on the other side.
            values["action"] = "exit"
            # Nor may it buy what a sell was to close: an account out of step is left alone.
            values["closes"] = values.get("closes") or ("long" if action == "sell" else "short")
            repairs.append(f"read {action} as exit: {reason}")
            if refused := _part(action, values, context.route):
                return refused
        return Draft(dialect=NAME, values=values, extras=extras, repairs=repairs, content=content)


def _only_reduces(action: str, values: dict[str, Any], route: Route) -> str:
    """Say why a trade opens nothing, by the position that the alert tells after it; empty: it may.

    A route that syncs trades to that position instead, where the alert tells its size.
    """
    after = _after(values)
    if action not in {"buy", "sell"}:
        return ""
    if after == "flat":
        return "the position after it is flat"
    size = values.get("position_size") or values.get("market_position_size")
    if size and route.position_mismatch is MismatchPolicy.SYNC:
        return ""
    is_part = (action, after) in {("sell", "long"), ("buy", "short")}
    return f"the position after it is still {after}" if is_part else ""


def _part(action: str, values: dict[str, Any], route: Route) -> Refused | None:
    """Give the close of a part its size: without one it would close all."""
    if _after(values) == "flat" or values.get("quantity") not in (None, ""):
        return None
    if route.quantity is None:
        return unfit(
            "quantity",
            f"quantity is missing: {action} and still {_after(values)} closes a part",
            "missing",
        )
    values["quantity"] = str(route.quantity)
    values["quantity_type"] = route.quantity_type.name.lower()
    return None


def _after(values: dict[str, Any]) -> str:
    side = values.get("position") or values.get("market_position")
    return side.strip().lower() if isinstance(side, str) else ""
