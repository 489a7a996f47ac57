"""What each strategy holds by its own fills; filled from the orders that are there."""

from collections import defaultdict
from decimal import Decimal

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
# Alembic reads these four names.
branch_labels = None
depends_on = None


def upgrade() -> None:
    table = op.create_table(
        "strategy_positions",
        sa.Column("account", sa.String(32), primary_key=True),
        sa.Column("strategy", sa.String(64), primary_key=True),
        sa.Column("contract_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("symbol", sa.String(64), nullable=False),
        sa.Column("local_symbol", sa.String(64), nullable=False),
        sa.Column("quantity", sa.String(32), nullable=False),
    )
    columns = "account, strategy, contract_id, symbol, local_symbol"
    # An order's row says what is filled, by executions or by statuses, whichever is more.
    orders = op.get_bind().execute(sa.text(f"SELECT {columns}, side, filled FROM orders"))  # noqa: S608 - no input
    held: dict[tuple[str, str, int, str, str], Decimal] = defaultdict(Decimal)
    for *place, side, filled in orders:
        held[tuple(place)] += Decimal(filled) if side == "BUY" else -Decimal(filled)
    merged: dict[tuple[str, str, int], dict[str, object]] = {}
    for (account, strategy, contract_id, symbol, local), quantity in held.items():
        row = merged.setdefault(
            (account, strategy, contract_id),
            {"symbol": symbol, "local_symbol": local, "quantity": Decimal()},
        )
        row["quantity"] = Decimal(str(row["quantity"])) + quantity
    rows = [
        {
            "account": account,
            "strategy": strategy,
            "contract_id": contract_id,
            **row,
            "quantity": f"{row['quantity']:f}",
        }
        for (account, strategy, contract_id), row in merged.items()
        if row["quantity"]
    ]
    if rows:
        op.bulk_insert(table, rows)
