"""What `drills.yaml` may say, and what the shipped one says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from qtcore.drills.assembly import assembled, merged, system_of
from qtcore.drills.document import Drills
from qtcore.drills.loading import chosen, read_drills
from qtcore.drills.outsiders import outsider
from qtcore.errors import ConfigurationError

ROOT = Path(__file__).parents[3]

SMALL: dict[str, Any] = {
    "version": 1,
    "systems": {"small": {"market": "m:{seed}"}},
    "drills": [
        {
            "id": "A1",
            "title": "t",
            "happened": "h",
            "system": "small",
            "fault": {},
            "refused": {"exit": 64, "says": ["no"]},
            "heal": "F",
            "over": "it starts",
        }
    ],
    "not_yet": {"A2": "another"},
}


@pytest.fixture(scope="module")
def shipped() -> Drills:
    """The drills of the application."""
    return read_drills(ROOT / "drills.yaml")


def test_every_incident_of_the_catalogue_is_drilled_or_named(shipped: Drills) -> None:
    """15 + 22 + 13 + 16 + 25 + 23 + 16 + 15 + 12 + 7 incidents, each once; 39 of them are drilled."""
    counts = {"A": 15, "B": 22, "C": 13, "D": 16, "E": 25, "F": 23, "G": 16, "H": 15, "I": 12, "J": 7}
    catalogue = {f"{letter}{number}" for letter, most in counts.items() for number in range(1, most + 1)}
    assert {drill.id for drill in shipped.drills} | shipped.not_yet.keys() == catalogue
    assert len(shipped.drills) == 39


def test_every_outsider_that_is_named_exists(shipped: Drills) -> None:
    """A drill that names a function that is not there would fail when it is too late."""
    named = {act.function for drill in shipped.drills for act in acts_of(drill) if act.do == "outsider"}
    named |= {c.function for d in shipped.drills for c in (*d.handled, *d.recovered) if c.check == "outsider"}
    named |= {system.home for system in shipped.systems.values() if system.home}
    named |= {drill.fault.configure for drill in shipped.drills if drill.fault.configure}
    assert all(callable(outsider(function, ROOT)) for function in named)


def acts_of(drill: Any) -> tuple[Any, ...]:
    """Everything that a drill does."""
    return (*drill.prepare, *drill.decoys, *drill.fault.acts, *drill.lift)


def test_every_system_fits_the_configuration_that_it_is_made_of(shipped: Drills) -> None:
    """A system only leaves out or changes plugins that are there; what it adds says what it is."""
    plugins = yaml.safe_load((ROOT / "plugins.yaml").read_text())["plugins"]
    for name in shipped.systems:
        made = assembled(shipped, name, ROOT, seed=3)
        assert "{" not in made.market
        assert all("use" in section for section in made.configuration["plugins"].values())
        assert set(system_of(shipped, name).without) <= set(plugins)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"drills": [SMALL["drills"][0] | {"system": "large"}]}, "there is no system large; there are small"),
        ({"drills": SMALL["drills"] * 2}, "A1 is there twice"),
        ({"not_yet": {"A1": "again"}}, "A1 is there twice"),
        ({"drills": [SMALL["drills"][0] | {"heal": "F Z"}]}, "Z is no letter of healing"),
        ({"drills": [SMALL["drills"][0] | {"over": ""}]}, "say in `recovered` or `over` how it ends"),
        ({"drills": [SMALL["drills"][0] | {"refused": None}]}, "say what is expected"),
        ({"drills": [SMALL["drills"][0] | {"prepare": [{"do": "jump"}]}]}, "jump"),
    ],
)
def test_a_file_that_cannot_be_carried_out_is_refused(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    """With the place and a sentence, before anything is started."""
    path = tmp_path / "drills.yaml"
    path.write_text(yaml.safe_dump(SMALL | change))
    with pytest.raises(ConfigurationError, match=says):
        read_drills(path)


def test_drills_are_chosen_by_name() -> None:
    """In the file's order; what is not drilled and what does not exist say so."""
    drills = Drills.model_validate(SMALL)
    assert [one.id for one in chosen(drills, ["all"])] == ["A1"]
    with pytest.raises(ConfigurationError, match=r"A2 \(another\) is not yet drilled"):
        chosen(drills, ["A2"])
    with pytest.raises(ConfigurationError, match="did you mean A1"):
        chosen(drills, ["A11"])


def test_patches_meet_at_every_depth() -> None:
    """Mappings are merged, everything else replaced; neither side is changed."""
    base = {"a": {"b": 1, "c": [1]}, "d": 1}
    assert merged(base, {"a": {"c": [2], "e": 3}}) == {"a": {"b": 1, "c": [2], "e": 3}, "d": 1}
    assert base == {"a": {"b": 1, "c": [1]}, "d": 1}
