"""What each flatten over contracts is about, as it stood where it was first seen."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
# Alembic reads these four names.
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reaches",
        sa.Column("flatten_id", sa.String(40), primary_key=True),
        sa.Column("account", sa.String(32), primary_key=True),
        sa.Column("contract_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("long", sa.String(32), nullable=False),
        sa.Column("short", sa.String(32), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
