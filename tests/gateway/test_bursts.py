"""A burst of entries in many contracts, at the pace that the broker allows."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from alertwire.configuration import ConfigurationFile
from alertwire.wire.alert import Action
from gateway.desk import Desk
from gateway.events import (
    CommandReceived,
    Effects,
    QueryContract,
    QueryQuote,
    Release,
    Released,
)
from gateway.messages import Candidate, ContractsFound, Evidence, QuoteTold, Ready
from gateway.pacer import Pacer
from gateway.quotes import QUOTE_AGE_MAX_S
from gateway.rules import Rules
from tests.gateway.build import AAPL_CONTRACT, ACCOUNT, NOW, on

ENTRIES = 60
PACE = 5
STEP_S = 0.1
"""Time from one look at the queue to the next, and from a question to its answer."""
ALL_S = 3 * ENTRIES / PACE
"""A contract, a price and an order each."""
PRICE = Decimal(100)


class Burst:
    """A desk behind the real schedule, with a broker that answers one step later."""

    def __init__(self, rules: Rules) -> None:
        self.desk, self.pacer, self.now_s = Desk(1, rules=rules), Pacer(PACE), 0.0
        self.placed_s: list[float] = []
        self.questions: list[type] = []
        self.contract_ids: dict[str, int] = {}
        evidence = Evidence(open_orders=(), completed=(), executions=())
        ready = Ready(
            next_order_id=1,
            accounts=(ACCOUNT,),
            server_version=176,
            evidence=evidence,
            positions=(),
        )
        self.inbox: list[object] = [ready]

    def run(self, until_s: float) -> None:
        while self.now_s < until_s:
            effects = Effects()
            now = NOW + timedelta(seconds=self.now_s)
            for event in self.inbox:
                self.desk.step(event, now, effects)
            self.inbox = []
            self._send(effects)
            self.placed_s += [self.now_s] * len(effects.placements)
            self.now_s += STEP_S

    def _send(self, effects: Effects) -> None:
        while True:
            for priority, request in effects.requests:
                self.pacer.put(priority, request)
            effects.requests.clear()
            request = self.pacer.pop(self.now_s)
            match request:
                case None:
                    return
                case Release(command_id):
                    placed = len(effects.placements)
                    now = NOW + timedelta(seconds=self.now_s)
                    self.desk.step(Released(command_id), now, effects)
                    if len(effects.placements) == placed:
                        self.pacer.give_back()
                case QueryContract(key=key) | QueryQuote(contract=key):
                    self.questions.append(type(request))
                    self.inbox.append(self._answer(request, key))

    def _answer(self, request: object, key) -> object:
        if isinstance(request, QueryQuote):
            return QuoteTold(
                contract_id=key.contract_id,
                bid=PRICE,
                ask=PRICE,
                last=PRICE,
                is_delayed=False,
                reason="",
            )
        symbol = key.instrument.symbol
        number = self.contract_ids.setdefault(symbol, 1000 + len(self.contract_ids))
        contract = replace(AAPL_CONTRACT, contract_id=number, symbol=symbol, local_symbol=symbol)
        return ContractsFound(key=key, candidates=(Candidate(contract=contract),))


@pytest.mark.parametrize("knows_contracts", [False, True])
def test_no_price_grows_old_in_the_queue_behind_the_questions_of_others(knows_contracts):
    rules = Rules(ConfigurationFile.model_validate({"limits": {"order_value_max": 1000}}))
    burst = Burst(rules)
    burst.run(1)
    if knows_contracts:
        burst.inbox = [CommandReceived(on(f"S{n}", Action.EXIT), b"x") for n in range(ENTRIES)]
        burst.run(burst.now_s + ALL_S)
        burst.questions.clear()
    begins_s = burst.now_s
    burst.inbox = [CommandReceived(on(f"S{n}", Action.BUY, 1), b"x") for n in range(ENTRIES)]

    burst.run(begins_s + ALL_S + 2)

    assert burst.questions.count(QueryQuote) == ENTRIES
    assert len(burst.placed_s) == ENTRIES
    assert burst.placed_s[0] - begins_s < QUOTE_AGE_MAX_S / 2
