"""What a start of the gateway reads: indexes; and whether an order's cancel was ever wanted."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
# Alembic reads these four names.
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("cancel_asked_at", sa.BigInteger(), nullable=True))
    op.create_index("ix_orders_command", "orders", ["command_id"], unique=False)
    op.create_index(
        "ix_commands_trades",
        "commands",
        ["strategy", "symbol", "account", "decided_at", "command_id"],
        unique=False,
    )
