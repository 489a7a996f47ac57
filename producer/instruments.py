"""Which instrument an alert is about: symbol, exchange and currency, which must not contradict."""

from dataclasses import replace
from typing import Final

from alertwire.configuration import Route
from alertwire.wire.alert import Instrument, SecurityType
from producer.fields import Fields
from producer.refusal import Refused
from producer.symbols import ambiguity, is_american, read_symbol, stock_anywhere

NO_INSTRUMENT: Final = Instrument(security_type=SecurityType.STOCK, symbol="")
_BROKERS: Final = {
    "SMART": frozenset({SecurityType.STOCK, SecurityType.OPTION, SecurityType.COMMODITY}),
    "IDEALPRO": frozenset({SecurityType.FOREX}),
    "PAXOS": frozenset({SecurityType.CRYPTO}),
    "ZEROHASH": frozenset({SecurityType.CRYPTO}),
}
"""Interactive Brokers' own exchanges, which are no prefix in TradingView, and what they trade."""
_CURRENCIES: Final = {"GBX": "GBP", "ZAC": "ZAR", "ILA": "ILS", "CNY": "CNH"}
"""TradingView's `{{syminfo.currency}}` where Interactive Brokers names another: prices in pence
and cents, and the yuan outside of China."""


def read_instrument(fields: Fields, route: Route, *, is_brokers_ticker: bool = False) -> Instrument:
    """Read `symbol`, `exchange` and `currency`, by the route's own names first.

    `is_brokers_ticker`: a bare symbol may also be a futures root or a name of the sender's former
    broker, not only what `{{ticker}}` makes. What is wrong is in `fields.refused`.
    """
    symbol = fields.text("symbol", length_max=64)
    exchange = fields.text("exchange", length_max=32).upper()
    currency = fields.text("currency", length_max=8).upper()
    if not symbol:
        fields.wrong("symbol", "is missing; send {{exchange}}:{{ticker}}", "missing")
    if fields.refused:
        return NO_INSTRUMENT
    bare = symbol.upper()
    for name in (f"{exchange}:{bare}", bare):
        if named_one := route.symbols.get(name):
            return named_one.instrument(symbol)
    is_bare = ":" not in symbol and not exchange
    if is_brokers_ticker and is_bare and (reason := ambiguity(bare)):
        fields.wrong("symbol", reason, "symbol")
        return NO_INSTRUMENT
    found = _at(fields, symbol, exchange, currency)
    if isinstance(found, Refused):
        fields.refuse(replace(found, field=fields.called(found.field)))
        return NO_INSTRUMENT
    if currency and _CURRENCIES.get(currency, currency) != found.currency:
        fields.wrong(
            "currency",
            f"{currency} contradicts {found.source_symbol}, which is traded in {found.currency}: "
            f"send {{{{exchange}}}}:{{{{ticker}}}}, or leave currency out",
        )
    return found


def stock_in(symbol: str, currency: str) -> Instrument | Refused:
    """Return the stock that is traded in this currency, wherever it is listed."""
    return stock_anywhere(symbol, _CURRENCIES.get(currency, currency) or "USD")


def _at(fields: Fields, symbol: str, exchange: str, currency: str) -> Instrument | Refused:
    """Read a symbol at an exchange that stands beside it."""
    prefix = symbol.upper().rpartition(":")[0]
    if not exchange or exchange == prefix:
        return read_symbol(symbol)
    if exchange in _BROKERS:
        found = read_symbol(symbol)
        is_stock = isinstance(found, Refused) or found.security_type is SecurityType.STOCK
        if is_stock and exchange == "SMART" and not prefix and currency not in {"", "USD"}:
            # The broker's own terms: any listing of that currency, if there is one only.
            return stock_in(symbol, currency)
        if isinstance(found, Instrument) and found.security_type not in _BROKERS[exchange]:
            _contradicts(fields, exchange, symbol, found)
        return found
    whole = read_symbol(symbol)
    if isinstance(whole, Instrument) and whole.security_type is SecurityType.OPTION:
        # Beside an option stands the listing of what it is on.
        if not is_american(exchange):
            _contradicts(fields, exchange, symbol, whole)
        return whole
    there = read_symbol(f"{exchange}:{symbol.rpartition(':')[2]}")
    if prefix and isinstance(whole, Refused):
        return whole
    if isinstance(there, Refused) or not prefix:
        return there
    if not isinstance(whole, Instrument):
        return whole
    # BATS is a feed and EURONEXT no country: the one of the two that names a listing counts.
    primary = whole.primary_exchange or there.primary_exchange
    one = replace(whole, primary_exchange=primary)
    if replace(there, primary_exchange=there.primary_exchange or primary) != replace(
        one, source_symbol=there.source_symbol
    ):
        _contradicts(fields, exchange, symbol, whole)
    return one


def _contradicts(fields: Fields, exchange: str, symbol: str, found: Instrument) -> None:
    what = found.security_type.name.lower()
    fields.wrong("exchange", f"{exchange} contradicts {symbol} ({what}); keep one of them")
