"""The shape of Part Time Larry's examples and their forks: bar and strategy as nested objects.

It carries the strategy's position after the fill, which is all that is ordered: the signed position
is a target, so a missed alert mends itself with the next. Action and previous position are a
cross-check.
"""

from decimal import Decimal
from typing import Any, Final

from producer.dialects.assembly import lowered, named, no_object
from producer.dialects.document import Document
from producer.dialects.reading import Context, Draft
from producer.dialects.unread import timeless
from producer.fields import Fields
from producer.refusal import Refused, unfit

NAME: Final = "larry"
_NATIVE: Final = {name: name for name in ("time", "interval", "comment", "currency")}
_OWN: Final = ("passphrase", "exchange", "ticker", "bar", "strategy")
_NAMES: Final = lowered(*_NATIVE, *_OWN)
_OF_STRATEGY: Final = (
    *("position_size", "order_action", "order_contracts", "order_price", "order_id"),
    *("market_position", "market_position_size"),
    *("prev_market_position", "prev_market_position_size"),
)
_ROUNDING: Final = Decimal("1e-6")
"""Sizes of the emulator are doubles; beyond this share they differ."""


class Larry:
    NAME = NAME

    def recognises(self, document: Document) -> bool:
        fields = document.fields or {}
        return document.has("ticker") and isinstance(fields.get("strategy"), dict)

    def translate(self, document: Document, _context: Context) -> Draft | Refused:
        # {{volume}} of a currency pair is NaN; nothing in the bar is ever ordered by.
        if refused := no_object(document, ignored=("bar",)):
            return refused
        given, extras, repairs = named(document, _NAMES)
        strategy = given.get("strategy")
        if not isinstance(strategy, dict):
            return unfit("strategy", "strategy must be an object with position_size", "missing")
        lower = {key.strip().lower(): value for key, value in strategy.items()}
        if len(lower) != len(strategy):
            return unfit("strategy", "strategy holds two names that differ only in case; keep one")
        known = {name: lower[name] for name in _OF_STRATEGY if name in lower}
        fields = Fields(known, (), {name: f"strategy.{name}" for name in _OF_STRATEGY})
        target = _target(fields)
        before, after = _before(fields), target
        told = fields.text("order_action").lower()
        if told not in {"", "buy", "sell"}:
            fields.wrong("order_action", "must be buy or sell")
        if before is not None and after is not None and told:
            _cross_check(fields, told, before, after, repairs)
        if fields.refused:
            return fields.refused
        values: dict[str, Any] = {
            _NATIVE[name]: value for name, value in given.items() if name in _NATIVE
        }
        values |= {
            "symbol": _symbol(given),
            "action": "target",
            "quantity": target,
            "position": _side(target),
            "position_size": None if target is None else abs(target),
            "price": known.get("order_price"),
            "order_id": known.get("order_id"),
            "prev_market_position": known.get("prev_market_position"),
            "prev_market_position_size": known.get("prev_market_position_size"),
        }
        content = {**given, **extras, "strategy": timeless(strategy)}
        for name, value in strategy.items():
            if name.strip().lower() not in known:
                extras[f"strategy.{name}"] = value
        rest: dict[str, Any] = {
            f"strategy.{name}": known.get(name) for name in ("order_action", "order_contracts")
        }
        bar = given.get("bar")
        if isinstance(bar, dict):
            values["bar_time"] = bar.get("time")
            rest["bar"] = {key: str(value) for key, value in bar.items()}
        return Draft(
            dialect=NAME,
            values=values,
            called={
                "symbol": "ticker",
                "quantity": "strategy.position_size",
                "price": "strategy.order_price",
                "order_id": "strategy.order_id",
                "prev_market_position": "strategy.prev_market_position",
                "prev_market_position_size": "strategy.prev_market_position_size",
                "bar_time": "bar.time",
            },
            extras=extras,
            informational=rest,
            repairs=repairs + fields.repairs,
            content=content,
        )


def _symbol(given: dict[str, Any]) -> str:
    exchange, ticker = (str(given.get(name) or "").strip() for name in ("exchange", "ticker"))
    return f"{exchange}:{ticker}" if exchange and ":" not in ticker else ticker


def _target(fields: Fields) -> Decimal | None:
    """Return the signed position; what else tells it must agree."""
    signed = fields.size("position_size")
    side = fields.text("market_position").lower()
    size = fields.size("market_position_size")
    if side not in {"", "long", "short", "flat"}:
        fields.wrong("market_position", "must be long, short or flat")
    told = _signed(side, size)
    if signed is None and told is None and not fields.refused:
        fields.wrong("position_size", "is missing; send {{strategy.position_size}}", "missing")
    if signed is None or fields.refused:
        return told
    sides = {"long": signed > 0, "short": signed < 0, "flat": signed == 0, "": True}
    if not sides[side]:
        fields.wrong("position_size", f"{signed} contradicts market_position {side}")
    if size is not None and abs(size) != abs(signed):
        fields.wrong("position_size", f"{signed} contradicts market_position_size {size}")
    return signed


def _before(fields: Fields) -> Decimal | None:
    side = fields.text("prev_market_position").lower()
    return _signed(side, fields.size("prev_market_position_size"))


def _signed(side: str, size: Decimal | None) -> Decimal | None:
    if side == "flat":
        return Decimal(0)
    if side not in {"long", "short"} or not size:
        return None
    return abs(size) if side == "long" else -abs(size)


def _side(position: Decimal | None) -> str:
    return "flat" if not position else "long" if position > 0 else "short"


def _cross_check(
    fields: Fields, told: str, before: Decimal, after: Decimal, repairs: list[str]
) -> None:
    moved = after - before
    if moved and (moved > 0) != (told == "buy"):
        fields.wrong("order_action", f"{told} does not lead from position {before} to {after}")
    size = fields.size("order_contracts")
    if size is not None and abs(abs(moved) - size) > _ROUNDING * max(abs(moved), size):
        # Not refused: the position heals what was missed, and the order's size is not used.
        repairs.append(
            f"order_contracts {size} does not lead from {before} to {after}: the position counts"
        )
