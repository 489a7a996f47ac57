"""TradingBoat's alerts: JSON with direction and an array of metrics.

Source: its JSON schema and Pine library, read 2026-11, older and newer fields. 0 is unset, a
quantity of -1e10 is all. Which of four prices is above zero makes the order type.
"""

import re
from decimal import Decimal
from typing import Any, Final

from alertwire.wire.alert import Instrument, SecurityType
from producer.dialects.assembly import lowered, named, no_object
from producer.dialects.document import Document
from producer.dialects.reading import Context, Draft
from producer.fields import Fields
from producer.refusal import Refused, unfit
from producer.symbols import read_symbol

NAME: Final = "tradingboat"
ALL: Final = Decimal("-1e10")
METRICS_MAX: Final = 16
_NATIVE: Final = {
    "timestamp": "time",
    "timeframe": "interval",
    "orderRef": "order_id",
    "strategy": "strategy",
}
_CONTRACT: Final = (
    *("ticker", "contract", "currency", "exchange"),
    *("lastTradeDateOrContractMonth", "multiplier"),
)
_OWN: Final = ("direction", "metrics", "clientId", "key", *_CONTRACT)
_NAMES: Final = lowered(*_NATIVE, *_OWN)
_PRICES: Final = ("entry.limit", "entry.stop", "exit.limit", "exit.stop")
_METRICS: Final = (*_PRICES, "qty", "price")
_READERS: Final = {"qty": Fields.size, "price": Fields.figure}
_ENTRIES: Final = {"0000", "1000", "0100", "1100", "0011", "1011", "0111"} | {
    *("0010", "0001", "1010", "1001"),
}
_VERBS: Final = {
    "strategy.entrylong": "buy",
    "strategy.entryshort": "sell",
    "strategy.exitlong": "modify",
    "strategy.exitshort": "modify",
    "strategy.close": "exit",
    "strategy.close_all": "exit",
    "strategy.cancellong": "cancel",
    "strategy.cancelshort": "cancel",
    "strategy.cancel_all": "cancel",
}
_SIDES: Final = {
    **dict.fromkeys(("strategy.cancellong", "strategy.exitlong"), "long"),
    **dict.fromkeys(("strategy.cancelshort", "strategy.exitshort"), "short"),
}
_LEGS: Final = frozenset({"0011", "0010", "0001"})
"""Prices of a move: take profit, stop loss, or both."""
_TYPES: Final = {
    "stock": SecurityType.STOCK,
    "forex": SecurityType.FOREX,
    "crypto": SecurityType.CRYPTO,
    "future": SecurityType.FUTURE,
}


class TradingBoat:
    NAME = NAME

    def recognises(self, document: Document) -> bool:
        return (
            document.has("ticker", "direction")
            and document.word("direction").startswith("strategy.")
            and isinstance((document.fields or {}).get("metrics"), list)
        )

    def translate(self, document: Document, context: Context) -> Draft | Refused:
        if refused := no_object(document):
            return refused
        given, extras, repairs = named(document, _NAMES)
        metrics = _metrics(given.get("metrics"), repairs)
        if isinstance(metrics, Refused):
            return metrics
        direction = str(given.get("direction") or "").strip().lower()
        verb = _VERBS.get(direction)
        if verb is None:
            return unfit("direction", f"direction {direction[:40]!r} is not known", "unknown")
        symbol = str(given.get("ticker") or "").strip()
        instrument = (
            named_one.instrument(symbol)
            if (named_one := context.route.symbols.get(symbol.upper()))
            else _instrument(given)
        )
        if isinstance(instrument, Refused):
            return instrument
        values: dict[str, Any] = {
            _NATIVE[name]: value for name, value in given.items() if name in _NATIVE
        }
        values |= {"action": verb, "price": metrics["price"] or None, "time_in_force": "gtc"}
        draft = Draft(
            dialect=NAME,
            values=values,
            called={native: name for name, native in _NATIVE.items()}
            | {"symbol": "ticker", "quantity": "qty", "action": "direction"}
            | {"limit_price": "entry.limit", "stop_price": "entry.stop"}
            | {"take_profit": "exit.limit", "stop_loss": "exit.stop"},
            extras=extras,
            informational={"direction": direction, "clientId": given.get("clientId")},
            repairs=repairs,
            content={**given, **extras},
            instrument=instrument,
        )
        refused = _order(verb, direction, metrics, draft)
        return refused or draft


def _metrics(value: Any, repairs: list[str]) -> dict[str, Decimal] | Refused:
    """Read the array of names and values; what is not there is 0, unset."""
    if not isinstance(value, list) or len(value) > METRICS_MAX:
        return unfit("metrics", "metrics must be a list of objects with name and value")
    found = dict.fromkeys(_METRICS, Decimal(0))
    seen: set[str] = set()
    for item in value:
        part = {key.lower(): one for key, one in item.items()} if isinstance(item, dict) else {}
        name = part.get("name")
        if not isinstance(name, str) or "value" not in part:
            return unfit("metrics", "metrics must be a list of objects with name and value")
        name = name.strip().lower()
        if name not in found:
            return unfit("metrics", f"metrics: {name[:40]!r} is not read; leave it out", "unknown")
        if name in seen:
            return unfit(name, f"{name} stands twice in metrics; keep one")
        seen.add(name)
        fields = Fields({name: part["value"]})
        number = _READERS.get(name, Fields.decimal)(fields, name)
        if fields.refused:
            return fields.refused
        repairs.extend(fields.repairs)
        found[name] = number or Decimal(0)
        if found[name] < 0 and not (name == "qty" and number == ALL):
            return unfit(name, f"{name} must not be below 0")
    return found


