"""History: attempts and what the broker said; fire times; what a person did with dead letters."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
# Alembic reads these four names.
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alerts", sa.Column("fired_at", sa.BigInteger(), nullable=True))
    for table in ("alerts", "refusals"):
        op.add_column(table, sa.Column("handled_at", sa.BigInteger(), nullable=True))
        op.add_column(table, sa.Column("handled_as", sa.Text(), nullable=True))
    op.create_table(
        "attempts",
        sa.Column("alert_id", sa.String(length=26), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("alert_id", "attempt"),
    )
    op.create_table(
        "order_events",
        sa.Column("event_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("order_ref", sa.String(length=40), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("filled", sa.String(length=32), nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_index("ix_order_events_order", "order_events", ["order_ref"], unique=False)
