"""Contract queries over one connection: which contracts match, and the market rules they name.

A market rule is asked for once per connection. It can only be had after the contract details that
name it (TWS API, "Minimum price increment"), so it is a second question of the same query.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from gateway import translation
from gateway.errors import is_no_contract
from gateway.messages import Candidate, Contract, ContractQueryFailed, ContractsFound
from gateway.terms import PriceStep

QUERY_TIMEOUT_S: Final = 10.0
RULE_TIMEOUT_S: Final = 3.0


class Queries:
    """Asks through the library's `ib`, which raises `error_type` where the broker refuses."""

    def __init__(self, ib: Any, make_blank: Callable[[], Any], error_type: type[Exception]) -> None:
        self._ib, self._make_blank, self._error_type = ib, make_blank, error_type
        self._rules: dict[int, asyncio.Task[tuple[PriceStep, ...]]] = {}

    async def ask(self, key: object, contract: Contract) -> ContractsFound | ContractQueryFailed:
        """Return all contracts that match, each with its terms at the exchange asked for."""
        try:
            found = await asyncio.wait_for(
                self._ib.reqContractDetailsAsync(
                    translation.write_contract(contract, self._make_blank())
                ),
                QUERY_TIMEOUT_S,
            )
        except self._error_type as failure:
            error: Any = failure
            name = f"{contract.symbol} {contract.security_type}".strip()
            return ContractQueryFailed(
                key=key,
                reason=f"{name}: {error.message} ({error.code})",
                is_final=is_no_contract(error.code),
            )
        except (TimeoutError, OSError) as failure:
            reason = f"the contract query was not answered: {failure or 'no answer in time'}"
            return ContractQueryFailed(key=key, reason=reason, is_final=False)
        candidates = [await self._candidate(details, contract.exchange) for details in found]
        return ContractsFound(key=key, candidates=tuple(candidates))

    async def _candidate(self, details: Any, exchange: str) -> Candidate:
        number = translation.market_rule(details, exchange)
        if number is None:
            where = exchange or details.contract.exchange
            remark = f"the broker names no market rule for {where}"
            return translation.candidate(details, (), remark)
        task = self._rules.get(number)
        if task is None:
            task = self._rules[number] = asyncio.ensure_future(self._rule(number))
        steps = await asyncio.shield(task)
        if not steps:
            # It may be answered next time.
            self._rules.pop(number, None)
            return translation.candidate(details, (), f"market rule {number} was not told")
        return translation.candidate(details, steps)

    async def _rule(self, number: int) -> tuple[PriceStep, ...]:
        try:
            told = await asyncio.wait_for(self._ib.reqMarketRuleAsync(number), RULE_TIMEOUT_S)
        except (self._error_type, TimeoutError, OSError):
            return ()
        return translation.price_steps(told or ())
