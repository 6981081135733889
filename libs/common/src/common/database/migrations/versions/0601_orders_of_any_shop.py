"""Orders that name their ends otherwise than by a zip prefix and coordinates: what else they said, as JSON"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0601"
down_revision = "0405"

LOCATION = ("seller_zip_code_prefix", "customer_lat", "customer_lng")


def upgrade() -> None:
    op.add_column("predictions", sa.Column("further", JSONB, nullable=True))
    for name in LOCATION:
        op.alter_column("predictions", name, nullable=True)


def downgrade() -> None:
    for name in LOCATION:
        op.execute(sa.text(f"DELETE FROM predictions WHERE {name} IS NULL"))  # noqa: S608
        op.alter_column("predictions", name, nullable=False)
    op.drop_column("predictions", "further")
