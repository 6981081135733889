"""How far a replay has come, and when predictions were logged by the database's own clock"""

import sqlalchemy as sa
from alembic import op

revision = "0306"
down_revision = "0204"


def upgrade() -> None:
    op.add_column("replays", sa.Column("moment", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE replays SET moment = ends")
    op.alter_column("replays", "moment", nullable=False)
    op.add_column(
        "predictions",
        sa.Column("logged_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.create_index("ix_predictions_logged_at", "predictions", ["logged_at"], postgresql_using="brin")


def downgrade() -> None:
    op.drop_column("predictions", "logged_at")
    op.drop_column("replays", "moment")
