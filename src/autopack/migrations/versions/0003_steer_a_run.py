"""What steering a run needs: worked time, services, live activity, receipts of notes, idempotency keys."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("plan_revision", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("runs", sa.Column("worked_seconds", sa.Float(), nullable=False, server_default="0"))
    op.add_column("runs", sa.Column("phase_worked_seconds", sa.Float(), nullable=False, server_default="0"))
    op.add_column("workers", sa.Column("serves", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("workers", sa.Column("address", sa.String(255), nullable=False, server_default=""))
    op.create_index("ix_runs_state", "runs", ["state"])
    op.create_table(
        "activities",
        sa.Column("run_id", sa.String(40), sa.ForeignKey("runs.id", name="fk_activities_run_id_runs")),
        sa.Column("phase_id", sa.String(64), nullable=False),
        sa.Column("what", sa.String(20), nullable=False),
        sa.Column("doing", sa.Text(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_activities"),
    )
    op.create_table(
        "note_receipts",
        sa.Column("run_id", sa.String(40), nullable=False),
        sa.Column("note_id", sa.String(16), nullable=False),
        sa.Column("phase_index", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("attempt", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("phase_id", sa.String(64), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "run_id", "note_id", "phase_index", "attempt", "role", name="pk_note_receipts"
        ),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("scope", sa.String(40), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("answer", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name="pk_idempotency_keys"),
    )
