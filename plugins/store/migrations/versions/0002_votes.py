"""What the members of the ensemble said: votes, agreement and the hash of the feature schema beside each signal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns; signals of before have none."""
    with op.batch_alter_table("signals") as signals:
        signals.add_column(sa.Column("votes", sa.JSON(none_as_null=True), nullable=True))
        signals.add_column(sa.Column("agreement", sa.Float(), nullable=True))
        signals.add_column(sa.Column("feature_hash", sa.String(), nullable=True))


def downgrade() -> None:
    """Drop them."""
    with op.batch_alter_table("signals") as signals:
        for column in ("feature_hash", "agreement", "votes"):
            signals.drop_column(column)
