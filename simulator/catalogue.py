"""Every contract there is: queries in, matches out, and the memory of ids handed out."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from simulator import futures, optionchains, pairs, stocks
from simulator.contracts import Contract, ContractQuery, matches, routes_to


class Catalogue:
    """Find contracts by description or by id.

    Stocks and options are made when first asked for: there are too many to list. What was found
    once is kept, because an id alone must find it again.
    """

    def __init__(self, seed: int, today: Callable[[], date]) -> None:
        self._seed = seed
        self._today = today
        self._by_id: dict[int, Contract] = {}
        self._answers: dict[ContractQuery, list[Contract]] = {}
        self._listed_on = date.min
        self._listed: dict[str, list[Contract]] = {}

    def find(self, query: ContractQuery) -> list[Contract]:
        """List every contract the query fits; empty when there is none."""
        self._relist()
        answer = self._answers.get(query)
        if answer is None:
            answer = self._search(query)
            if len(self._answers) > 20_000:
                self._answers.clear()
            self._answers[query] = answer
            for contract in answer:
                self._by_id.setdefault(contract.con_id, contract)
        return answer

    def by_id(self, con_id: int) -> Contract | None:
        self._relist()
        return self._by_id.get(con_id)

    def by_symbol(self, symbol: str, sec_type: str = "STK", currency: str = "") -> Contract | None:
        """Find what an operator means by a bare symbol: the first match, dollars for stocks."""
        for query in (
            ContractQuery(
                symbol=symbol,
                sec_type=sec_type,
                exchange="SMART" if sec_type == "STK" else "",
                currency=currency or ("USD" if sec_type == "STK" else ""),
            ),
            ContractQuery(local_symbol=symbol, sec_type=sec_type, currency=currency),
        ):
            if found := self.find(query):
                return found[0]
        return None

    def chain_of(self, underlying: Contract) -> tuple[list[str], list[Decimal]]:
        """Expiries and strikes for reqSecDefOptParams."""
        price = underlying.reference_price
        return optionchains.expiries(self._today()), optionchains.strikes(price)

    def _relist(self) -> None:
        """List the futures anew when the day changes, so that no chain holds an expired one."""
        today = self._today()
        if today == self._listed_on:
            return
        self._listed_on = today
        self._answers.clear()
        self._listed = {
            "FUT": [one for root in futures.ROOTS for one in futures.chain(root, today)],
            "CASH": pairs.forex(),
            "CRYPTO": pairs.crypto(),
            "IND": pairs.indexes(),
            "CFD": pairs.cfds(),
            "CMDTY": pairs.metals(),
        }
        for listed in self._listed.values():
            for contract in listed:
                self._by_id[contract.con_id] = contract

    def _search(self, query: ContractQuery) -> list[Contract]:
        known = self._by_id.get(query.con_id) if query.con_id else None
        if known is not None:
            if not routes_to(known, query.exchange):
                return []
            return [known.at(query.exchange.upper())]
        if query.sec_type in ("OPT", "FOP"):
            candidates = self._options(query)
        elif query.sec_type == "STK":
            candidates = stocks.find(query, self._seed)
        elif query.sec_type == "CONTFUT":
            candidates = self._fronts()
        else:
            candidates = self._listed.get(query.sec_type, [])
        fitting = [
            one for one in candidates if matches(one, query) and routes_to(one, query.exchange)
        ]
        return [one.at(query.exchange.upper()) for one in fitting]

    def _fronts(self) -> list[Contract]:
        fronts: dict[str, Contract] = {}
        for contract in self._listed["FUT"]:
            fronts.setdefault(contract.trading_class, replace(contract, sec_type="CONTFUT"))
        return list(fronts.values())

    def _options(self, query: ContractQuery) -> list[Contract]:
        symbol = query.symbol.upper()
        if query.local_symbol and not symbol and query.sec_type == "OPT":
            return self._option_by_local_symbol(query)
        underlying = self._underlying(symbol, query)
        if underlying is None:
            return []
        today = self._today()
        trading_class = query.trading_class or symbol.replace(" ", "")
        if underlying.sec_type == "FUT":
            trading_class = query.trading_class or underlying.trading_class
        days = [day for day in optionchains.expiries(today) if day.startswith(query.expiry)]
        price = underlying.reference_price
        if query.strike:
            grid = [query.strike] if optionchains.is_listed_strike(price, query.strike) else []
        else:
            grid = optionchains.strikes(price)
        rights = query.right[0].upper() if query.right and query.right not in "0?" else "CP"
        return [
            optionchains.option(underlying, day, strike, right, trading_class, today)
            for day in days
            for strike in grid
            for right in rights
            if right in "CP"
        ]

    def _option_by_local_symbol(self, query: ContractQuery) -> list[Contract]:
        text = query.local_symbol
        root, rest = text[:6].strip(), text[6:]
        if len(rest) != 15 or not (rest[:6] + rest[7:]).isdigit():
            return []
        described = ContractQuery(
            symbol=root,
            sec_type="OPT",
            expiry=f"20{rest[:6]}",
            strike=Decimal(rest[7:]) / 1000,
            right=rest[6],
            currency=query.currency,
        )
        return self._options(described)

    def _underlying(self, symbol: str, query: ContractQuery) -> Contract | None:
        if query.sec_type == "FOP":
            chain = (one for one in self._listed["FUT"] if one.symbol == symbol)
            return next(chain, None)
        index = (one for one in self._listed["IND"] if one.symbol == symbol)
        found = next(index, None)
        if found is not None:
            return found
        return self.by_symbol(symbol, "STK", query.currency)
