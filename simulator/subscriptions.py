"""What a client listens to, and what it is sent when that changes."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator import outbound
from simulator.accounts import Position
from simulator.contracts import Contract
from simulator.market import Quote

if TYPE_CHECKING:
    from simulator.tws import Tws


@dataclass(slots=True)
class MarketDataLine:
    contract: Contract
    last_sent: Quote | None = None


class Subscriptions(ABC):
    """Streams of one connection.

    TWS pushes account values about every three minutes; here it is after every change, and at
    most once per step of the market.
    """

    def __init__(self, tws: "Tws") -> None:
        self.tws = tws
        self.market_data: dict[int, MarketDataLine] = {}
        self.is_delayed = False
        self.wants_positions = False
        self.account_updates: set[str] = set()
        self.multi_updates: dict[int, tuple[str, str]] = {}
        self.summaries: dict[int, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self.pnl: dict[int, str] = {}
        self.pnl_single: dict[int, tuple[str, int]] = {}
        self._told: dict[tuple[str, str], str] = {}
        self._changed_accounts: set[str] = set()

    @property
    def shows_delayed(self) -> bool:
        """TWS API: who asks for delayed data gets live data where it is subscribed."""
        return self.is_delayed and self.tws.faults.market_data == "delayed"

    @abstractmethod
    def send(self, message: bytes) -> bool:
        """Hand a message to the client; False when it is gone."""

    def on_position(self, account: str, con_id: int) -> None:
        """Tell a fill's effect on a position; the account's sums follow with the next step."""
        held = self.tws.accounts[account].positions.get(con_id)
        if held is None:
            return
        if self.wants_positions:
            self.send(outbound.position(account, held))
        if account in self.account_updates:
            quote = self.tws.market.quote(held.contract)
            self.send(outbound.portfolio_value(account, held, quote))
        self._changed_accounts.add(account)

    def stream(self) -> None:
        for request_id, line in self.market_data.items():
            self.send_ticks(request_id, line)
        for account in self._changed_accounts:
            if account in self.account_updates:
                self.send_account_values(account)
        self._changed_accounts.clear()
        for request_id, account in self.pnl.items():
            self.send_pnl(request_id, account)
        for request_id, (account, con_id) in self.pnl_single.items():
            self.send_pnl_single(request_id, account, con_id)

    def send_ticks(self, request_id: int, line: MarketDataLine) -> None:
        quote = self.tws.market.quote(line.contract)
        if quote is line.last_sent:
            return
        changed = outbound.ticks(
            request_id, line.contract, quote, line.last_sent, is_delayed=self.shows_delayed
        )
        line.last_sent = quote
        if changed:
            self.send(changed)

    def send_account_values(self, name: str) -> None:
        """Send the account's values that changed since this client was last told."""
        account = self.tws.accounts[name]
        values = dict(account.totals(self.tws.market.quote).tags())
        told = [(tag, value, "USD") for tag, value in values.items()]
        told += [("CashBalance", f"{cash:.2f}", code) for code, cash in account.cash.items()]
        for tag, value, currency in told:
            key = (name, f"{tag}/{currency}")
            if self._told.get(key) != value:
                self._told[key] = value
                self.send(outbound.account_value(name, tag, value, currency))

    def forget_account_values(self, name: str) -> None:
        self._told = {key: value for key, value in self._told.items() if key[0] != name}

    def send_pnl(self, request_id: int, account: str) -> None:
        totals = self.tws.accounts[account].totals(self.tws.market.quote)
        self._send_if_new(
            ("pnl", str(request_id)),
            outbound.pnl(request_id, totals.daily, totals.unrealized, totals.realized),
        )

    def send_pnl_single(self, request_id: int, account: str, con_id: int) -> None:
        held = self.tws.accounts[account].positions.get(con_id)
        contract = held.contract if held else self.tws.catalogue.by_id(con_id)
        if contract is None:
            return
        shown = held or Position(contract)
        message = outbound.pnl_single(request_id, shown, self.tws.market.quote(contract))
        self._send_if_new(("pnl_single", str(request_id)), message)

    def _send_if_new(self, key: tuple[str, str], message: bytes) -> None:
        spelled = message.decode()
        if self._told.get(key) != spelled:
            self._told[key] = spelled
            self.send(message)
