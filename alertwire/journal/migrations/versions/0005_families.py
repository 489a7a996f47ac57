"""Families of orders: what each is for, which entry it belongs to, and all that was asked of it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
# Alembic reads these four names.
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("role", sa.String(12), nullable=False, server_default="MAIN"))
    op.add_column(
        "orders", sa.Column("parent_ref", sa.String(40), nullable=False, server_default="")
    )
    op.add_column("orders", sa.Column("ticket", sa.Text(), nullable=False, server_default=""))
