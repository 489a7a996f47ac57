"""A row of its own for each account of an alert, and for an entry that was never let in."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
# Alembic reads these four names.
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alerts", sa.Column("account", sa.Text(), nullable=True))
    op.add_column("alerts", sa.Column("sibling_of", sa.String(26), nullable=True))
    op.create_index("ix_alerts_sibling", "alerts", ["sibling_of"], unique=False)
    op.add_column("alerts", sa.Column("void_of", sa.String(26), nullable=True))
    op.create_index("ix_alerts_void", "alerts", ["void_of"], unique=False)
