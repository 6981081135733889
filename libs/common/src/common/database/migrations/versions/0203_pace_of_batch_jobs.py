"""Batch jobs: the delivery pace they are scored with"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0203"
down_revision = "0202"
branch_labels = None
depends_on = None

REFERENCE = "fk_batch_jobs_pace_digest_pace_snapshots"


def upgrade() -> None:
    op.create_table(
        "pace_snapshots",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("rows", JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_pace_snapshots")),
    )
    op.add_column("batch_jobs", sa.Column("pace_day", sa.Date(), nullable=True))
    op.add_column("batch_jobs", sa.Column("pace_digest", sa.Text(), nullable=True))
    op.create_foreign_key(op.f(REFERENCE), "batch_jobs", "pace_snapshots", ["pace_digest"], ["digest"])


def downgrade() -> None:
    op.drop_constraint(op.f(REFERENCE), "batch_jobs", type_="foreignkey")
    for name in ("pace_digest", "pace_day"):
        op.drop_column("batch_jobs", name)
    op.drop_table("pace_snapshots")
