"""The native alert: one flat JSON object, every value may arrive as a string."""

from typing import Any, Final

from producer.dialects.assembly import lowered, named, no_object
from producer.dialects.document import Document
from producer.dialects.positions import (
    FIELDS,
    LEGS,
    against_position,
    leave_legs_out,
    read_after,
    reduce,
)
from producer.dialects.reading import Context, Draft
from producer.refusal import Refused, unfit

NAME: Final = "native"
KNOWN: Final = frozenset(
    """
    strategy symbol action quantity quantity_type order_type limit_price stop_price trail_amount
    trail_percent closes scope take_profit stop_loss time_in_force good_till good_after
    outside_rth account accounts comment id max_age_s order_id price bar_time time interval
    exchange currency cancel_working_first
    """.split()  # noqa: SIM905 - a list of quoted words would take a page
) | {*FIELDS}
_NAMES: Final = lowered(*KNOWN)
_LETTERS: Final = {name.replace("_", ""): name for name in KNOWN}
_OF_ORDERS: Final = (
    *("take_profit", "stop_loss", "time_in_force", "good_till", "good_after", "outside_rth"),
    *("account", "accounts", "closes", "scope", "trail_amount", "trail_percent"),
)
"""Fields that no other dialect with `symbol` and `action` has."""
_ACTIONS: Final = frozenset(
    {"buy", "sell", "exit", "reverse", "cancel", "flatten", "target", "modify"}
)


class Native:
    NAME = NAME

    def recognises(self, document: Document) -> bool:
        # `class`, `fixed` and prices that make the order type are SignalStack's.
        return (
            document.has("symbol")
            and document.word("action") in _ACTIONS
            and not document.has("class")
            and document.word("quantity_type") != "fixed"
            and not has_prices_alone(document)
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
        after = read_after(values)
        if isinstance(after, Refused):
            return after
        if refused := against_position(values, after):
            return refused
        for name in FIELDS:
            values.pop(name, None)
        values |= after.values
        if refused := reduce(values, repairs, context.route) or _exit_at_prices(values, repairs):
            return refused
        return Draft(
            dialect=NAME,
            values=values,
            called=after.called,
            extras=extras,
            repairs=repairs,
            content=content,
        )


def _exit_at_prices(values: dict[str, Any], repairs: list[str]) -> Refused | None:
    """Tell an exit now from one at two prices some day; refuse what may be either."""
    legs = [name for name in LEGS if values.get(name) not in (None, "")]
    if not legs or _word(values.get("action")) != "exit":
        return None
    if values.get("position") == "flat":
        leave_legs_out(values, repairs)
        return None
    kind = _word(values.get("order_type")) or "market"
    for name, is_now in (
        ("quantity", values.get("quantity") not in (None, "")),
        ("order_type", kind != "market"),
    ):
        if is_now:
            return unfit(
                name,
                f"{name} closes now, and {legs[0]} at a price some day: leave {legs[0]} out of the "
                f"exit, or {name} where the protection is to be changed",
            )
    repairs.append(f"read exit with {legs[0]} as modify: it closes at that price, and nothing now")
    return None


def _word(value: Any) -> str:
    return "" if value is None else str(value).strip().lower()


def has_prices_alone(document: Document) -> bool:
    """Whether a price makes the order type, as SignalStack's do; here `order_type` would say it."""
    fields = document.fields or {}

    def is_given(*names: str) -> bool:
        return any(fields.get(name) not in (None, "") for name in names)

    is_native = is_given("order_type", *_OF_ORDERS)
    return is_given("limit_price", "stop_price") and not is_native
