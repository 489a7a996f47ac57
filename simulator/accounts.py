"""Accounts: cash by currency, positions, and the sums a client may ask for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from simulator.contracts import Contract
from simulator.market import Quote
from simulator.pairs import dollars_per

QuoteOf = Callable[[Contract], Quote]

_CENT = Decimal("0.01")
# What is settled daily or never paid for: only its gain is worth something.
_UNPAID = frozenset({"FUT", "CFD", "FOP"})
_MARGIN = {
    "STK": Decimal("0.25"),
    "FUT": Decimal("0.06"),
    "CASH": Decimal("0.03"),
    "CRYPTO": Decimal(1),
    "OPT": Decimal(1),
    "FOP": Decimal(1),
}


@dataclass(slots=True)
class Position:
    """A holding; `average_cost` counts multiplier and commission, as TWS shows it."""

    contract: Contract
    quantity: Decimal = Decimal(0)
    average_cost: Decimal = Decimal(0)
    realized: Decimal = Decimal(0)

    def market_value(self, quote: Quote) -> Decimal:
        return self.quantity * quote.last * self.contract.point_value

    def unrealized(self, quote: Quote) -> Decimal:
        return self.market_value(quote) - self.quantity * self.average_cost


@dataclass(slots=True)
class Account:
    name: str
    opening_cash: Decimal
    cash: dict[str, Decimal] = field(default_factory=dict)
    positions: dict[int, Position] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cash.setdefault("USD", self.opening_cash)

    def reset(self, cash: Decimal) -> None:
        self.cash = {"USD": cash}
        self.positions.clear()

    def book(
        self, contract: Contract, quantity: Decimal, price: Decimal, commission: Decimal
    ) -> Decimal | None:
        """Book a signed execution; give the realized profit when it closed something."""
        position = self.positions.get(contract.con_id)
        if position is None:
            position = self.positions[contract.con_id] = Position(contract)
        unit = price * contract.point_value
        held = position.quantity
        realized: Decimal | None = None
        if held and (held > 0) != (quantity > 0):
            closed = min(abs(quantity), abs(held))
            sign = 1 if held > 0 else -1
            realized = (unit - position.average_cost) * closed * sign - commission
            position.realized += realized
            if abs(quantity) > abs(held):
                position.average_cost = unit
        else:
            total = position.average_cost * abs(held) + unit * abs(quantity) + commission
            position.average_cost = total / (abs(held) + abs(quantity))
        position.quantity = held + quantity
        if position.quantity == 0:
            position.average_cost = Decimal(0)
        self._pay(contract, quantity, unit, realized, commission)
        return realized

    def _pay(
        self,
        contract: Contract,
        quantity: Decimal,
        unit: Decimal,
        realized: Decimal | None,
        commission: Decimal,
    ) -> None:
        currency = contract.currency
        if contract.sec_type in _UNPAID:
            # The opening commission is part of the average cost and so of `realized`.
            self._move(currency, realized or Decimal(0))
            return
        self._move(currency, -quantity * unit)
        self._move("USD" if contract.sec_type == "CASH" else currency, -commission)
        if contract.sec_type == "CASH":
            self._move(contract.symbol, quantity)

    def _move(self, currency: str, amount: Decimal) -> None:
        self.cash[currency] = self.cash.get(currency, Decimal(0)) + amount

    def open_positions(self) -> Iterator[Position]:
        return (position for position in self.positions.values() if position.quantity)

    def ledger(self) -> Iterator[tuple[str, str, str]]:
        """Give tag, value and currency of each currency that is held, and of their sum."""
        cash = Decimal(0)
        for currency, amount in self.cash.items():
            rate = dollars_per(currency)
            cash += amount * rate
            yield "CashBalance", f"{amount:.2f}", currency
            yield "ExchangeRate", f"{rate:.7f}", currency
        yield "CashBalance", f"{cash:.2f}", "BASE"
        yield "ExchangeRate", "1.00", "BASE"

    def totals(self, quote_of: QuoteOf) -> "Totals":
        cash = sum((amount * dollars_per(code) for code, amount in self.cash.items()), Decimal(0))
        gross = margin = unrealized = realized = value = Decimal(0)
        for position in self.positions.values():
            rate = dollars_per(position.contract.currency)
            realized += position.realized * rate
            if not position.quantity:
                continue
            quote = quote_of(position.contract)
            worth = position.market_value(quote) * rate
            gain = position.unrealized(quote) * rate
            unrealized += gain
            margin += abs(worth) * margin_rate(position.contract)
            if position.contract.sec_type == "CASH":
                continue
            if position.contract.sec_type in _UNPAID:
                value += gain
            else:
                value += worth
                gross += abs(worth)
        return Totals(cash, cash + value, gross, margin, unrealized, realized)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over an account, in dollars."""

    cash: Decimal
    net_liquidation: Decimal
    gross_position_value: Decimal
    margin: Decimal
    unrealized: Decimal
    realized: Decimal

    @property
    def available(self) -> Decimal:
        return self.net_liquidation - self.margin

    @property
    def daily(self) -> Decimal:
        return self.unrealized + self.realized

    def tags(self) -> dict[str, str]:
        """TWS API: the tags of reqAccountSummary and reqAccountUpdates."""
        amounts = {
            "NetLiquidation": self.net_liquidation,
            "TotalCashValue": self.cash,
            "SettledCash": self.cash,
            "AccruedCash": Decimal(0),
            "BuyingPower": max(self.available * 4, Decimal(0)),
            "EquityWithLoanValue": self.net_liquidation,
            "PreviousEquityWithLoanValue": self.net_liquidation,
            "GrossPositionValue": self.gross_position_value,
            "ReqTEquity": self.net_liquidation,
            "ReqTMargin": self.margin,
            "SMA": self.available,
            "InitMarginReq": self.margin,
            "MaintMarginReq": self.margin,
            "AvailableFunds": self.available,
            "ExcessLiquidity": self.available,
            "FullInitMarginReq": self.margin,
            "FullMaintMarginReq": self.margin,
            "FullAvailableFunds": self.available,
            "FullExcessLiquidity": self.available,
            "LookAheadInitMarginReq": self.margin,
            "LookAheadMaintMarginReq": self.margin,
            "LookAheadAvailableFunds": self.available,
            "LookAheadExcessLiquidity": self.available,
            "UnrealizedPnL": self.unrealized,
            "RealizedPnL": self.realized,
        }
        return {tag: str(amount.quantize(_CENT)) for tag, amount in amounts.items()}


def margin_rate(contract: Contract) -> Decimal:
    return _MARGIN.get(contract.sec_type, Decimal("0.1"))


def order_margin(contract: Contract, quantity: Decimal, price: Decimal) -> Decimal:
    """Initial margin of one order alone, in dollars."""
    worth = quantity * price * contract.point_value * dollars_per(contract.currency)
    return worth * margin_rate(contract)


def commission(contract: Contract, quantity: Decimal, price: Decimal) -> Decimal:
    """IB's fixed prices, roughly: half a cent a share and at least one unit of money."""
    value = quantity * price * contract.point_value
    if contract.sec_type == "STK":
        amount = min(max(quantity * Decimal("0.005"), Decimal(1)), value / 100)
    elif contract.sec_type in ("FUT", "FOP"):
        amount = quantity * (Decimal("0.62") if contract.point_value < 10 else Decimal("2.25"))
    elif contract.sec_type == "OPT":
        amount = max(quantity * Decimal("0.65"), Decimal(1))
    elif contract.sec_type == "CRYPTO":
        amount = min(max(value * Decimal("0.0018"), Decimal("1.75")), value / 100)
    else:
        amount = max(value * Decimal("0.00002"), Decimal(2))
    return amount.quantize(Decimal("0.0001"))
