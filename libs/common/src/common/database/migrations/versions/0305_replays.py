"""Replays of the past, beside which the monitor looks at no later order"""

import sqlalchemy as sa
from alembic import op

revision = "0305"
down_revision = "0304"


def upgrade() -> None:
    op.create_table(
        "replays",
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("ends", name=op.f("pk_replays")),
    )


def downgrade() -> None:
    op.drop_table("replays")
