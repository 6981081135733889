"""Orders are reported as shipped, cancelled and lost too, and a report can be taken back"""

import sqlalchemy as sa
from alembic import op

revision = "0401"
down_revision = "0306"


def upgrade() -> None:
    op.alter_column("actuals", "delivered_at", nullable=True)
    for name in ("shipped_at", "cancelled_at", "lost_at"):
        op.add_column("actuals", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("actuals", sa.Column("said", sa.SmallInteger(), server_default="1", nullable=False))
    op.alter_column("actuals", "said", server_default="0")


def downgrade() -> None:
    op.execute("DELETE FROM actuals WHERE delivered_at IS NULL")
    for name in ("said", "lost_at", "cancelled_at", "shipped_at"):
        op.drop_column("actuals", name)
    op.alter_column("actuals", "delivered_at", nullable=False)
