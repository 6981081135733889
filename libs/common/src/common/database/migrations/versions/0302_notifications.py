"""Notifications; what windows are compared with, and the sum of their actuals"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0302"
down_revision = "0203"


def upgrade() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("alert_id", sa.BigInteger(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_notifications_alert_id_alerts")),
    )
    op.create_index(
        "ix_notifications_waiting", "notifications", ["due_at"], postgresql_where=sa.text("sent_at IS NULL")
    )
    op.add_column("model_metrics", sa.Column("trained_mae", sa.Double(), nullable=True))
    op.add_column("model_metrics", sa.Column("actual_seconds", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("model_metrics", "actual_seconds")
    op.drop_column("model_metrics", "trained_mae")
    op.drop_index("ix_notifications_waiting", "notifications", postgresql_where=sa.text("sent_at IS NULL"))
    op.drop_table("notifications")
