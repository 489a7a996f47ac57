"""Whether an order could make a position larger when it was sent; NULL: not kept then."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
# Alembic reads these four names.
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("is_entry", sa.Boolean(), nullable=True))
