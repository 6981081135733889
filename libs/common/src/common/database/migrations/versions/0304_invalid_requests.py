"""Prediction requests that the gateway refused as invalid, counted"""

import sqlalchemy as sa
from alembic import op

revision = "0304"
down_revision = "0303"


def upgrade() -> None:
    op.create_table(
        "invalid_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invalid_requests")),
    )
    op.create_index(op.f("ix_invalid_requests_counted_at"), "invalid_requests", ["counted_at"], unique=False)


def downgrade() -> None:
    op.drop_table("invalid_requests")
