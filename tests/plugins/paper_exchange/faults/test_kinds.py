"""The closed set of faults: what is said of them, and how they are bounded."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from plugins.paper_exchange.faults.kinds import BaseFault, Fault, FaultKind, NoSuchFaultError, read_fault

PAGE = Path(__file__).resolve().parents[4] / "docs" / "plugins" / "paper_exchange.md"
MODELS: tuple[type[BaseFault], ...] = get_args(get_args(Fault)[0])
COMMON = {"kind", "count", "seconds"}


def test_every_kind_has_one_model():
    """The words on the wire and the types behind them are the same set."""
    assert [model.named() for model in MODELS] == list(FaultKind)


def test_the_page_lists_every_kind_and_parameter():
    """A row each, with its own parameters and whether it is a state or happens at once."""
    table = {}
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 4 and cells[1].strip("`") in set(FaultKind):
            table[cells[1].strip("`")] = cells
    assert list(table) == list(FaultKind)
    for model in MODELS:
        _, kind, does, parameters, *_ = table[str(model.named())]
        named = set(parameters.split("(")[0].replace("`", "").replace(",", " ").split())
        assert named == set(model.model_fields) - COMMON, kind
        assert ("(*state*)" in does) is not model.strikes or model.at_once, kind
        assert ("(*at once*)" in does) is model.at_once, kind


@pytest.mark.parametrize("kind", list(FaultKind))
def test_every_fault_is_bounded(kind):
    """By a count or by seconds, whether or not anybody says so; unless it happens at once."""
    need = {"path": "/fapi/v1/order", "symbol": "BTCUSDT"}
    (model,) = (model for model in MODELS if model.named() == kind)
    required = {name: need[name] for name, field in model.model_fields.items() if field.is_required()}
    fault = read_fault({"kind": str(kind), **required})
    assert fault.at_once or fault.bound_count or fault.bound_s
    assert str(kind) in fault.shown()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "kind"),
        ({"kind": "mute", "seconds": -1}, "seconds"),
        ({"kind": "mute", "seconds": 1e9}, "seconds"),
        ({"kind": "stuck_trigger", "count": 2}, "has no count"),
        ({"kind": "deleveraging", "symbol": "BTCUSDT", "count": 1}, "at once"),
        ({"kind": "deleveraging"}, "symbol"),
        ({"kind": "refusal", "code": "-2019"}, "code"),
        ({"kind": "funding_interval", "symbol": "BTCUSDT", "hours": 2}, "hours"),
    ],
)
def test_what_does_not_fit_is_named(wrong, said):
    """The sentence says which part of the document is wrong."""
    with pytest.raises(NoSuchFaultError, match=said):
        read_fault(wrong)
