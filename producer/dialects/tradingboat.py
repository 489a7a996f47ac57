"""TradingBoat's alerts: JSON with direction and an array of metrics.

Source: its JSON schema and Pine library, read 2026-11, older and newer fields. 0 is unset, a
quantity of -1e10 is all. Which of four prices is above zero makes the order type.
"""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from alertwire.configuration import Route
from alertwire.wire.alert import Instrument, SecurityType
from producer.dialects.assembly import lowered, named, no_object
from producer.dialects.document import Document
from producer.dialects.reading import Context, Draft
from producer.fields import Fields
from producer.instruments import read_instrument, stock_in
from producer.refusal import Refused, unfit
from producer.symbols import brokers_terms, dated_root

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
    "strategy.close_all": "flatten",
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
_PLAIN: Final = frozenset({SecurityType.STOCK, SecurityType.FOREX, SecurityType.CRYPTO})
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
            known = ", ".join(_VERBS)
            return unfit(
                "direction",
                f"direction {direction[:40]!r} is not known; use one of: {known}",
                "unknown",
            )
        instrument = _instrument(given, context.route)
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
        number = _READERS.get(name, Fields.quote)(fields, name)
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
        if qty not in {ALL, 0}:
            return unfit(
                "qty", f"{direction} moves prices of all that is protected: send no qty, or -1e10"
            )
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
    if verb in {"exit", "flatten"}:
        return _close(verb, direction, code, qty, draft)
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


def _close(verb: str, direction: str, code: str, qty: Decimal, draft: Draft) -> Refused | None:
    if code != "0000":
        return unfit("metrics", f"{direction} is at the market: leave its prices at 0")
    if not qty:
        return unfit("qty", f"qty is missing: {direction} closes all by qty -1e10", "missing")
    if verb == "flatten":
        if qty != ALL:
            return unfit(
                "qty",
                f"{direction} cancels and closes all, qty -1e10; for a part send strategy.close",
            )
        # Its orders are cancelled first, whichever reference they have.
        draft.values["scope"] = "instrument"
        draft.values.pop("order_id", None)
    elif qty > 0:
        draft.values["quantity"] = qty
    else:
        draft.repairs.append(
            "read strategy.close as exit of the whole position, not only of what orderRef filled"
        )
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


def _instrument(given: dict[str, Any], route: Route) -> Instrument | Refused:
    """Put the contract together from its parts, which must not contradict each other."""
    fields = Fields({"symbol": given.get("ticker"), **given}, (), {"symbol": "ticker"})
    ticker = fields.text("symbol", length_max=64).upper()
    exchange = fields.text("exchange", length_max=32).upper()
    currency = fields.text("currency", length_max=8).upper()
    month = re.sub(r"[^0-9A-Za-z]", "", fields.text("lastTradeDateOrContractMonth", length_max=16))
    multiplier = fields.price("multiplier")
    kind = fields.text("contract").lower()
    if kind and kind not in _TYPES:
        fields.wrong("contract", f"{kind[:40]!r} is not one of {', '.join(_TYPES)}")
    if month and kind not in {"", "future"}:
        fields.wrong("contract", f"{kind} contradicts lastTradeDateOrContractMonth {month}")
    if named_one := route.symbols.get(ticker):
        return named_one.instrument(fields.text("symbol", length_max=64))
    if not ticker:
        fields.wrong("symbol", "is missing", "missing")
    if fields.refused:
        return fields.refused
    if month:
        return _dated(ticker.rpartition(":")[2], exchange, currency, month, multiplier)
    # ETHUSDT is a pair already, though not in this currency.
    is_coin = bool(re.fullmatch(r"[A-Z0-9]{2,10}", ticker)) and "USD" not in ticker
    if kind == "crypto" and is_coin and not ticker.endswith(currency or "USD"):
        ticker, exchange = f"CRYPTO:{ticker}{currency or 'USD'}", ""
    if kind == "stock" and ":" not in ticker and exchange in {"", "SMART"}:
        # Said to be a stock, it can be one thing only.
        found = stock_in(ticker, currency)
        if isinstance(found, Refused):
            return replace(found, field="ticker")
        return found if multiplier in {None, Decimal(1)} else _no_multiplier(multiplier, ticker)
    values = {"symbol": ticker, "exchange": exchange, "currency": currency}
    reader = Fields(values, (), {"symbol": "ticker"})
    found = read_instrument(reader, route)
    if kind and not reader.refused and found.security_type is not _TYPES[kind]:
        what = found.security_type.name.lower()
        remedy = "leave contract out"
        if kind == "future" and found.security_type is SecurityType.STOCK:
            remedy = (
                f"write {ticker}1! for the future at the front, or send its month as "
                f"lastTradeDateOrContractMonth; for the stock leave contract out"
            )
        reader.wrong("contract", f"{kind} contradicts {ticker}, which is a {what}: {remedy}")
    if multiplier is not None and found.multiplier not in {None, multiplier}:
        reader.wrong("multiplier", f"{multiplier} contradicts {ticker}: {found.multiplier}")
    if multiplier not in {None, Decimal(1)} and found.security_type in _PLAIN:
        reader.refuse(_no_multiplier(multiplier, ticker))
    if reader.refused:
        return reader.refused
    is_open = multiplier is not None and found.security_type is SecurityType.FUTURE
    return replace(found, multiplier=multiplier) if is_open else found


def _no_multiplier(multiplier: Decimal | None, ticker: str) -> Refused:
    return unfit("multiplier", f"multiplier {multiplier} contradicts {ticker}, which has none")


def _dated(
    ticker: str, exchange: str, currency: str, month: str, multiplier: Decimal | None
) -> Instrument | Refused:
    if not _is_month(month):
        return unfit(
            "lastTradeDateOrContractMonth",
            "lastTradeDateOrContractMonth must be a month or day, YYYYMM or YYYYMMDD",
        )
    name = "lastTradeDateOrContractMonth"
    root, year, told = dated_root(ticker)
    if ticker.endswith("!"):
        return unfit(
            "ticker",
            f"ticker {ticker} is a contract counted from the front, and {name} {month} names one: "
            f"send the root alone as ticker, such as {root}, or no {name}",
        )
    if year and not (month[:4].endswith(year) and month[4:6] == told):
        return unfit(
            name, f"{name} {month} contradicts ticker {ticker}: send the root alone, {root}"
        )
    if not re.fullmatch(r"[A-Z0-9]{1,12}", root) or not exchange:
        return unfit("exchange", "a future by its month needs its root as ticker, and exchange")
    terms = brokers_terms(root, exchange)
    one = Decimal(terms["multiplier"]) if terms else multiplier
    if multiplier not in {None, one}:
        return unfit("multiplier", f"multiplier {multiplier} contradicts {ticker}: {one}")
    return Instrument(
        security_type=SecurityType.FUTURE,
        symbol=terms.get("symbol", root),
        exchange=exchange,
        currency=currency or terms.get("currency", "USD"),
        expiry=month,
        multiplier=one,
        trading_class=terms.get("trading_class", ""),
        source_symbol=ticker,
    )


def _is_month(text: str) -> bool:
    if not re.fullmatch(r"20\d{4}(\d{2})?", text, re.ASCII):
        return False
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:] or 1))
    except ValueError:
        return False
    return True
