"""Which dialect reads a body: the one that the route names, else the only one that knows its shape.

A shape that two dialects know is refused: they could read two different orders into it.
"""

from datetime import datetime
from typing import Final

from alertwire.configuration import Route
from alertwire.dialects import DialectName
from producer.dialects.assembly import assemble
from producer.dialects.document import Document, open_document
from producer.dialects.larry import Larry
from producer.dialects.native import Native
from producer.dialects.pineconnector import PineConnector
from producer.dialects.reading import Context, Dialect, Reading
from producer.dialects.signalstack import SignalStack
from producer.dialects.traderspost import TradersPost
from producer.dialects.tradingboat import TradingBoat
from producer.dialects.tradingview import TradingView
from producer.refusal import Refused, unfit

NATIVE: Final = Native()
_TRADERSPOST: Final = TradersPost()
DIALECTS: Final[tuple[Dialect, ...]] = (
    NATIVE,
    _TRADERSPOST,
    TradingBoat(),
    PineConnector(),
    SignalStack(),
    Larry(),
    TradingView(),
)
_BY_NAME: Final = {dialect.NAME: dialect for dialect in DIALECTS}


def read_alert(
    raw: bytes, route_name: str, route: Route, alert_id: str, now: datetime
) -> Reading | Refused:
    """Read an alert that came over `route` at `now` and would get this id."""
    document = open_document(raw)
    if isinstance(document, Refused):
        return document
    dialect = choose(document, route.dialect)
    if isinstance(dialect, Refused):
        return dialect
    context = Context(route_name, route, alert_id, now)
    draft = dialect.translate(document, context)
    return draft if isinstance(draft, Refused) else assemble(draft, context)


def choose(document: Document, wanted: DialectName) -> Dialect | Refused:
    """Pick the dialect of a document."""
    if wanted is not DialectName.AUTO:
        return _BY_NAME[wanted.value]
    found = [dialect for dialect in DIALECTS if dialect.recognises(document)]
    if len(found) > 1:
        names = " and ".join(dialect.NAME for dialect in found)
        return unfit(
            "dialect",
            f"this alert could be read as {names}: give the route its dialect in alertwire.toml, "
            f'such as dialect = "{found[0].NAME}"',
            "ambiguous",
        )
    if found or document.problem:
        return found[0] if found else document.problem or NATIVE
    # What is missing is told: to one with a ticker the action, to any other its symbol first.
    has_ticker = document.has("ticker") and not document.has("symbol")
    return _TRADERSPOST if has_ticker else NATIVE
