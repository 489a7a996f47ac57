"""Requests of a client, decoded: message fields in, frozen values out.

Orders are in `inbound_order`.

TWS API: the first field is the message id, often followed by the version of that message, which
has not changed in years and is skipped.
"""

from collections.abc import Callable
from dataclasses import dataclass

from simulator.contracts import ContractQuery, read_contract
from simulator.fields import FieldReader
from simulator.inbound_order import PlaceOrder, decode_place_order


@dataclass(frozen=True, slots=True)
class MarketData:
    request_id: int
    contract: ContractQuery
    is_snapshot: bool


@dataclass(frozen=True, slots=True)
class CancelOrder:
    order_id: int


@dataclass(frozen=True, slots=True)
class Executions:
    request_id: int
    client_id: int
    account: str
    since: str
    symbol: str
    sec_type: str
    exchange: str
    side: str


@dataclass(frozen=True, slots=True)
class ContractDetails:
    request_id: int
    contract: ContractQuery


@dataclass(frozen=True, slots=True)
class History:
    request_id: int
    contract: ContractQuery
    end: str
    bar_size: str
    duration: str
    what_to_show: str
    date_format: int
    is_kept_up_to_date: bool


@dataclass(frozen=True, slots=True)
class AccountUpdates:
    is_subscribing: bool
    account: str


@dataclass(frozen=True, slots=True)
class AccountUpdatesMulti:
    request_id: int
    account: str
    model: str


@dataclass(frozen=True, slots=True)
class PositionsMulti:
    request_id: int
    account: str
    model: str


@dataclass(frozen=True, slots=True)
class AccountSummary:
    request_id: int
    group: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pnl:
    request_id: int
    account: str
    con_id: int | None = None


@dataclass(frozen=True, slots=True)
class OptionParameters:
    request_id: int
    symbol: str
    exchange: str
    sec_type: str
    con_id: int


@dataclass(frozen=True, slots=True)
class MatchingSymbols:
    request_id: int
    pattern: str


@dataclass(frozen=True, slots=True)
class MarketRule:
    rule_id: int


@dataclass(frozen=True, slots=True)
class MarketDataKind:
    kind: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """End of a subscription: which kind is told by the message id."""

    message: int
    request_id: int


@dataclass(frozen=True, slots=True)
class Plain:
    """A request without parameters that matter: open orders, positions, time and so on."""

    message: int


@dataclass(frozen=True, slots=True)
class Unserved:
    """A request this server does not know; the id is where TWS would read one."""

    message: int
    request_id: int


Request = (
    MarketData
    | CancelOrder
    | Executions
    | ContractDetails
    | History
    | AccountUpdates
    | AccountUpdatesMulti
    | PositionsMulti
    | AccountSummary
    | Pnl
    | OptionParameters
    | MatchingSymbols
    | MarketRule
    | MarketDataKind
    | Cancel
    | Plain
    | Unserved
    | PlaceOrder
)

PLACE_ORDER = 3
OPEN_ORDERS, ALL_OPEN_ORDERS, AUTO_OPEN_ORDERS = 5, 16, 15
IDS, MANAGED_ACCOUNTS, CURRENT_TIME, GLOBAL_CANCEL = 8, 17, 49, 58
POSITIONS, CANCEL_POSITIONS, COMPLETED_ORDERS = 61, 64, 99
CANCEL_MARKET_DATA, CANCEL_HISTORY, CANCEL_SUMMARY, CANCEL_MULTI = 2, 25, 63, 77
CANCEL_POSITIONS_MULTI, CANCEL_PNL, CANCEL_PNL_SINGLE = 75, 93, 95
SET_LOG_LEVEL = 14

_PLAIN = frozenset(
    {
        OPEN_ORDERS,
        ALL_OPEN_ORDERS,
        AUTO_OPEN_ORDERS,
        IDS,
        MANAGED_ACCOUNTS,
        CURRENT_TIME,
        GLOBAL_CANCEL,
        POSITIONS,
        CANCEL_POSITIONS,
        COMPLETED_ORDERS,
        SET_LOG_LEVEL,
    }
)
_VERSIONED_CANCELS = frozenset(
    {
        CANCEL_MARKET_DATA,
        CANCEL_HISTORY,
        CANCEL_SUMMARY,
        CANCEL_MULTI,
        CANCEL_POSITIONS_MULTI,
    }
)
# What is not served is answered under its own request id, never under a number that may be an
# order's: a version field stands before the id in the older requests.
_UNSERVED_WITHOUT_ID = frozenset({12, 13, 18, 24, 80, 82, 85})
_UNSERVED_WITH_VERSION = frozenset({10, 11, 21, 23, *range(50, 58), *range(65, 71), 72, 73})
_BARE_CANCELS = frozenset({CANCEL_PNL, CANCEL_PNL_SINGLE})


