"""Caps and waits: hours that hold what is unknown by kind and price, cooldowns, when a run goes on."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_UNKNOWN = """
    SELECT COALESCE(SUM({counted}), 0) FROM llm_usage_events AS e
    WHERE e.usage_status = 'unknown' AND e.pool = usage_hourly.pool AND e.provider = usage_hourly.provider
      AND e.model = usage_hourly.model AND e.simulated = usage_hourly.simulated
      AND e.created_at >= usage_hourly.hour AND e.created_at < {next_hour}
      AND CASE WHEN e.role IN ('builder', 'auditor') THEN 'core' ELSE 'aux' END = usage_hourly.role_class
"""


def upgrade() -> None:
    op.add_column("pools", sa.Column("revision", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("pools", sa.Column("hour", sa.DateTime(timezone=True), nullable=True))
    op.add_column("runs", sa.Column("resumes_at", sa.DateTime(timezone=True), nullable=True))
    for table in ("runs", "phases"):
        op.add_column(table, sa.Column("model_overrides", sa.JSON(), nullable=False, server_default="{}"))
    for name, kind in (
        ("unknown_output_tokens", sa.BigInteger()),
        ("unknown_nano_usd", sa.BigInteger()),
        ("unknown_unpriced_calls", sa.Integer()),
    ):
        op.add_column("usage_hourly", sa.Column(name, kind, nullable=False, server_default="0"))
    op.create_index("ix_usage_hourly_pool_hour", "usage_hourly", ["pool", "hour"])
    op.create_table(
        "cooldowns",
        sa.Column("pool", sa.String(64), nullable=False),
        sa.Column("model", sa.String(200).with_variant(sa.String(128), "sqlite"), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("why", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("pool", "model", name="pk_cooldowns"),
    )
    # An event of unknown usage has what was reserved for it: its price too, from now on.
    op.execute(
        "UPDATE llm_usage_events SET nano_usd = (SELECT r.nano_usd FROM reservations AS r "
        "WHERE r.call_id = llm_usage_events.call_id) WHERE usage_status = 'unknown'"
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    next_hour = (
        "datetime(usage_hourly.hour, '+1 hour')" if sqlite else "usage_hourly.hour + INTERVAL '1 hour'"
    )
    for name, counted in (
        ("unknown_output_tokens", "e.completion_tokens"),
        ("unknown_nano_usd", "COALESCE(e.nano_usd, 0)"),
        ("unknown_unpriced_calls", "CASE WHEN e.nano_usd IS NULL THEN 1 ELSE 0 END"),
    ):
        total = _UNKNOWN.format(counted=counted, next_hour=next_hour)
        op.execute(f"UPDATE usage_hourly SET {name} = ({total}) WHERE unknown_calls > 0")
