"""Messages that are not about a single order: session, accounts, market data, errors.

Encoders are pure: values in, one frame out.
"""

from collections.abc import Iterable
from decimal import Decimal

from simulator import versions
from simulator.accounts import Position
from simulator.contracts import Contract
from simulator.fields import ended, escaped, plain
from simulator.framing import frame_fields, frame_text
from simulator.market import Quote
from simulator.outbound_order import rounded

BID, ASK, LAST, HIGH, LOW, CLOSE, OPEN = 1, 2, 4, 6, 7, 9, 14
_BID_SIZE, _ASK_SIZE, _LAST_SIZE, _VOLUME, _LAST_TIME = 0, 3, 5, 8, 45
# TWS API: delayed ticks have numbers of their own.
_DELAYED = {
    BID: 66,
    ASK: 67,
    LAST: 68,
    _BID_SIZE: 69,
    _ASK_SIZE: 70,
    _LAST_SIZE: 71,
    HIGH: 72,
    LOW: 73,
    _VOLUME: 74,
    CLOSE: 75,
    OPEN: 76,
}


def next_valid_id(order_id: int) -> bytes:
    return frame_fields("9", "1", str(order_id))


def managed_accounts(accounts: Iterable[str]) -> bytes:
    return frame_fields("15", "1", ",".join(accounts))


def error(request_id: int, code: int, text: str, version: int) -> bytes:
    reject = ("",) if version >= versions.ADVANCED_REJECT else ()
    return frame_fields("4", "2", str(request_id), str(code), escaped(text), *reject)


def current_time(now: float) -> bytes:
    return frame_fields("49", "1", str(int(now)))


def end(message: int, *fields: object) -> bytes:
    """One of the End marks: message, version 1, and what identifies the request."""
    return frame_fields(str(message), "1", *(str(field) for field in fields))


def completed_orders_end() -> bytes:
    return frame_fields("102")


def position(account: str, held: Position) -> bytes:
    return frame_text(
        ended("61", "3", account)
        + held.contract.eleven_fields
        + ended(plain(held.quantity), rounded(held.average_cost))
    )


def position_multi(request_id: int, account: str, model: str, held: Position) -> bytes:
    return frame_text(
        ended("71", "1", str(request_id), account)
        + held.contract.eleven_fields
        + ended(plain(held.quantity), rounded(held.average_cost), model)
    )


def portfolio_value(account: str, held: Position, quote: Quote) -> bytes:
    contract = held.contract
    return frame_fields(
        "7",
        "8",
        str(contract.con_id),
        contract.symbol,
        contract.sec_type,
        contract.expiry,
        contract.strike_text,
        contract.right or "0",
        contract.multiplier,
        contract.primary_exchange or contract.exchange,
        contract.currency,
        contract.local_symbol,
        contract.trading_class,
        plain(held.quantity),
        plain(quote.last),
        rounded(held.market_value(quote)),
        rounded(held.average_cost),
        rounded(held.unrealized(quote)),
        rounded(held.realized),
        account,
    )


def account_value(account: str, tag: str, value: str, currency: str) -> bytes:
    return frame_fields("6", "2", tag, value, currency, account)


def account_value_multi(
    request_id: int, account: str, model: str, tag: str, value: str, currency: str
) -> bytes:
    return frame_fields("73", "1", str(request_id), account, model, tag, value, currency)


def account_summary(request_id: int, account: str, tag: str, value: str, currency: str) -> bytes:
    return frame_fields("63", "1", str(request_id), account, tag, value, currency)


def pnl(request_id: int, daily: Decimal, unrealized: Decimal, realized: Decimal) -> bytes:
    return frame_fields(
        "94", str(request_id), rounded(daily), rounded(unrealized), rounded(realized)
    )


def pnl_single(request_id: int, held: Position, quote: Quote) -> bytes:
    unrealized, realized = held.unrealized(quote), held.realized
    return frame_fields(
        "95",
        str(request_id),
        plain(held.quantity),
        rounded(unrealized + realized),
        rounded(unrealized),
        rounded(realized),
        rounded(held.market_value(quote)),
    )


def market_rule(rule_id: int, increments: Iterable[tuple[Decimal, Decimal]]) -> bytes:
    steps = list(increments)
    spelled = [plain(number) for step in steps for number in step]
    return frame_fields("93", str(rule_id), str(len(steps)), *spelled)


def market_data_kind(request_id: int, kind: int) -> bytes:
    return frame_fields("58", "1", str(request_id), str(kind))


def tick_parameters(request_id: int, contract: Contract) -> bytes:
    return frame_fields("81", str(request_id), plain(contract.min_tick), "9c0001", "3")


def ticks(
    request_id: int, contract: Contract, quote: Quote, before: Quote | None, *, is_delayed: bool
) -> bytes:
    """Everything that changed since the last quote; all of it when there was none.

    TWS API: a price tick carries its size, followed by the same size as a tick of its own.
    Currency pairs have no last trade.
    """
    frames: list[bytes] = []
    dated = _DELAYED if is_delayed else {}

    def price(kind: int, value: Decimal, size: int, mask: int = 0) -> None:
        number = str(dated.get(kind, kind))
        frames.append(
            frame_fields("1", "6", str(request_id), number, plain(value), str(size), str(mask))
        )

    def size(kind: int, value: int) -> None:
        number = str(dated.get(kind, kind))
        frames.append(frame_fields("2", "6", str(request_id), number, str(value)))

    if before is None or (before.bid, before.bid_size) != (quote.bid, quote.bid_size):
        price(BID, quote.bid, quote.bid_size, 1)
        size(_BID_SIZE, quote.bid_size)
    if before is None or (before.ask, before.ask_size) != (quote.ask, quote.ask_size):
        price(ASK, quote.ask, quote.ask_size, 1)
        size(_ASK_SIZE, quote.ask_size)
    if contract.sec_type != "CASH" and (before is None or before.last != quote.last):
        price(LAST, quote.last, quote.last_size)
        size(_LAST_SIZE, quote.last_size)
        size(_VOLUME, quote.volume)
    for kind, value, was in (
        (HIGH, quote.high, before and before.high),
        (LOW, quote.low, before and before.low),
        (CLOSE, quote.close, before and before.close),
        (OPEN, quote.open, before and before.open),
    ):
        if was != value:
            price(kind, value, 0)
    return b"".join(frames)


def option_parameters(
    request_id: int,
    exchange: str,
    underlying: Contract,
    expiries: list[str],
    strikes: list[Decimal],
) -> bytes:
    return frame_fields(
        "75",
        str(request_id),
        exchange,
        str(underlying.con_id),
        underlying.symbol.replace(" ", ""),
        underlying.multiplier if underlying.sec_type == "FUT" else "100",
        str(len(expiries)),
        *expiries,
        str(len(strikes)),
        *(plain(strike) for strike in strikes),
    )


def symbol_samples(request_id: int, contracts: list[Contract], version: int) -> bytes:
    fields: list[str] = []
    for one in contracts:
        fields += [
            str(one.con_id),
            one.symbol,
            one.sec_type,
            one.primary_exchange,
            one.currency,
            "1",
            "OPT",
        ]
        if version >= 176:
            fields += [escaped(one.long_name), ""]
    return frame_fields("79", str(request_id), str(len(contracts)), *fields)


def bare_end(message: int, request_id: int) -> bytes:
    """End marks without a version field."""
    return frame_fields(str(message), str(request_id))
