"""Names that a dialect does not read: which must not be ignored, and which tell the fire time."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from producer.dialects.positions import NAMES
from producer.fields import clean
from producer.refusal import Refused, unfit

_FIRE_TIMES: Final = frozenset({"time", "timenow", "timestamp", "firedat", "firetime"})
_ASKING: Final = re.compile(
    r"(\A|_)("
    r"(sl|tp|target)\d*|qty|size|amount|contracts|leverage|limit|trailing|trail|percent|side|reduce"
    r"|accounts?|accts?|(account|acct)_?ids?|order_?ids?"
    r"|tif|time_?in_?force|good_?till?|max_?age|outside|outside_?rth|extended|extended_?hours"
    r")(_|\Z)"
    r"|stop_?loss|take_?profit|(order|limit|stop|quantity)_?(type|price)|reduce_?only|position_pct"
)
"""Words that decide what is ordered, for which account or for how long: to ignore one could order
what nobody wants."""

_ASKING_ALONE: Final = frozenset({"id", "closes", *NAMES})
"""As whole names only: `bar_id` and `closes_above` are anyone's."""


def refuse_unread(names: Iterable[str], dialect: str) -> Refused | None:
    """Refuse a name that asks for something; None: all may be ignored."""
    for name in names:
        if _ASKING.search(_snake(name)) or _snake(name.rpartition(".")[2]) in _ASKING_ALONE:
            shown = clean(name, 64)
            return unfit(shown, f"{shown} is not read by {dialect} alerts: leave it out", "unknown")
    return None


def is_fire_time(name: str) -> bool:
    """Whether a name says when the alert fired, in any spelling."""
    return re.sub(r"[^a-z]", "", name.lower()) in _FIRE_TIMES


def timeless(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values but for the fire time: what an alert and its repetition share."""
    return {name: value for name, value in values.items() if not is_fire_time(name)}


def _snake(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip()).lower()
    # TradingView's own words for what the strategy holds ask for nothing.
    return re.sub(r"[^a-z0-9]+", "_", words).replace("position_size", "position")
