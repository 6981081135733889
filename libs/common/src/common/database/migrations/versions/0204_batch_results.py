"""Batch jobs: whether they replace what they find, and what their submitters should know"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0204"
down_revision = "0103"


def upgrade() -> None:
    op.add_column("batch_jobs", sa.Column("overwrite", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("batch_jobs", sa.Column("notes", JSONB(), server_default=sa.text("'[]'"), nullable=False))


def downgrade() -> None:
    op.drop_column("batch_jobs", "notes")
    op.drop_column("batch_jobs", "overwrite")
