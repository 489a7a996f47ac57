"""What a contract is: the twelve fields of the wire, and the facts a listing adds to them."""

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

from simulator.fields import FieldReader, ended, plain


@dataclass(frozen=True, slots=True)
class ContractQuery:
    """A contract as a client describes it; empty fields match anything."""

    con_id: int = 0
    symbol: str = ""
    sec_type: str = ""
    expiry: str = ""
    strike: Decimal | None = None
    right: str = ""
    multiplier: str = ""
    exchange: str = ""
    primary_exchange: str = ""
    currency: str = ""
    local_symbol: str = ""
    trading_class: str = ""


@dataclass(frozen=True)
class Contract:
    """One tradable thing at one exchange: con_id tells the thing, exchange the way to it."""

    con_id: int
    symbol: str
    sec_type: str
    exchange: str
    currency: str
    local_symbol: str
    trading_class: str
    primary_exchange: str = ""
    expiry: str = ""
    strike: Decimal = Decimal(0)
    right: str = ""
    multiplier: str = ""
    min_tick: Decimal = Decimal("0.01")
    reference_price: Decimal = Decimal(100)
    valid_exchanges: str = "SMART"
    long_name: str = ""
    market_name: str = ""
    contract_month: str = ""
    last_trade_time: str = ""
    time_zone: str = "US/Eastern"
    under_con_id: int = 0
    under_symbol: str = ""
    under_sec_type: str = ""
    price_magnifier: int = 1
    size_increment: Decimal = Decimal(1)
    min_size: Decimal = Decimal(1)
    stock_type: str = ""

    def at(self, exchange: str) -> "Contract":
        """Give the same thing routed to another of its exchanges."""
        if not exchange or exchange == self.exchange:
            return self
        return replace(self, exchange=exchange)

    @cached_property
    def point_value(self) -> Decimal:
        """Money per unit of price and quantity."""
        return Decimal(self.multiplier or "1") / self.price_magnifier

    @cached_property
    def is_option(self) -> bool:
        return self.sec_type in ("OPT", "FOP")

    @cached_property
    def strike_text(self) -> str:
        return plain(self.strike)

    @cached_property
    def eleven_fields(self) -> str:
        """Contract fields of execDetails and position, in wire order, NUL-ended."""
        return self._eleven_fields(self.right)

    @cached_property
    def eleven_order_fields(self) -> str:
        """The same for openOrder, where TWS writes ? for the right of what is no option."""
        return self._eleven_fields(self.right or "?")

    def _eleven_fields(self, right: str) -> str:
        return ended(
            str(self.con_id),
            self.symbol,
            self.sec_type,
            self.expiry,
            self.strike_text,
            right,
            self.multiplier,
            self.exchange,
            self.currency,
            self.local_symbol,
            self.trading_class,
        )


def matches(contract: Contract, query: ContractQuery) -> bool:
    """True if every field the client filled in agrees with the contract."""
    if query.con_id and query.con_id != contract.con_id:
        return False
    for wanted, actual in (
        (query.symbol, contract.symbol),
        (query.currency, contract.currency),
        (query.local_symbol, contract.local_symbol),
        (query.trading_class, contract.trading_class),
    ):
        if wanted and wanted.upper() != actual.upper():
            return False
    if query.expiry and not expiry_matches(contract, query.expiry):
        return False
    if query.right and query.right not in "0?" and query.right[0].upper() != contract.right:
        return False
    if query.strike and contract.is_option and query.strike != contract.strike:
        return False
    if query.multiplier and contract.multiplier:
        return Decimal(query.multiplier) == Decimal(contract.multiplier)
    return True


def expiry_matches(contract: Contract, wanted: str) -> bool:
    """Match YYYYMM against the contract month and YYYYMMDD against the last trade date.

    TWS API: the last trade date of energy futures lies in the month before the contract month,
    so the two must not be compared by prefix.
    """
    if len(wanted) == 6:
        month = contract.contract_month or contract.expiry[:6]
        return wanted == month
    return wanted[:8] == contract.expiry


def routes_to(contract: Contract, exchange: str) -> bool:
    return not exchange or exchange.upper() in contract.valid_exchanges.split(",")


def read_contract(reader: FieldReader) -> ContractQuery:
    """Read the twelve fields every request spells a contract with."""
    return ContractQuery(
        con_id=reader.integer(),
        symbol=reader.text(),
        sec_type=reader.text(),
        expiry=reader.text(),
        strike=reader.decimal() or None,
        right=reader.text(),
        multiplier=reader.text(),
        exchange=reader.text(),
        primary_exchange=reader.text(),
        currency=reader.text(),
        local_symbol=reader.text(),
        trading_class=reader.text(),
    )
