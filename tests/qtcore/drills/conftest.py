"""A drill and what may be seen of it, to be doctored one thing at a time."""

from __future__ import annotations

import pytest

from qtcore.drills.document import Drill
from qtcore.drills.judging import Heading, Observation
from qtcore.drills.observing import Seen
from qtcore.drills.results import CheckLine


@pytest.fixture
def drill() -> Drill:
    """A plugin dies; it must be found, named first, restarted and proven to run."""
    return Drill.model_validate(
        {
            "id": "B14",
            "title": "a loop that ends",
            "happened": "nobody noticed",
            "system": "small",
            "fault": {"acts": [{"do": "signal", "signal": "KILL", "plugin": "worker"}]},
            "expect": {
                "found": ["QT-PLUGIN-DOWN"],
                "first": ["QT-PLUGIN-DOWN"],
                "plugin": "worker",
                "effects": ["QT-A"],
            },
            "heal": "R",
            "handled": [{"check": "restarted", "plugin": "worker"}],
            "limits": {"detect_s": 5, "handle_s": 10, "recover_s": 10},
            "recovered": [{"check": "running"}],
        }
    )


@pytest.fixture
def good() -> Observation:
    """Everything as it should be."""
    return Observation(
        findings=(
            Seen("QT-PLUGIN-DOWN", "worker", "", opened_s=0.4, resolved_s=3.0),
            Seen("QT-A", "reader", "", opened_s=0.9, resolved_s=3.0),
        ),
        headings=(Heading(1.0, (("QT-PLUGIN-DOWN", "QT-A"),)),),
        handling=(CheckLine(check="restarted plugin worker", holds=True, after_s=2.0),),
        recovery=(CheckLine(check="running", holds=True, after_s=1.0),),
    )
