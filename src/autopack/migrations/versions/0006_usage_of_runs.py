"""Usage over time by run and by role: hourly sums of their own, counted from the calls that are there."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_COUNTED = """
    INSERT INTO usage_hourly_runs (pool, hour, run_id, role, simulated, calls, prompt_tokens,
      completion_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, nano_usd, unpriced_calls,
      unknown_calls, unknown_tokens, unknown_output_tokens, unknown_nano_usd, unknown_unpriced_calls)
    SELECT pool, {hour}, COALESCE(run_id, ''), role, simulated, COUNT(*),
      SUM(known * prompt_tokens), SUM(known * completion_tokens), SUM(known * cache_read_tokens),
      SUM(known * cache_write_tokens), SUM(known * reasoning_tokens), SUM(known * COALESCE(nano_usd, 0)),
      SUM(known * unpriced), SUM(1 - known), SUM((1 - known) * (prompt_tokens + completion_tokens)),
      SUM((1 - known) * completion_tokens), SUM((1 - known) * COALESCE(nano_usd, 0)),
      SUM((1 - known) * unpriced)
    FROM (
      SELECT e.*, CASE WHEN usage_status = 'reported' THEN 1 ELSE 0 END AS known,
        CASE WHEN nano_usd IS NULL THEN 1 ELSE 0 END AS unpriced
      FROM llm_usage_events AS e
    ) AS calls
    GROUP BY 1, 2, 3, 4, 5
"""


def upgrade() -> None:
    op.create_table(
        "usage_hourly_runs",
        sa.Column("pool", sa.String(64), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.String(40), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("prompt_tokens", sa.BigInteger(), nullable=False),
        sa.Column("completion_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_read_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_write_tokens", sa.BigInteger(), nullable=False),
        sa.Column("reasoning_tokens", sa.BigInteger(), nullable=False),
        sa.Column("nano_usd", sa.BigInteger(), nullable=False),
        sa.Column("unpriced_calls", sa.Integer(), nullable=False),
        sa.Column("unknown_calls", sa.Integer(), nullable=False),
        sa.Column("unknown_tokens", sa.BigInteger(), nullable=False),
        sa.Column("unknown_output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("unknown_nano_usd", sa.BigInteger(), nullable=False),
        sa.Column("unknown_unpriced_calls", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("pool", "hour", "run_id", "role", "simulated", name="pk_usage_hourly_runs"),
        sqlite_with_rowid=False,
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    hour = (
        "strftime('%Y-%m-%d %H:00:00.000000', created_at)"
        if sqlite
        else "date_trunc('hour', created_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'"
    )
    op.execute(_COUNTED.format(hour=hour))
