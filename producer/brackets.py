"""Take profits and the stop loss of an entry, read whole; `abilities` says what can be done."""

from decimal import Decimal
from typing import Any, Final

from alertwire.money import ZERO
from alertwire.wire.alert import StopLoss, TakeProfit
from producer.fields import Fields

TAKE_PROFITS_MAX: Final = 8
HUNDRED: Final = Decimal(100)
_LEVELS: Final = ("price", "percent", "offset")
_OF_PROFITS: Final = frozenset({*_LEVELS, "portion_percent"})
_TRAILS: Final = ("trail_amount", "trail_percent")
_MOVES: Final = ("break_even_trigger", "break_even_offset", "trail_trigger")
"""How the stop moves later, in price from the entry price."""
_NEEDS: Final = {"break_even_offset": ("break_even_trigger",), "trail_trigger": _TRAILS}
_OF_STOPS: Final = frozenset({*_LEVELS, *_TRAILS, *_MOVES, "limit_price"})


def read_take_profits(fields: Fields) -> tuple[TakeProfit, ...]:
    """Read `take_profit`: an object, or a list of them, nearest first."""
    value = fields.value("take_profit")
    if value in (None, ""):
        return ()
    parts = value if isinstance(value, list) else [value]
    if not parts or len(parts) > TAKE_PROFITS_MAX:
        fields.wrong("take_profit", f"must be 1 to {TAKE_PROFITS_MAX} profit targets")
        return ()
    found = tuple(one for part in parts if (one := _take_profit(fields, part)))
    told = [one.portion_percent for one in found]
    whole = sum((portion for portion in told if portion is not None), ZERO)
    if whole > HUNDRED or (whole == HUNDRED and None in told):
        left = "" if whole > HUNDRED else ", and one is left with nothing"
        fields.wrong("take_profit", f"closes {whole:f} percent by its portion_percent in all{left}")
    return found


def read_stop_loss(fields: Fields) -> StopLoss | None:
    """Read `stop_loss`: an object with one level, or a trailing distance, or both.

    `break_even_trigger` and `trail_trigger` say from which profit on it moves.
    """
    value = fields.value("stop_loss")
    if value in (None, ""):
        return None
    part = _part(fields, "stop_loss", value, _OF_STOPS)
    if part is None:
        return None
    numbers = {name: part.price(name) for name in sorted(_OF_STOPS)}
    fields.repairs.extend(part.repairs)
    if part.refused:
        fields.refuse(part.refused)
        return None
    levels = _given(numbers, _LEVELS)
    trails = _given(numbers, _TRAILS)
    if len(levels) > 1 or len(trails) > 1 or not levels + trails:
        fields.wrong(
            "stop_loss", f"needs one of {_spelled(fields, 'stop_loss', _LEVELS + _TRAILS)}"
        )
        return None
    if (trail := numbers["trail_percent"]) is not None and trail >= HUNDRED:
        fields.wrong(
            "stop_loss", f"has {_spelled(fields, 'stop_loss', _TRAILS[1:])} of 100 or more"
        )
        return None
    for name, needed in _NEEDS.items():
        if numbers[name] is not None and not _given(numbers, needed):
            has = _spelled(fields, "stop_loss", (name,))
            fields.wrong("stop_loss", f"has {has}, which needs {' or '.join(needed)}")
            return None
    return StopLoss(**numbers)


def _take_profit(fields: Fields, value: Any) -> TakeProfit | None:
    part = _part(fields, "take_profit", value, _OF_PROFITS)
    if part is None:
        return None
    numbers = {name: part.price(name) for name in sorted(_OF_PROFITS)}
    fields.repairs.extend(part.repairs)
    if part.refused:
        fields.refuse(part.refused)
        return None
    if len(_given(numbers, _LEVELS)) != 1:
        fields.wrong(
            "take_profit", f"needs exactly one of {_spelled(fields, 'take_profit', _LEVELS)}"
        )
        return None
    portion = numbers["portion_percent"]
    if portion is not None and portion > HUNDRED:
        fields.wrong("take_profit", "closes more than 100 percent")
        return None
    return TakeProfit(**numbers)


def _part(fields: Fields, name: str, value: Any, known: frozenset[str]) -> Fields | None:
    if not isinstance(value, dict):
        fields.wrong(name, f"must be an object with one of {_spelled(fields, name, _LEVELS)}")
        return None
    values = {key.strip().lower(): item for key, item in value.items()}
    strange = sorted(values.keys() - known)
    if strange or len(values) != len(value):
        about = strange[0][:40] if strange else "a name twice"
        fields.wrong(name, f"holds {about!r}, which is not read")
        return None
    return fields.part(name, values)


def _spelled(fields: Fields, name: str, parts: tuple[str, ...]) -> str:
    """Return the sender's names of what an object may hold."""
    return ", ".join(fields.called_part(name, part) for part in parts)


def _given(numbers: dict[str, Decimal | None], names: tuple[str, ...]) -> list[str]:
    return [name for name in names if numbers[name] is not None]
