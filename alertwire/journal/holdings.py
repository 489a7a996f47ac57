"""What each strategy holds by its own fills, in the ledger: written with its fills."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from alertwire.journal.tables import strategy_positions as table
from alertwire.wire.control import StrategyHolding

Place = tuple[str, str, int]
"""Account, strategy and contract."""


def place(holding: StrategyHolding) -> Place:
    return holding.account, holding.strategy, holding.contract_id


def read_holdings(connection: Connection) -> list[StrategyHolding]:
    """Return what every strategy holds."""
    rows: Any = connection.execute(select(table)).mappings()
    return [StrategyHolding(**row) for row in rows]


def write_holdings(connection: Connection, changes: Mapping[Place, StrategyHolding]) -> None:
    """Keep what strategies hold now; what is flat has no row."""
    for (account, strategy, contract_id), holding in changes.items():
        connection.execute(
            table.delete().where(
                table.c.account == account,
                table.c.strategy == strategy,
                table.c.contract_id == contract_id,
            )
        )
        if holding.quantity:
            connection.execute(
                table.insert().values(
                    account=account,
                    strategy=strategy,
                    contract_id=contract_id,
                    symbol=holding.symbol,
                    local_symbol=holding.local_symbol,
                    quantity=holding.quantity,
                )
            )
