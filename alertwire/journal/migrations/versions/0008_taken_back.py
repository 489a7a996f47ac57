"""Entries that the gateway itself cancels, for they have lost their protection."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
# Alembic reads these four names.
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("taken_back_at", sa.BigInteger(), nullable=True))
