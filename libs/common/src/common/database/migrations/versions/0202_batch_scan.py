"""Batch jobs: whether the input is read whole to cut it"""

import sqlalchemy as sa
from alembic import op

revision = "0202"
down_revision = "0101"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("batch_jobs", sa.Column("scan", sa.Boolean(), nullable=False, server_default="false"))
    op.alter_column("batch_jobs", "scan", server_default=None)


def downgrade() -> None:
    op.drop_column("batch_jobs", "scan")
