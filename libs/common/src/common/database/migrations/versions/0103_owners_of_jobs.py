"""Batch jobs: an owner, and idempotency keys of each owner; jobs that are there belong to nobody"""

import sqlalchemy as sa
from alembic import op

revision = "0103"
down_revision = "0102"


def upgrade() -> None:
    op.add_column("batch_jobs", sa.Column("owner", sa.Text(), server_default="", nullable=False))
    op.create_index("ix_batch_jobs_owner_created_at_id", "batch_jobs", ["owner", "created_at", "id"])
    op.create_unique_constraint(op.f("uq_batch_jobs_owner"), "batch_jobs", ["owner", "idempotency_key"])
    op.drop_constraint(op.f("uq_batch_jobs_idempotency_key"), "batch_jobs", type_="unique")


def downgrade() -> None:
    op.create_unique_constraint(op.f("uq_batch_jobs_idempotency_key"), "batch_jobs", ["idempotency_key"])
    op.drop_constraint(op.f("uq_batch_jobs_owner"), "batch_jobs", type_="unique")
    op.drop_index("ix_batch_jobs_owner_created_at_id", "batch_jobs")
    op.drop_column("batch_jobs", "owner")
