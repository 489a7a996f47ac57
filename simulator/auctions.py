"""Opening and closing auctions: which orders wait for one, and when the clock brings it."""

from datetime import datetime
from zoneinfo import ZoneInfo

from simulator.orders import Terms

_OPEN, _CLOSE = (9, 30), (16, 0)


def next_auction(terms: Terms) -> str:
    """TWS API: MOC and LOC trade at the close, market and limit with OPG at the open."""
    if terms.order_type in ("MOC", "LOC"):
        return "close"
    return "open" if terms.tif == "OPG" else ""


def auctions_between(before: float, now: float) -> list[str]:
    """Auctions whose time in New York lies in (before, now]; weekends have none."""
    zone = ZoneInfo("America/New_York")
    today = datetime.fromtimestamp(now, zone)
    if today.weekday() > 4:
        return []
    held = []
    for kind, (hour, minute) in (("open", _OPEN), ("close", _CLOSE)):
        at = today.replace(hour=hour, minute=minute, second=0, microsecond=0).timestamp()
        if before < at <= now:
            held.append(kind)
    return held
