"""Windows wait until enough has changed in them; impossible actuals are remembered; the pace is counted in parts"""

import sqlalchemy as sa
from alembic import op

revision = "0901"
down_revision = "0802"


def upgrade() -> None:
    op.create_table(
        "waiting_windows",
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("start", name=op.f("pk_waiting_windows")),
    )
    op.create_table(
        "impossible_actuals",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_impossible_actuals")),
    )
    op.add_column("pace_bases", sa.Column("counted_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("pace_bases", "counted_until")
    op.drop_table("impossible_actuals")
    op.drop_table("waiting_windows")
