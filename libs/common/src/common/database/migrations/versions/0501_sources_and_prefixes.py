"""Keys have the scope actuals and prefixes; predictions, actuals and jobs know the key that they came by

Keys that could report deliveries until now, by the scope predict, still can: take it from those that should not.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0501"
down_revision = "0403"

TABLES = ("predictions", "actuals", "batch_jobs")


def upgrade() -> None:
    for name in ("reads", "writes"):
        op.add_column("api_keys", sa.Column(name, JSONB(), server_default=sa.text("'[]'"), nullable=False))
    op.execute("""UPDATE api_keys SET scopes = scopes || '["actuals"]' WHERE scopes @> '["predict"]'""")
    for table in TABLES:
        op.add_column(table, sa.Column("key_id", sa.Text(), server_default="", nullable=False))
    op.add_column("actuals", sa.Column("owner", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("actuals", "owner")
    for table in TABLES:
        op.drop_column(table, "key_id")
    op.execute("UPDATE api_keys SET scopes = scopes - 'actuals'")
    for name in ("writes", "reads"):
        op.drop_column("api_keys", name)
