"""What large runs are read quickly by: whether a phase is verified, and an index of a run's turns."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TURNS = "kind IN ('run_moved', 'run_claimed', 'pause_asked', 'cancel_asked', 'resume_asked')"


def upgrade() -> None:
    op.add_column("phases", sa.Column("verified", sa.Boolean(), nullable=False, server_default=sa.true()))
    connection = op.get_bind()
    runs = connection.execute(sa.text("SELECT id, plan FROM runs")).all()
    unverified = sa.text("UPDATE phases SET verified = :no WHERE run_id = :run AND phase_id = :phase")
    unverified = unverified.bindparams(sa.bindparam("no", False, sa.Boolean()))
    for run_id, plan in runs:
        for phase_id in _unverified(json.loads(plan) if isinstance(plan, str) else plan):
            connection.execute(unverified, {"run": run_id, "phase": phase_id})
    op.create_index(
        "ix_events_turns",
        "events",
        ["run_id", "id"],
        sqlite_where=sa.text(_TURNS),
        postgresql_where=sa.text(_TURNS),
    )


def _unverified(plan: dict[str, Any]) -> list[str]:
    """Phases without a command of their own, or of the plan."""
    phases = [phase for tier in plan["tiers"] for phase in tier["phases"]]
    said = [(phase["id"], phase.get("verify")) for phase in phases]
    return [name for name, own in said if not (plan.get("verify") if own is None else own)]
