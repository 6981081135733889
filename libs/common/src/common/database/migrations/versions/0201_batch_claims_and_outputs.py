"""Batch jobs: claims, outputs, progress in bytes"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0201"
down_revision = "0301"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("batch_jobs", "upload_id")
    op.add_column("batch_jobs", sa.Column("bytes_total", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("batch_jobs", sa.Column("bytes_done", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("batch_jobs", sa.Column("faults", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("batch_jobs", sa.Column("claim", sa.Uuid(), nullable=True))
    for name in ("bytes_total", "bytes_done", "faults"):
        op.alter_column("batch_jobs", name, server_default=None)

    op.execute("DELETE FROM batch_chunks")
    for name in ("part", "rows", "rows_failed"):
        op.drop_column("batch_chunks", name)
    for name in ("bytes", "rows", "rows_failed", "lines"):
        op.add_column("batch_chunks", sa.Column(name, sa.BigInteger(), nullable=False))
    op.add_column("batch_chunks", sa.Column("output", sa.Integer(), nullable=False))
    op.add_column("batch_chunks", sa.Column("parts", JSONB(astext_type=sa.Text()), nullable=False))
    op.add_column("batch_chunks", sa.Column("faults", sa.Integer(), nullable=False))
    op.add_column("batch_chunks", sa.Column("fault", sa.Text(), nullable=True))
    op.add_column("batch_chunks", sa.Column("claim", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_batch_chunks_claim"), "batch_chunks", ["claim"], unique=False)

    op.create_table(
        "batch_outputs",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("upload_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["job_id"], ["batch_jobs.id"], name=op.f("fk_batch_outputs_job_id_batch_jobs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "number", name=op.f("pk_batch_outputs")),
    )
    op.create_index(op.f("ix_batch_outputs_upload_id"), "batch_outputs", ["upload_id"], unique=False)


def downgrade() -> None:
    op.drop_table("batch_outputs")
    for name in ("claim", "fault", "faults", "parts", "output", "lines"):
        op.drop_column("batch_chunks", name)
    op.drop_column("batch_chunks", "bytes")
    for name in ("rows", "rows_failed"):
        op.alter_column("batch_chunks", name, nullable=True)
    op.add_column("batch_chunks", sa.Column("part", JSONB(astext_type=sa.Text()), nullable=True))
    for name in ("claim", "faults", "bytes_done", "bytes_total"):
        op.drop_column("batch_jobs", name)
    op.add_column("batch_jobs", sa.Column("upload_id", sa.Text(), nullable=True))
