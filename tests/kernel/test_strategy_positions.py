"""A ledger from before strategies' positions were kept: its orders fill them."""

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

from alembic.command import upgrade
from alembic.config import Config
from sqlalchemy import create_engine

from alertwire.journal.database import open_database
from alertwire.journal.holdings import read_holdings, write_holdings
from alertwire.wire.control import StrategyHolding

COLUMNS = (
    "order_ref, command_id, alert_id, account, strategy, strategy_order_id, client_id, order_id, "
    "perm_id, contract_id, symbol, local_symbol, side, order_type, quantity, state, filled, code, "
    "detail, created_at, updated_at"
)


def holding(strategy: str, quantity: object) -> StrategyHolding:
    return StrategyHolding(
        account="DU1",
        strategy=strategy,
        contract_id=7,
        symbol="ES",
        local_symbol="ESZ6",
        quantity=Decimal(str(quantity)),
    )


def migrate(path: Path, revision: str) -> None:
    """Make a ledger as it was at a revision."""
    engine = create_engine(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", "alertwire:journal/migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        upgrade(config, revision)
    engine.dispose()


def test_the_orders_of_before_fill_what_strategies_hold(tmp_path):
    path = tmp_path / "ledger.db"
    migrate(path, "0005")
    with closing(sqlite3.connect(path)) as database:
        for number, (strategy, side, filled) in enumerate(
            [("a", "BUY", "10"), ("a", "SELL", "2.5"), ("b", "SELL", "4"), ("c", "BUY", "0")]
        ):
            row = (f"r{number}", "c", "a", "DU1", strategy, "", 1, number, 0, 7, "ES", "ESZ6")
            row += (side, "MARKET", "10", "FILLED", filled, 0, "", 0, 0)
            marks = ", ".join("?" * len(row))
            database.execute(f"INSERT INTO orders ({COLUMNS}) VALUES ({marks})", row)
        database.commit()

    engine = open_database(f"sqlite:///{path}", setting="TEST")
    with engine.connect() as connection:
        held = read_holdings(connection)
    engine.dispose()

    assert sorted(held, key=lambda one: one.strategy) == [holding("a", "7.5"), holding("b", -4)]


def test_what_is_flat_has_no_row(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path}/ledger.db", setting="TEST")
    place = ("DU1", "a", 7)
    with engine.begin() as connection:
        write_holdings(connection, {place: holding("a", 3)})
        assert read_holdings(connection) == [holding("a", 3)]
        write_holdings(connection, {place: holding("a", "-1.5")})
        assert read_holdings(connection) == [holding("a", "-1.5")]
        write_holdings(connection, {place: holding("a", 0)})
        assert read_holdings(connection) == []
    engine.dispose()
