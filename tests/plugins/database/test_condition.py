"""How the history is doing."""

from __future__ import annotations

import pytest

from plugins.database.condition import LAG_S, Figures, health_of


@pytest.mark.parametrize(("failing", "healable"), [(None, True), ("exchange is not ready", False)])
def test_a_lag_is_healed_here_only_if_its_cause_is_here(failing: str | None, healable: bool) -> None:
    """While the exchange does not answer, fetching again or restarting the history cannot help."""
    figures = Figures(fills=10, behind=0, age_s=LAG_S + 1, failing=failing)
    (finding,) = health_of(figures).findings
    assert (finding.code, finding.healable) == ("QT-DATABASE-LAG", healable)
