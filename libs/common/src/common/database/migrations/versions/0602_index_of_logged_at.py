"""What was logged since a moment is found by an ordinary index: a BRIN one made the monitor read whole months

Built while nothing else can use the log; some seconds for 10 M rows.
"""

from alembic import op

revision = "0602"
down_revision = "0601"


def upgrade() -> None:
    op.drop_index("ix_predictions_logged_at", "predictions")
    op.create_index("ix_predictions_logged_at", "predictions", ["logged_at"])


def downgrade() -> None:
    op.drop_index("ix_predictions_logged_at", "predictions")
    op.create_index("ix_predictions_logged_at", "predictions", ["logged_at"], postgresql_using="brin")
