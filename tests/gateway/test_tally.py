"""What was counted before a restart is counted after it."""

from datetime import timedelta
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from alertwire.journal.commit import GroupCommit
from alertwire.journal.database import open_database
from alertwire.journal.tables import metadata
from alertwire.wire.alert import Action
from alertwire.wire.report import Side
from gateway.events import Effects
from gateway.ledger import Ledger
from gateway.tally import DAY, MINUTE, Scope, Sent, Tally
from tests.gateway.bench import Bench
from tests.gateway.build import AAPL_CONTRACT, ACCOUNT, command, limit
from tests.gateway.test_brackets import LEGS

STRATEGIES, ROUTES = ("s", "t"), ("", "main")


class Kept(Bench):
    """A bench whose turns are in a real ledger as well."""

    def __init__(self, database: Engine) -> None:
        with database.begin() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())
        self.ledger = Ledger(GroupCommit(database))
        super().__init__()

    def _commit(self, effects: Effects) -> None:
        if effects.is_durable:
            self.ledger.save(effects)
        super()._commit(effects)


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    path = tmp_path_factory.mktemp("ledger") / "ledger.db"
    opened = open_database(f"sqlite:///{path}", setting="TEST")
    yield opened
    opened.dispose()


def counted(tally: Tally, now) -> tuple:
    """Everything that limits ask a tally for."""
    scopes = [Scope(), Scope(account=ACCOUNT)]
    scopes += [Scope(strategy=name) for name in STRATEGIES]
    scopes += [Scope(route=name) for name in ROUTES if name]
    equals = [
        Sent(
            at=now,
            route="",
            strategy=strategy,
            account=ACCOUNT,
            contract_id=AAPL_CONTRACT.contract_id,
            side=side,
            is_entry=True,
        )
        for strategy, side in product(STRATEGIES, Side)
    ]
    within = [tally.within(scope, now, period) for scope in scopes for period in (MINUTE, DAY)]
    return within, [tally.since_equal_s(one) for one in equals]


SENDS = st.tuples(
    st.sampled_from(
        [Action.BUY, Action.SELL, Action.EXIT, Action.TARGET, Action.REVERSE, Action.FLATTEN]
    ),
    st.integers(1, 4),
    st.sampled_from(STRATEGIES),
    st.sampled_from(ROUTES),
    st.sampled_from(["market", "limit", "bracket"]),
    st.booleans(),
    st.sampled_from([1, 4, 50]),
)


@settings(max_examples=20, deadline=None)
@given(sends=st.lists(SENDS, max_size=10))
@example(
    sends=[
        (Action.BUY, 4, "s", "main", "market", True, 4),
        (Action.SELL, 1, "s", "main", "market", True, 4),
    ]
)
def test_a_restart_changes_nothing_of_what_is_counted(database, sends):
    bench = Kept(database)
    bench.connect()
    for number, (action, units, strategy, route, kind, is_filled, pause_s) in enumerate(sends):
        sized = None if action in {Action.EXIT, Action.FLATTEN, Action.REVERSE} else units
        fields = {"entry": limit(200)} if kind == "limit" else {}
        if kind == "bracket" and action is Action.BUY:
            fields = {"entry": limit(200)} | LEGS
        before = len(bench.broker.placed)
        one = command(action, sized, strategy=strategy, route=route, key=f"k{number}", **fields)
        bench.send(one)
        for placed in bench.broker.placed[before:]:
            bench.acknowledge(placed.order_id)
        if is_filled and len(bench.broker.placed) > before:
            bench.fill(bench.broker.placed[before].order_id)
        bench.wait(pause_s)
    restored = Tally()
    restored.adopt(bench.ledger.sent_since(bench.now - DAY))

    for later in (timedelta(), timedelta(seconds=30), timedelta(hours=1)):
        now = bench.now + later
        assert counted(restored, now) == counted(bench.desk.tally, now)


def test_an_order_of_before_that_was_kept_counts_by_its_action(database):
    """Ledgers of earlier versions do not say whether an order only reduced."""
    bench = Kept(database)
    bench.connect()
    bench.send(command(Action.BUY, 10))
    bench.fill(1)
    bench.ledger._commit.run(
        lambda connection: connection.exec_driver_sql("UPDATE orders SET is_entry = NULL")
    )

    (sent,) = bench.ledger.sent_since(bench.now - DAY)
    assert (sent.side, sent.is_entry) == (Side.BUY, True)
    assert bench.broker.position == Decimal(10)