def decode(fields: list[str], version: int) -> Request:
    """Turn one message's fields into a request; FieldError when they cannot be read."""
    reader = FieldReader(fields)
    message = reader.integer()
    if message == PLACE_ORDER:
        return decode_place_order(reader, version)
    decoder = _DECODERS.get(message)
    if decoder is not None:
        return decoder(reader)
    if message in _PLAIN:
        return Plain(message)
    if message in _VERSIONED_CANCELS:
        reader.skip(1)
        return Cancel(message, reader.integer())
    if message in _BARE_CANCELS:
        return Cancel(message, reader.integer())
    if message in _UNSERVED_WITHOUT_ID:
        return Unserved(message, -1)
    if message in _UNSERVED_WITH_VERSION:
        reader.skip(1)
    return Unserved(message, reader.integer(-1))


def skip_legs(reader: FieldReader) -> None:
    reader.skip(4 * reader.integer())


def _market_data(reader: FieldReader) -> MarketData:
    reader.skip(1)
    request_id = reader.integer()
    contract = read_contract(reader)
    if contract.sec_type == "BAG":
        skip_legs(reader)
    if reader.flag():
        reader.skip(3)
    reader.skip(1)
    return MarketData(request_id, contract, is_snapshot=reader.flag())


def _cancel_order(reader: FieldReader) -> CancelOrder:
    reader.skip(1)
    return CancelOrder(reader.integer())


def _executions(reader: FieldReader) -> Executions:
    reader.skip(1)
    return Executions(
        reader.integer(),
        reader.integer(),
        reader.text(),
        reader.text(),
        reader.text(),
        reader.text(),
        reader.text(),
        reader.text(),
    )


def _contract_details(reader: FieldReader) -> ContractDetails:
    reader.skip(1)
    request_id = reader.integer()
    return ContractDetails(request_id, read_contract(reader))


def _history(reader: FieldReader) -> History:
    request_id = reader.integer()
    contract = read_contract(reader)
    reader.skip(1)
    end, bar_size, duration = reader.text(), reader.text(), reader.text()
    reader.skip(1)
    what, date_format = reader.text(), reader.integer(1)
    if contract.sec_type == "BAG":
        skip_legs(reader)
    kept = reader.flag()
    return History(request_id, contract, end, bar_size, duration, what, date_format, kept)


def _account_updates(reader: FieldReader) -> AccountUpdates:
    reader.skip(1)
    return AccountUpdates(reader.flag(), reader.text())


def _account_updates_multi(reader: FieldReader) -> AccountUpdatesMulti:
    reader.skip(1)
    return AccountUpdatesMulti(reader.integer(), reader.text(), reader.text())


def _positions_multi(reader: FieldReader) -> PositionsMulti:
    reader.skip(1)
    return PositionsMulti(reader.integer(), reader.text(), reader.text())


def _account_summary(reader: FieldReader) -> AccountSummary:
    reader.skip(1)
    request_id, group = reader.integer(), reader.text()
    tags = tuple(tag.strip() for tag in reader.text().split(",") if tag.strip())
    return AccountSummary(request_id, group, tags)


def _pnl(reader: FieldReader) -> Pnl:
    return Pnl(reader.integer(), reader.text())


def _pnl_single(reader: FieldReader) -> Pnl:
    request_id, account = reader.integer(), reader.text()
    reader.skip(1)
    return Pnl(request_id, account, reader.integer())


def _option_parameters(reader: FieldReader) -> OptionParameters:
    return OptionParameters(
        reader.integer(), reader.text(), reader.text(), reader.text(), reader.integer()
    )


def _matching_symbols(reader: FieldReader) -> MatchingSymbols:
    return MatchingSymbols(reader.integer(), reader.text())


def _market_rule(reader: FieldReader) -> MarketRule:
    return MarketRule(reader.integer())


def _market_data_kind(reader: FieldReader) -> MarketDataKind:
    reader.skip(1)
    return MarketDataKind(reader.integer(1))


_DECODERS: dict[int, Callable[[FieldReader], Request]] = {
    1: _market_data,
    4: _cancel_order,
    6: _account_updates,
    7: _executions,
    9: _contract_details,
    20: _history,
    59: _market_data_kind,
    62: _account_summary,
    74: _positions_multi,
    76: _account_updates_multi,
    78: _option_parameters,
    81: _matching_symbols,
    91: _market_rule,
    92: _pnl,
    94: _pnl_single,
}
