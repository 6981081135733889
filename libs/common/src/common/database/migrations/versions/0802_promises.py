"""Batch jobs may ask for promises, dates and confidence; windows count the promises that were kept"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0802"
down_revision = "0801"


def upgrade() -> None:
    op.add_column("batch_jobs", sa.Column("on_time_shares", JSONB(), server_default=sa.text("'[]'"), nullable=False))
    op.add_column("batch_jobs", sa.Column("details", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("model_metrics", sa.Column("promises", JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("model_metrics", "promises")
    op.drop_column("batch_jobs", "details")
    op.drop_column("batch_jobs", "on_time_shares")
