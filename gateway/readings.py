"""Account values and prices over one connection: asked for through the library, kept by nobody.

TWS API: "Account Summary", "Market Data: Snapshots", "Tick Types". One summary is subscribed at a
time; asking again ends it and begins the next, whose first answer holds every value.
"""

import asyncio
import contextlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from gateway import translation
from gateway.funds import AVAILABLE, DAILY_PROFIT, EQUITY, TAGS
from gateway.messages import AccountValue, Contract, FundsAnswered, Message, QuoteTold

FUNDS_TIMEOUT_S: Final = 5.0
PROFIT_TIMEOUT_S: Final = 2.0
"""An account that tells no profit of the day keeps its values waiting no longer."""
QUOTE_TIMEOUT_S: Final = 2.0
"""A snapshot ends after up to 11 s; what it told by then, or the alert's own price, must do."""
DELAYED: Final = 3
"""Market data type: live where it is subscribed, else delayed."""
_SUMMARY: Final = f"{EQUITY},{AVAILABLE},$LEDGER:ALL"
_NAMES: Final = {
    # Tick type → field and whether it is delayed.
    1: ("bid", False),
    2: ("ask", False),
    4: ("last", False),
    66: ("bid", True),
    67: ("ask", True),
    68: ("last", True),
}


class _Snapshot:
    """One contract's prices while they come in."""

    def __init__(self) -> None:
        self.prices: dict[str, Decimal] = {}
        self.is_delayed = False
        self.has_book: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Readings:
    """Asks through the library's `ib`, which raises `error_type` where the broker refuses."""

    def __init__(
        self, ib: Any, error_type: type[Exception], sink: Callable[[Message], None]
    ) -> None:
        self._ib, self._error_type, self._sink = ib, error_type, sink
        self._summary_id = 0
        self._snapshots: dict[int, _Snapshot] = {}
        self._asked_for_delayed = False
        self._profits: dict[int, str] = {}
        """Accounts whose profit of the day is subscribed to, by request."""
        self._silent: set[str] = set()
        """Accounts whose subscription has told nothing yet."""
        self._are_told = asyncio.Event()
        self._turn = asyncio.Lock()

    async def funds(self) -> FundsAnswered:
        """Subscribe to account values and profits, in place of the subscriptions before.

        What was subscribed to may have fallen silent; the first answer is of this moment.
        """
        async with self._turn:
            return await self._subscribe()

    async def _subscribe(self) -> FundsAnswered:
        client = self._ib.client
        try:
            self._follow_profits()
            if self._summary_id:
                client.cancelAccountSummary(self._summary_id)
            self._summary_id = client.getReqId()
            future = self._ib.wrapper.startReq(self._summary_id)
            client.reqAccountSummary(self._summary_id, "All", _SUMMARY)
            await asyncio.wait_for(future, FUNDS_TIMEOUT_S)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._are_told.wait(), PROFIT_TIMEOUT_S)
        except self._error_type as failure:
            return FundsAnswered(reason=f"the broker refused to tell them: {_words(failure)}")
        except (TimeoutError, OSError) as failure:
            return FundsAnswered(
                reason=f"the broker did not tell them in {FUNDS_TIMEOUT_S:g} s {failure}".strip()
            )
        return FundsAnswered()

    def _follow_profits(self) -> None:
        """Subscribe to each account's profit of the day (TWS API: "Profit And Loss")."""
        client = self._ib.client
        for number in self._profits:
            client.cancelPnL(number)
        self._profits.clear()
        self._are_told.clear()
        self._silent = set(client.getAccounts())
        for account in self._silent:
            number = client.getReqId()
            self._profits[number] = account
            client.reqPnL(number, account, "")

    def profit(self, request_id: int, daily: float) -> None:
        """Hear an account's profit of the day."""
        account = self._profits.get(request_id)
        if account is None or not translation.is_told(daily):
            return
        value = translation.exact(daily)
        self._sink(AccountValue(account=account, tag=DAILY_PROFIT, value=value, currency=""))
        self._silent.discard(account)
        if not self._silent:
            self._are_told.set()

    async def quote(self, contract: Contract, blank: Any) -> QuoteTold:
        """Ask what a contract costs now; a bound of two seconds."""
        client = self._ib.client
        snapshot = _Snapshot()
        reason = ""
        number = 0
        try:
            if not self._asked_for_delayed:
                self._asked_for_delayed = True
                client.reqMarketDataType(DELAYED)
            number = client.getReqId()
            self._snapshots[number] = snapshot
            end = self._ib.wrapper.startReq(number)
            client.reqMktData(
                number, translation.write_contract(contract, blank), "", True, False, []
            )
            done, _ = await asyncio.wait(
                {end, snapshot.has_book},
                timeout=QUOTE_TIMEOUT_S,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if end in done:
                end.result()
            elif not done:
                reason = f"the broker told no price in {QUOTE_TIMEOUT_S:g} s"
        except self._error_type as failure:
            reason = f"the broker tells no price: {_words(failure)}"
        except OSError as failure:
            reason = f"the broker was not asked: {failure}"
        finally:
            self._snapshots.pop(number, None)
        return QuoteTold(
            contract_id=contract.contract_id,
            bid=snapshot.prices.get("bid"),
            ask=snapshot.prices.get("ask"),
            last=snapshot.prices.get("last"),
            is_delayed=snapshot.is_delayed,
            reason=reason,
        )

    def tick(self, request_id: int, kind: int, price: float) -> None:
        """Hear one price; -1 and 0 mean that there is none (TWS API: "Tick Types")."""
        snapshot = self._snapshots.get(request_id)
        if snapshot is None or kind not in _NAMES or not price > 0:
            return
        name, is_delayed = _NAMES[kind]
        snapshot.prices[name] = translation.exact(price)
        snapshot.is_delayed |= is_delayed
        if {"bid", "ask"} <= snapshot.prices.keys() and not snapshot.has_book.done():
            snapshot.has_book.set_result(None)

    def value(self, account: str, tag: str, value: str, currency: str) -> None:
        """Hear one account value."""
        if tag in TAGS and (message := translation.account_value(account, tag, value, currency)):
            self._sink(message)


def _words(failure: Exception) -> str:
    error: Any = failure
    return f"{error.message} ({error.code})"
