"""The prediction log is partitioned by month, and months may lie in the object store.

A log that is there already becomes the oldest partition as it is: its rows stay in place, an index is built (PRIMARY
KEY) and its moments are checked. Both read the whole table once while nothing else may use it. The gateway answers
meanwhile, and its entries wait in the queue.
"""

import sqlalchemy as sa
from alembic import op

from common.database.months import REST, make_months, month_of

revision = "0404"
down_revision = "0501"

BEFORE = "predictions_before"
INDEXES = ("order_id", "predicted_at", "purchase_timestamp", "logged_at")


def upgrade() -> None:
    connection = op.get_bind()
    now = connection.scalar(sa.text("SELECT now()"))
    end = month_of(now).end
    op.execute(f"ALTER TABLE predictions RENAME TO {BEFORE}")
    op.execute(f"ALTER TABLE {BEFORE} DROP CONSTRAINT pk_predictions")
    for name in INDEXES:
        op.execute(f"ALTER INDEX ix_predictions_{name} RENAME TO ix_{BEFORE}_{name}")
    op.execute(f"CREATE TABLE predictions (LIKE {BEFORE} INCLUDING DEFAULTS) PARTITION BY RANGE (predicted_at)")
    op.execute("ALTER TABLE predictions ADD CONSTRAINT pk_predictions PRIMARY KEY (id, predicted_at)")
    for name in INDEXES[:3]:
        op.create_index(f"ix_predictions_{name}", "predictions", [name])
    op.create_index("ix_predictions_logged_at", "predictions", ["logged_at"], postgresql_using="brin")
    op.execute(f"CREATE TABLE {REST} PARTITION OF predictions DEFAULT")
    if connection.scalar(sa.select(sa.exists(sa.select(sa.text("1")).select_from(sa.table(BEFORE))))):
        _keep(connection, end)
    else:
        op.execute(f"DROP TABLE {BEFORE}")
    make_months(connection, now)
    op.create_table(
        "cold_files",
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("checksum", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("uri", name=op.f("pk_cold_files")),
    )
    op.add_column("erasures", sa.Column("archived", sa.Boolean(), server_default="true", nullable=False))


def _keep(connection: sa.Connection, end: object) -> None:
    """Make the table that was there a partition of everything until the end of this month."""
    later = f"DELETE FROM {BEFORE} WHERE predicted_at >= :end RETURNING *"  # noqa: S608
    connection.execute(sa.text(f"WITH later AS ({later}) INSERT INTO {REST} SELECT * FROM later"), {"end": end})  # noqa: S608
    op.execute(f"ALTER TABLE {BEFORE} ADD CONSTRAINT pk_{BEFORE} PRIMARY KEY (id, predicted_at)")
    op.execute(f"ALTER TABLE predictions ATTACH PARTITION {BEFORE} FOR VALUES FROM (MINVALUE) TO ('{end}')")


def downgrade() -> None:
    op.drop_column("erasures", "archived")
    op.drop_table("cold_files")
    op.execute("ALTER TABLE predictions RENAME TO predictions_by_month")
    op.execute("CREATE TABLE predictions (LIKE predictions_by_month INCLUDING DEFAULTS)")
    op.execute("INSERT INTO predictions SELECT * FROM predictions_by_month")
    op.execute("DROP TABLE predictions_by_month")
    op.execute("ALTER TABLE predictions ADD CONSTRAINT pk_predictions PRIMARY KEY (id)")
    for name in INDEXES[:3]:
        op.create_index(f"ix_predictions_{name}", "predictions", [name])
    op.create_index("ix_predictions_logged_at", "predictions", ["logged_at"], postgresql_using="brin")
