"""TradingView's default text of a strategy's alert, unedited.

`Name (inputs): order buy @ 5 filled on AAPL. New strategy position is 100`

The last number is the strategy's signed position after the fill, and is traded to as a target. The
symbol comes without its exchange. The number behind @ is how many were ordered: the dialog puts
`{{strategy.order.contracts}}` there. It is a price only where both are told, `@ 219.9 for 5`.
"""

import re
from typing import Any, Final

from producer.dialects.document import Document
from producer.dialects.reading import Context, Draft
from producer.fields import Fields, marked
from producer.refusal import Refused, unfit, unreadable

NAME: Final = "tradingview"
STRATEGY_LENGTH_MAX: Final = 64
_FORM: Final = re.compile(
    r"(?P<before>(?:.{0,2000}[ :])?)order (?P<action>buy|sell) @ (?P<at>\S{1,64})"
    r"(?: for (?P<contracts>\S{1,64}))? filled on (?P<symbol>\S{1,64}?)"
    r"(?: at (?P<time>\S{1,64}?))?\. New strategy position is (?P<position>\S{1,64}?)\.?"
)
_INPUTS: Final = re.compile(r" \(.*\Z")
_MARK: Final = "New strategy position is"


class TradingView:
    NAME = NAME

    def recognises(self, document: Document) -> bool:
        return document.fields is None and _read(document.text) is not None

    def translate(self, document: Document, _context: Context) -> Draft | Refused:
        found = _read(document.text)
        if found is None:
            return document.problem or unreadable(
                "this is JSON, not TradingView's default text; set the route's dialect to auto",
                "dialect",
            )
        has_price = found["contracts"] is not None
        fields = Fields({"at": found["at"]}, (), {"at": "order @"})
        if fields.figure("at") is None:
            return fields.refused or unfit("order @", "order @ is no number")
        values: dict[str, Any] = {
            "action": "target",
            "quantity": found["position"],
            "symbol": found["symbol"],
            "price": found["at"] if has_price else None,
            "time": found["time"],
            "strategy": _strategy(found["before"]),
        }
        return Draft(
            dialect=NAME,
            values=values,
            called={"quantity": "New strategy position", "symbol": "filled on", "price": "order @"},
            informational={
                "order": found["action"],
                "contracts": found["contracts"] if has_price else found["at"],
            },
            repairs=list(document.repairs),
            content={
                **values,
                "time": None,
                "text": found["before"],
                "order": found["action"],
                "at": found["at"],
            },
        )


def _read(text: str) -> dict[str, str] | None:
    if text.count(_MARK) != 1:
        return None
    found = _FORM.fullmatch(text)
    return found.groupdict() if found else None


def _strategy(before: str) -> str:
    """Return the strategy's name; without its inputs, so that a new input is no new strategy.

    One that does not fit is cut, its foreign letters replaced, and told from others by a mark.
    """
    name = before.partition(":")[0] if ":" in before else before
    return marked(_INPUTS.sub("", name).strip(), STRATEGY_LENGTH_MAX)
