"""What a person halted, until it is resumed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
# Alembic reads these four names.
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "halts",
        sa.Column("account", sa.String(length=32), nullable=False),
        sa.Column("strategy", sa.String(length=64), nullable=False),
        sa.Column("block_exits", sa.Boolean(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "strategy"),
    )
