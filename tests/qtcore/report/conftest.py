"""A report in which everything occurs once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from qtcore.report.document import ReportDocument

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def _line(name: str, status: str, lifecycle: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "status": status,
        "lifecycle": lifecycle,
        "since": NOON - timedelta(minutes=7),
        "host": "main",
        "pid": 42,
        "generation": 3,
        "restarts": 2,
        "observed_at": NOON,
        "valid_until": NOON + timedelta(seconds=90),
        "summary": "all well",
        **more,
    }


@pytest.fixture
def report() -> ReportDocument:
    """Findings, score, healing, episodes and damage, all made up."""
    return ReportDocument.model_validate(
        {
            "schema": 1,
            "at": NOON,
            "hours": 24,
            "application": "Quantum Trader",
            "mode": "paper",
            "posture": "reduce_only",
            "posture_reasons": ("risk_guard: daily loss limit",),
            "running": True,
            "since": NOON - timedelta(hours=3, minutes=5),
            "status": "degraded",
            "counts": {"failed": 0, "critical": 0, "unknown": 0, "degraded": 1, "healthy": 1, "off": 1},
            "findings": [
                {
                    "code": "QT-FEED-STALE",
                    "severity": "high",
                    "plugin": "feed",
                    "summary": "no candle of BTC/USDT for 90 s",
                    "evidence": {"age_s": 90},
                    "cause": "the venue's stream is silent",
                    "consequence": "no signals",
                    "fix": "wait, or qt restart feed",
                    "verify": "qt status shows feed as healthy",
                    "remedies": [{"kind": "safe", "act": "heal", "effect": "subscribes again"}],
                    "opened_at": NOON - timedelta(minutes=2),
                    "count": 4,
                    "trace_id": "ab" * 16,
                }
            ],
            "plugins": [
                _line("feed", "degraded", "running", findings=("QT-FEED-STALE",), summary="1 of 5 streams stale"),
                _line("guard", "healthy", "running", summary="limits | kept"),
                _line("notify", "off", "disabled", host=None, pid=None, summary="disabled in plugins.yaml"),
            ],
            "scorecard": {
                "formula_version": 1,
                "score": 75,
                "mean": 80,
                "cap": "capped at 75: feed is critical",
                "plugins": [
                    {
                        "plugin": "feed",
                        "vital": False,
                        "status": "degraded",
                        "score": 5,
                        "deductions": [
                            {"points": 3, "reason": "status degraded"},
                            {"points": 2, "reason": "finding QT-FEED-STALE (high)"},
                        ],
                    },
                    {"plugin": "guard", "vital": True, "status": "healthy", "score": 10},
                    {"plugin": "notify", "vital": False, "status": "off", "score": None},
                ],
            },
            "healings": [
                {
                    "plugin": "feed",
                    "finding": "QT-FEED-STALE",
                    "rung": "heal",
                    "act": "subscribed again",
                    "outcome": "proven",
                    "proof": "healthy: 5 streams",
                    "started_at": NOON - timedelta(hours=1, seconds=0.25),
                    "ended_at": NOON - timedelta(hours=1),
                }
            ],
            "episodes": [
                {
                    "plugin": "feed",
                    "began_at": NOON - timedelta(hours=2),
                    "ended_at": NOON - timedelta(hours=2) + timedelta(milliseconds=31),
                    "lasted_s": 0.031,
                    "cause": "host data was killed by SIGKILL",
                    "steps": ["starting: first try", "running: ready"],
                    "recovered": True,
                    "trace_id": "cd" * 16,
                },
                {
                    "plugin": "database",
                    "began_at": NOON - timedelta(minutes=10),
                    "ended_at": None,
                    "lasted_s": 600,
                    "cause": "disk full",
                    "collateral_of": "feed",
                    "steps": [],
                    "recovered": False,
                },
            ],
            "missing_protections": ["no cgroup: memory is not limited"],
            "damage": ["the state file x.json is not a state file"],
            "usage": [{"what": "logs", "path": "/home/var/logs", "bytes": 5_300_000}],
            "free_bytes": 79_000_000_000,
        }
    )
