"""Batch jobs that bring actuals"""

import sqlalchemy as sa
from alembic import op

revision = "0402"
down_revision = "0401"


def upgrade() -> None:
    op.add_column("batch_jobs", sa.Column("kind", sa.Text(), server_default="predictions", nullable=False))


def downgrade() -> None:
    op.execute("DELETE FROM batch_jobs WHERE kind <> 'predictions'")
    op.drop_column("batch_jobs", "kind")
