"""What was learned of each end of a run, and which receipts are of lessons."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "postmortems",
        sa.Column("run_id", sa.String(40), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("owner", sa.String(64), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("model", sa.String(200), nullable=True),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("built", sa.Text(), nullable=False),
        sa.Column("failed", sa.Text(), nullable=False),
        sa.Column("lessons", sa.JSON(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_postmortems_run_id"),
        sa.PrimaryKeyConstraint("run_id", "epoch", name="pk_postmortems"),
    )
    op.create_index("ix_postmortems_state", "postmortems", ["state"])
    op.add_column(
        "note_receipts", sa.Column("lesson", sa.Boolean(), nullable=False, server_default=sa.false())
    )
