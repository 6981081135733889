"""API keys: an owner, for those that are there their name"""

import sqlalchemy as sa
from alembic import op

revision = "0102"
down_revision = "0305"


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("owner", sa.Text(), nullable=True))
    op.execute("UPDATE api_keys SET owner = name")
    op.alter_column("api_keys", "owner", nullable=False)


def downgrade() -> None:
    op.drop_column("api_keys", "owner")
