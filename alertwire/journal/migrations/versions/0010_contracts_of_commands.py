"""The contract that a command was about; NULL: nobody asked for it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
# Alembic reads these four names.
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("commands", sa.Column("contract_id", sa.BigInteger(), nullable=True))
