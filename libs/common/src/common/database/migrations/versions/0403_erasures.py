"""Orders that were erased, until nothing of them is left"""

import sqlalchemy as sa
from alembic import op

revision = "0403"
down_revision = "0402"


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_erasures")),
    )


def downgrade() -> None:
    op.drop_table("erasures")
