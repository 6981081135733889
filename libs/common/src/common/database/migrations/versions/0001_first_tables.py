"""First tables"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "actuals",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_actuals")),
    )
    op.create_index(op.f("ix_actuals_received_at"), "actuals", ["received_at"], unique=False)
    op.create_table(
        "batch_jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("input_uri", sa.Text(), nullable=False),
        sa.Column("output_uri", sa.Text(), nullable=False),
        sa.Column("input_etag", sa.Text(), nullable=True),
        sa.Column("model_version", sa.Text(), nullable=True),
        sa.Column("rows_total", sa.BigInteger(), nullable=True),
        sa.Column("rows_done", sa.BigInteger(), nullable=False),
        sa.Column("rows_failed", sa.BigInteger(), nullable=False),
        sa.Column("errors", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("upload_id", sa.Text(), nullable=True),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_jobs")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_batch_jobs_idempotency_key")),
    )
    op.create_index("ix_batch_jobs_created_at_id", "batch_jobs", ["created_at", "id"], unique=False)
    op.create_index(op.f("ix_batch_jobs_lease_expires_at"), "batch_jobs", ["lease_expires_at"], unique=False)
    op.create_index(op.f("ix_batch_jobs_status"), "batch_jobs", ["status"], unique=False)
    op.create_table(
        "delivery_pace",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("pace_days", sa.Double(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("day", "region", name=op.f("pk_delivery_pace")),
    )
    op.create_table(
        "model_events",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_events")),
    )
    op.create_index(op.f("ix_model_events_happened_at"), "model_events", ["happened_at"], unique=False)
    op.create_table(
        "model_metrics",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("timestamp", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("window_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("rows_with_actual", sa.Integer(), nullable=False),
        sa.Column("prediction_drift", sa.Double(), nullable=True),
        sa.Column("num_drifted_columns", sa.Integer(), nullable=True),
        sa.Column("share_missing_values", sa.Double(), nullable=True),
        sa.Column("value_range_share_in_range", sa.Double(), nullable=True),
        sa.Column("prediction_corr_with_features", sa.Double(), nullable=True),
        sa.Column("mae", sa.Double(), nullable=True),
        sa.Column("rmse", sa.Double(), nullable=True),
        sa.Column("bias", sa.Double(), nullable=True),
        sa.Column("interval_coverage", sa.Double(), nullable=True),
        sa.Column("baseline_mae", sa.Double(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("report_uri", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_metrics")),
        sa.UniqueConstraint("source", "model_version", "window_end", name=op.f("uq_model_metrics_source")),
    )
    op.create_index(op.f("ix_model_metrics_timestamp"), "model_metrics", ["timestamp"], unique=False)
    op.create_table(
        "predictions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("predicted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("seller_zip_code_prefix", sa.Integer(), nullable=False),
        sa.Column("customer_lat", sa.Double(), nullable=False),
        sa.Column("customer_lng", sa.Double(), nullable=False),
        sa.Column("purchase_timestamp", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivery_time_days", sa.Double(), nullable=False),
        sa.Column("lower_days", sa.Double(), nullable=False),
        sa.Column("upper_days", sa.Double(), nullable=False),
        sa.Column("seller_known", sa.Boolean(), nullable=False),
        sa.Column("latency_ms", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_predictions")),
    )
    op.create_index(op.f("ix_predictions_order_id"), "predictions", ["order_id"], unique=False)
    op.create_index(op.f("ix_predictions_predicted_at"), "predictions", ["predicted_at"], unique=False)
    op.create_table(
        "batch_chunks",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("source", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=True),
        sa.Column("rows_failed", sa.BigInteger(), nullable=True),
        sa.Column("errors", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("part", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["job_id"], ["batch_jobs.id"], name=op.f("fk_batch_chunks_job_id_batch_jobs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "number", name=op.f("pk_batch_chunks")),
    )
    op.create_index(op.f("ix_batch_chunks_lease_expires_at"), "batch_chunks", ["lease_expires_at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_batch_chunks_lease_expires_at"), table_name="batch_chunks")
    op.drop_table("batch_chunks")
    op.drop_index(op.f("ix_predictions_predicted_at"), table_name="predictions")
    op.drop_index(op.f("ix_predictions_order_id"), table_name="predictions")
    op.drop_table("predictions")
    op.drop_index(op.f("ix_model_metrics_timestamp"), table_name="model_metrics")
    op.drop_table("model_metrics")
    op.drop_index(op.f("ix_model_events_happened_at"), table_name="model_events")
    op.drop_table("model_events")
    op.drop_table("delivery_pace")
    op.drop_index(op.f("ix_batch_jobs_status"), table_name="batch_jobs")
    op.drop_index(op.f("ix_batch_jobs_lease_expires_at"), table_name="batch_jobs")
    op.drop_index("ix_batch_jobs_created_at_id", table_name="batch_jobs")
    op.drop_table("batch_jobs")
    op.drop_index(op.f("ix_actuals_received_at"), table_name="actuals")
    op.drop_table("actuals")
