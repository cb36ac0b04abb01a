"""What surviving anything needs: the parts of a large audit."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempts", sa.Column("audit_parts", sa.JSON(none_as_null=True), nullable=True))
