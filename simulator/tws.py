"""The whole of a simulated TWS, without its sockets: market, exchange, accounts, sessions."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

from simulator.accounts import Account
from simulator.auctions import auctions_between
from simulator.catalogue import Catalogue
from simulator.contracts import Contract
from simulator.exchange import Exchange, Later
from simulator.faults import Faults
from simulator.intake import Intake
from simulator.market import Market
from simulator.options import SimulatorOptions
from simulator.orderbook import OrderBook
from simulator.outbound_contract import MarketRules
from simulator.pacing import Pacing
from simulator.reports import Reports
from simulator.session import Session


class Tws:
    """One state shared by all connections.

    `later` runs something after so many seconds; the server hands in its loop's timer.
    """

    def __init__(
        self,
        options: SimulatorOptions,
        later: Later,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.options = options
        self.clock = clock
        self.later = later
        self.frames = 0
        self.sessions: set[Session] = set()
        self.faults = Faults(pacing_limit=options.pacing_limit)
        self.pacing = Pacing()
        self.market = Market(options.seed)
        self.rules = MarketRules()
        self.catalogue = Catalogue(options.seed, self.today)
        self.accounts = {name: Account(name, options.cash) for name in options.accounts}
        self.book = OrderBook()
        self.reports = Reports(self.faults, later, master_client_id=options.master_client_id)
        self.exchange = Exchange(
            self.book,
            self.market,
            self.accounts,
            self.faults,
            self.reports.on_event,
            later,
            clock,
        )
        self.intake = Intake(
            self.exchange,
            self.book,
            self.catalogue,
            self.accounts,
            self.faults,
            self.reports.on_event,
        )
        self._ticked_at = clock()

    def today(self) -> date:
        return datetime.fromtimestamp(self.clock(), UTC).date()

    def tick(self) -> None:
        """Let the market take a step, and tell whoever listens."""
        now = self.clock()
        seconds = max(now - self._ticked_at, 0.001) * self.options.time_scale
        if not self.faults.is_link_lost:
            moved = self.market.step(self._watched(), seconds)
            self.exchange.on_moved(moved)
            self.exchange.on_time()
            for kind in auctions_between(self._ticked_at, now):
                self.exchange.hold_auction(kind)
        self._ticked_at = now
        self.stream()

    def stream(self) -> None:
        """Send subscribers what changed since they were last told."""
        for session in list(self.sessions):
            session.stream()

    def _watched(self) -> list[Contract]:
        watched = {one.con_id: one for one in self.book.working_contracts()}
        for session in self.sessions:
            for subscription in session.market_data.values():
                watched.setdefault(subscription.contract.con_id, subscription.contract)
        for account in self.accounts.values():
            for held in account.open_positions():
                watched.setdefault(held.contract.con_id, held.contract)
        return list(watched.values())

    def put_price(
        self,
        contract: Contract,
        price: Decimal | None,
        bid: Decimal | None = None,
        ask: Decimal | None = None,
    ) -> None:
        """Move a price by hand and let every order see it at once."""
        self.market.set_price(contract, price, bid, ask)
        self.exchange.on_moved([contract])
        self.stream()

    def lose_unacknowledged(self) -> int:
        """Forget what a restarted TWS forgets: untransmitted and unacknowledged orders.

        Their ids are handed out again, as happens with a real one.
        """
        lost = [
            order
            for order in self.book.live()
            if not order.fills and not (order.is_transmitted and order.is_acknowledged)
        ]
        for order in lost:
            order.lose(self.clock())
            self.book.lose(order)
        self.book.roll_back_ids()
        return len(lost)

    def reset(self) -> None:
        """Begin anew: no orders, positions, faults or prices; connections end."""
        for session in list(self.sessions):
            session.close("fin")
        for order in self.book.live():
            # Executions on their way must find nothing to fill.
            order.lose(self.clock())
        self.book.clear()
        self.market.reset()
        self.intake.refused.clear()
        self.frames = 0
        self.faults.clear()
        for account in self.accounts.values():
            account.reset(self.options.cash)
