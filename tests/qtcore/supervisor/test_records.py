"""What the supervisor records holds no secret, and what the machine lacks is named."""

from __future__ import annotations

from qtcore.supervisor.housekeeping import LOSS_HOLDS_S, LostLines
from qtcore.supervisor.protections import missing_protections
from qtcore.supervisor.recorder import cleaned
from qtcore.telemetry.redaction import SECRETS


def test_evidence_is_cleaned_of_registered_secrets() -> None:
    """Stacks and output of a dead host are recorded without the values of secret settings."""
    SECRETS.register("hunter2-hunter2")
    kept = cleaned({"output": ["key=hunter2-hunter2", "fine"], "stacks": "…"})
    assert "hunter2-hunter2" not in str(kept)
    assert "fine" in str(kept["output"])


def test_a_machine_without_fork_servers_is_said_to_start_cold() -> None:
    """A missing protection is a sentence that says what stands in for it."""
    assert any("cold" in sentence for sentence in missing_protections(()))


def test_lost_lines_are_a_finding_while_they_are_lost() -> None:
    """The sentence counts all that were lost, and ends some time after the last loss."""
    dropped, now_s = [0], [100.0]
    problem = LostLines(lambda: dropped[0], lambda: now_s[0])
    assert problem() is None
    dropped[0] = 3
    assert "3 spans and log lines" in str(problem())
    now_s[0] += LOSS_HOLDS_S - 1
    dropped[0] = 5
    assert "5 spans and log lines" in str(problem())
    now_s[0] += LOSS_HOLDS_S
    assert problem() is None
