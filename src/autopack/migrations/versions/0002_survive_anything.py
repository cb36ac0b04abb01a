"""What surviving anything needs: the parts of a large audit, and columns as wide as what they are given."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COUNTS = {
    "llm_usage_events": (
        "prompt_tokens",
        "completion_tokens",
        "cache_read_tokens",
        "cache_write_tokens",
        "reasoning_tokens",
    ),
    "reservations": ("input_tokens", "output_tokens"),
}
MODELS = ("llm_usage_events", "reservations", "usage_hourly")


def upgrade() -> None:
    op.add_column("attempts", sa.Column("audit_parts", sa.JSON(none_as_null=True), nullable=True))
    if op.get_context().dialect.name == "sqlite":
        return  # its integers have 64 bits, and its lengths bind nobody
    for table, columns in COUNTS.items():
        for column in columns:
            op.alter_column(table, column, type_=sa.BigInteger(), existing_nullable=False)
    for table in MODELS:
        op.alter_column(table, "model", type_=sa.String(200), existing_nullable=False)