def _order(verb: str, direction: str, metrics: dict[str, Decimal], draft: Draft) -> Refused | None:
    """Say quantity, order type and bracket, from which metrics are above zero."""
    code = "".join("1" if metrics[name] > 0 else "0" for name in _PRICES)
    qty = metrics["qty"]
    if verb == "modify":
        if code not in _LEGS:
            return unfit(
                "metrics",
                f"{direction} moves exit.limit, exit.stop or both: one must be above 0; to "
                f"close the position send strategy.close",
            )
        if refused := _no_reference(direction, draft, "moves what protects the order"):
            return refused
        draft.values["closes"] = _SIDES[direction]
        _legs(metrics, draft)
        return None
    if verb == "cancel":
        if direction == "strategy.cancel_all":
            draft.values.pop("order_id", None)
        elif refused := _no_reference(
            direction, draft, "cancels the order", "; for all of them send strategy.cancel_all"
        ):
            return refused
        draft.values["closes"] = _SIDES.get(direction)
        return None
    if verb == "exit":
        if code != "0000":
            return unfit("metrics", f"{direction} is at the market: leave its prices at 0")
        if qty > 0 and direction != "strategy.close_all":
            draft.values["quantity"] = qty
        return None
    if code not in _ENTRIES:
        return unfit("metrics", f"{direction} has no meaning for this set of prices above 0")
    if qty == ALL:
        return unfit("qty", "qty of an entry must be a number of units, not all")
    draft.values["quantity"] = qty or None
    kinds = {"00": "market", "10": "limit", "01": "stop", "11": "stop_limit"}
    draft.values["order_type"] = kinds[code[:2]]
    for name, native in (("entry.limit", "limit_price"), ("entry.stop", "stop_price")):
        draft.values[native] = metrics[name] or None
    _legs(metrics, draft)
    return None


def _no_reference(direction: str, draft: Draft, does: str, remedy: str = "") -> Refused | None:
    """Refuse what is about one order and does not name it: it would be about all of them."""
    if str(draft.values.get("order_id") or "").strip():
        return None
    return unfit(
        "orderRef",
        f"orderRef is missing: {direction} {does} of that reference{remedy}",
        "missing",
    )


def _legs(metrics: dict[str, Decimal], draft: Draft) -> None:
    for name, native in (("exit.limit", "take_profit"), ("exit.stop", "stop_loss")):
        draft.values[native] = {"price": metrics[name]} if metrics[name] else None


def _instrument(given: dict[str, Any]) -> Instrument | Refused:
    """Put the contract together from its parts, which must not contradict each other."""
    fields = Fields(given)
    ticker = fields.text("ticker", length_max=64).upper()
    exchange = fields.text("exchange", length_max=16).upper()
    currency = fields.text("currency", length_max=3).upper()
    month = re.sub(r"\D", "", fields.text("lastTradeDateOrContractMonth", length_max=16))
    multiplier = fields.price("multiplier")
    kind = fields.text("contract").lower()
    if kind and kind not in _TYPES:
        fields.wrong("contract", f"{kind[:40]!r} is not one of {', '.join(_TYPES)}")
    if not ticker:
        fields.wrong("ticker", "is missing", "missing")
    if fields.refused:
        return fields.refused
    if month:
        return _dated(ticker, exchange, currency, month, multiplier)
    if kind == "stock" and not exchange and ":" not in ticker:
        symbol = ticker.replace(".", " ") if currency in {"", "USD"} else ticker
        if not re.fullmatch(r"[A-Z0-9 .]{1,20}", symbol):
            return unfit("ticker", f"ticker {ticker[:40]!r} is not a stock's")
        return Instrument(
            security_type=SecurityType.STOCK,
            symbol=symbol,
            exchange="SMART",
            currency=currency or "USD",
            source_symbol=ticker,
        )
    # The exchange is TradingView's or the broker's: SMART and IDEALPRO are prefixes of nothing.
    is_prefix = exchange not in {"", "SMART", "IDEALPRO", "PAXOS", "ZEROHASH"}
    found = read_symbol(f"{exchange}:{ticker}" if is_prefix and ":" not in ticker else ticker)
    if isinstance(found, Refused):
        return Refused(found.status, found.code, found.message, "ticker")
    if kind and found.security_type is not _TYPES[kind]:
        what = found.security_type.name.lower()
        return unfit("contract", f"contract {kind} contradicts {ticker}, which is a {what}")
    if currency and found.currency != currency:
        return unfit("currency", f"currency {currency} contradicts {ticker}: {found.currency}")
    return found


def _dated(
    root: str, exchange: str, currency: str, month: str, multiplier: Decimal | None
) -> Instrument | Refused:
    if len(month) not in {6, 8}:
        return unfit(
            "lastTradeDateOrContractMonth",
            "lastTradeDateOrContractMonth must be YYYYMM or YYYYMMDD",
        )
    if not re.fullmatch(r"[A-Z0-9]{1,12}", root) or not exchange:
        return unfit("exchange", "a future by its month needs its root as ticker, and exchange")
    return Instrument(
        security_type=SecurityType.FUTURE,
        symbol=root,
        exchange=exchange,
        currency=currency or "USD",
        expiry=month,
        multiplier=multiplier,
        source_symbol=root,
    )
