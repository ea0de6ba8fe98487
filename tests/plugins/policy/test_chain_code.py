"""The seed's thresholds, which nothing could pass, are refused under the code of their trouble."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError

from plugins.domain import Source
from plugins.policy.confidence import ConfidenceSettings
from plugins.policy.settings import PolicySettings
from qtcore.config.shape import misfits


def test_the_chain_of_the_seed_is_refused_with_the_explanation() -> None:
    """0.32 in the table, 0.64 as the threshold, a rule that reaches 0.65 and is filtered."""
    confidence = ConfidenceSettings(trending=Decimal("0.32"), least=Decimal("0.64"))
    with pytest.raises(ValidationError) as caught:
        PolicySettings(confidence=confidence, sources=(Source.ENSEMBLE,))
    (misfit,) = misfits(caught.value, PolicySettings)
    assert misfit.code == "QT-CONFIG-CHAIN"
    assert "lets nothing through" in misfit.sentence
    assert "0.65" in misfit.sentence
    assert "0.64" in misfit.sentence
