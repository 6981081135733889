"""The delivery pace is counted by owner of the keys that orders came by; acts of administration are on record

What was counted is counted anew: the champion's name for its grouping is another one from now on.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "1001"
down_revision = "0901"


def upgrade() -> None:
    op.execute("TRUNCATE pace_counts, counted_orders")
    op.add_column("pace_counts", sa.Column("owner", sa.Integer(), server_default="0", nullable=False))
    op.drop_constraint("pk_pace_counts", "pace_counts")
    op.create_primary_key("pk_pace_counts", "pace_counts", ["day", "cell", "owner"])
    op.add_column("counted_orders", sa.Column("owner", sa.Integer(), server_default="0", nullable=False))
    op.add_column("pace_bases", sa.Column("owners", JSONB(), server_default=sa.text("'[]'"), nullable=False))
    op.create_table(
        "acts",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acts")),
    )
    op.create_index(op.f("ix_acts_happened_at"), "acts", ["happened_at"])


def downgrade() -> None:
    op.drop_table("acts")
    op.execute("TRUNCATE pace_counts, counted_orders")
    op.execute("UPDATE pace_bases SET grouping = ''")
    op.drop_column("pace_bases", "owners")
    op.drop_column("counted_orders", "owner")
    op.drop_constraint("pk_pace_counts", "pace_counts")
    op.drop_column("pace_counts", "owner")
    op.create_primary_key("pk_pace_counts", "pace_counts", ["day", "cell"])
