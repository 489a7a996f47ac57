"""How an order enters the market: which prices each order type needs, and which contradict it."""

from datetime import datetime
from typing import Final

from alertwire.wire.alert import Action, Entry, OrderType, TimeInForce
from producer.fields import Fields

_PRICES: Final[dict[OrderType, tuple[str, ...]]] = {
    OrderType.MARKET: (),
    OrderType.LIMIT: ("limit_price",),
    OrderType.STOP: ("stop_price",),
    OrderType.STOP_LIMIT: ("stop_price", "limit_price"),
    OrderType.TRAILING_STOP: (),
    OrderType.TRAILING_STOP_LIMIT: ("stop_price", "limit_price"),
    OrderType.MARKET_ON_OPEN: (),
    OrderType.MARKET_ON_CLOSE: (),
    OrderType.LIMIT_ON_OPEN: ("limit_price",),
    OrderType.LIMIT_ON_CLOSE: ("limit_price",),
    OrderType.MARKET_IF_TOUCHED: ("stop_price",),
    OrderType.LIMIT_IF_TOUCHED: ("stop_price", "limit_price"),
}
_TRAILING: Final = {OrderType.TRAILING_STOP, OrderType.TRAILING_STOP_LIMIT}
_TRAILS: Final = ("trail_amount", "trail_percent")
_NO_ENTRY: Final = {Action.CANCEL, Action.FLATTEN, Action.MODIFY}


def read_entry(fields: Fields, action: Action) -> Entry:
    """Read order type and prices; market where none is given."""
    kind = fields.member("order_type", OrderType) or OrderType.MARKET
    entry = Entry(
        type=kind,
        limit_price=fields.price("limit_price"),
        stop_price=fields.price("stop_price"),
        trail_amount=fields.price("trail_amount"),
        trail_percent=fields.price("trail_percent"),
    )
    name, called = kind.name.lower(), fields.called("order_type")
    needed = _PRICES[kind]
    # A trailing stop may say where it starts.
    allowed = {*needed, *_TRAILS, "stop_price"} if kind in _TRAILING else {*needed}
    for price in ("limit_price", "stop_price", *_TRAILS):
        given = fields.has(price)
        if price in needed and not given:
            fields.wrong(price, f"is missing: {called} {name} needs {fields.called(price)}")
        if given and price not in allowed:
            fields.wrong(price, _stray(fields, kind, action))
    if kind in _TRAILING and fields.has("trail_amount") == fields.has("trail_percent"):
        other = fields.called("trail_percent")
        fields.wrong("trail_amount", f"or {other}: {called} {name} needs one of them")
    if entry.trail_percent is not None and entry.trail_percent >= 100:
        fields.wrong("trail_percent", "must be below 100")
    return entry


def _stray(fields: Fields, kind: OrderType, action: Action) -> str:
    """Say what to do about a price that the order type has not.

    Of a message without an order type only the price could go, and that would be another order.
    """
    called = fields.called("order_type")
    if action in _NO_ENTRY:
        return f"has no meaning with action {action.name.lower()}; leave it out"
    if fields.has("order_type"):
        return f"contradicts {called} {kind.name.lower()}; leave one of them out"
    has_limit, has_stop = fields.has("limit_price"), fields.has("stop_price")
    trails = any(fields.has(name) for name in _TRAILS)
    meant = {
        (True, False): OrderType.TRAILING_STOP_LIMIT if trails else OrderType.LIMIT,
        (False, True): OrderType.TRAILING_STOP if trails else OrderType.STOP,
        (True, True): OrderType.TRAILING_STOP_LIMIT if trails else OrderType.STOP_LIMIT,
        (False, False): OrderType.TRAILING_STOP,
    }[has_limit, has_stop]
    return (
        f"is no part of a market order, which it is without {called}: send {called} "
        f"{meant.name.lower()}"
    )


def read_time_in_force(fields: Fields, now: datetime) -> tuple[TimeInForce, datetime | None]:
    """Read how long the order works; day where it is not given."""
    kind = fields.member("time_in_force", TimeInForce) or TimeInForce.DAY
    good_till = fields.instant("good_till", must=True)
    if kind is TimeInForce.GTD and good_till is None:
        fields.wrong("good_till", "is missing: time_in_force gtd needs it, a time in ISO 8601")
    if kind is not TimeInForce.GTD and good_till is not None:
        fields.wrong("good_till", f"contradicts time_in_force {kind.name.lower()}; use gtd")
    if good_till is not None and good_till <= now:
        fields.wrong("good_till", "lies in the past")
    return kind, good_till
