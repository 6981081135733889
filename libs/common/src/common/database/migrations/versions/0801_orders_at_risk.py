"""Orders that will likely miss their promise; messages to the webhook that are about no alert"""

import sqlalchemy as sa
from alembic import op

revision = "0801"
down_revision = "0701"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "orders_at_risk",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("purchase_timestamp", moment, nullable=False),
        sa.Column("shipped_at", moment, nullable=True),
        sa.Column("promised_at", moment, nullable=False),
        sa.Column("expected_at", moment, nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("at_risk", sa.Boolean(), nullable=False),
        sa.Column("since", moment, server_default=sa.text("now()"), nullable=False),
        sa.Column("computed_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_orders_at_risk")),
    )
    op.create_index(op.f("ix_orders_at_risk_probability"), "orders_at_risk", ["probability"])
    op.alter_column("notifications", "alert_id", nullable=True)


def downgrade() -> None:
    op.execute("DELETE FROM notifications WHERE alert_id IS NULL")
    op.alter_column("notifications", "alert_id", nullable=False)
    op.drop_index(op.f("ix_orders_at_risk_probability"), "orders_at_risk")
    op.drop_table("orders_at_risk")
