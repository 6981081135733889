"""Retrainings: who is at it, until when its silence counts as its end, and how often it was begun"""

import sqlalchemy as sa
from alembic import op

revision = "0303"
down_revision = "0302"


def upgrade() -> None:
    op.add_column("retrainings", sa.Column("claim", sa.Uuid(), nullable=True))
    op.add_column("retrainings", sa.Column("lease_expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("retrainings", sa.Column("attempts", sa.Integer(), server_default="0", nullable=False))
    op.execute("UPDATE retrainings SET lease_expires_at = now() WHERE status = 'running'")


def downgrade() -> None:
    for name in ("attempts", "lease_expires_at", "claim"):
        op.drop_column("retrainings", name)
