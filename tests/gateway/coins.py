"""A desk that trades a coin, for the tests of market buys for cash."""

from dataclasses import replace
from decimal import Decimal

from alertwire.wire.alert import Action, Instrument, SecurityType
from gateway.messages import Candidate, QuoteTold
from gateway.terms import Terms
from tests.gateway.bench import Bench
from tests.gateway.build import AAPL_CONTRACT, command, status

D = Decimal
BITCOIN = Instrument(
    security_type=SecurityType.CRYPTO, symbol="BTC", exchange="PAXOS", currency="USD"
)
CONTRACT = replace(AAPL_CONTRACT, security_type="CRYPTO", symbol="BTC", local_symbol="BTC.USD")
STEP = D("0.00000001")
LOT = Terms(size_increment=STEP, min_size=STEP)


def quote(bid: object = 79_000, ask: object = 80_000, last: object = None) -> QuoteTold:
    told = [None if price is None else D(str(price)) for price in (bid, ask, last)]
    return QuoteTold(contract_id=CONTRACT.contract_id, bid=told[0], ask=told[1], last=told[2])


def trading(bench: Bench) -> Bench:
    bench.broker.candidates = (Candidate(contract=CONTRACT, terms=LOT),)
    bench.readings = [quote()]
    return bench


def send(bench: Bench, action=Action.BUY, size: object = None, **fields):
    fields = {"instrument": BITCOIN, "key": f"k{len(bench.broker.placed)}"} | fields
    one = command(action, size, **fields)
    bench.send(one)
    return one


def order_of(bench: Bench, one):
    return bench.desk.book.orders[one.command_id]


def spent(bench: Bench, one, *parts: object, is_told: bool = True) -> None:
    """Let the market fill parts of what a command ordered, and the broker call it filled."""
    order = order_of(bench, one)
    for part in parts:
        bench.fill(order.order_id, part)
    if is_told:
        paper = bench.broker.by_id(order.order_id)
        paper.status = "Filled"
        bench.turn(status(order, "Filled", sum(map(D, parts), D(0)), perm_id=order.perm_id))
