"""The delivery pace comes from counts. They begin empty: the monitor's next round counts the log that is there"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0701"
down_revision = "0602"


def upgrade() -> None:
    op.create_table(
        "pace_counts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("cell", sa.Integer(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "cell", name=op.f("pk_pace_counts")),
    )
    op.create_table(
        "counted_orders",
        sa.Column("hash", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("arrived", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_counted_orders")),
    )
    op.create_index("ix_counted_orders_day", "counted_orders", ["day"])
    op.create_table(
        "pace_bases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("grouping", sa.Text(), nullable=False),
        sa.Column("resolution", sa.Integer(), nullable=False),
        sa.Column("oldest", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("present", sa.DateTime(timezone=True), nullable=False),
        sa.Column("keys", JSONB, nullable=False),
        sa.Column("next_due", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pace_bases")),
    )


def downgrade() -> None:
    op.drop_table("pace_bases")
    op.drop_table("counted_orders")
    op.drop_table("pace_counts")
