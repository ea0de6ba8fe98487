"""A report in which everything occurs once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from qtcore.report.document import ReportDocument
from qtcore.report.status_document import PluginLine

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
        "observed_at": NOON - timedelta(seconds=4),
        "valid_until": NOON + timedelta(seconds=90),
        "summary": "all well",
        **more,
    }


def _component(line: dict[str, Any], area: str, *, vital: bool = False, **questions: str) -> dict[str, Any]:
    answers = {"declared": "healthy", "started": "healthy", "alive": "healthy", **questions}
    return {
        "line": line,
        "area": area,
        "vital": vital,
        "questions": [
            {"name": name, "status": status, "reason": f"{name} is seen as {status}"}
            for name, status in answers.items()
        ],
    }


@pytest.fixture
def lines() -> tuple[PluginLine, ...]:
    """Three rows of the status."""
    rows = (
        _line("feed", "degraded", "running", findings=("QT-FEED-STALE",), summary="1 of 5 streams stale"),
        _line("guard", "healthy", "running", summary="limits | kept"),
        _line("notify", "off", "disabled", host=None, pid=None, summary="disabled in plugins.yaml"),
    )
    return tuple(PluginLine.model_validate(row) for row in rows)


FINDINGS: dict[str, dict[str, Any]] = {
    "feed": {
        "code": "QT-FEED-STALE",
        "severity": "high",
        "plugin": "feed",
        "title": "candles are old",
        "subject": "BTC/USDT",
        "summary": "no candle of BTC/USDT for 90 s",
        "evidence": {"age_s": 90, "limit_s": 12.5},
        "cause": "the venue's stream is silent",
        "consequence": "no signals",
        "fix": "wait, or qt restart feed",
        "verify": "qt status shows feed as healthy",
        "remedies": [
            {"kind": "safe", "act": "heal", "effect": "subscribes again", "expected": "candles arrive"},
            {"kind": "confirm", "act": "restart", "effect": "starts it anew"},
        ],
        "opened_at": NOON - timedelta(minutes=2),
        "last_seen_at": NOON - timedelta(seconds=4),
        "count": 4,
        "episodes": 2,
        "acknowledged_by": "ola (uid 1000)",
        "acknowledged_at": NOON - timedelta(minutes=1),
        "muted_until": NOON + timedelta(hours=1),
        "trace_id": "ab" * 16,
    },
    "models": {
        "code": "QT-MODELS-NO-SIGNALS",
        "severity": "medium",
        "plugin": "models",
        "summary": "no signal for 80 s",
        "opened_at": NOON - timedelta(minutes=1),
        "last_seen_at": NOON,
    },
    "supervisor": {"code": "QT-JOURNAL-UNWRITABLE", "severity": "critical", "summary": "the disk is full"},
}

SECTIONS = [
    {
        "title": "Equity",
        "blocks": [
            {
                "kind": "curves",
                "title": "Equity",
                "y_label": "USDT",
                "lines": [
                    {
                        "name": "equity",
                        "points": [
                            [NOON.timestamp() - 3600 + 60 * n, 10_000 + n * 3.5 - (n % 7) * 11] for n in range(60)
                        ],
                    }
                ],
            },
            {
                "kind": "table",
                "headings": ["symbol", "closed", "profit"],
                "rows": [["BTC/USDT", NOON, 12.5], ["ETH/USDT", NOON, -3.25]],
            },
        ],
    },
    {
        "title": "Funnel",
        "blocks": [
            {"kind": "paragraph", "text": "198 signals were made, none of them became positions"},
            {
                "kind": "bars",
                "title": "Signals by gate",
                "unit": "signals",
                "bars": [
                    {"label": "confidence", "value": 150, "note": "0.52 where 0.55 is asked"},
                    {"label": "cooldown", "value": 48},
                    {"label": "filled", "value": 0},
                ],
            },
        ],
    },
    {
        "title": "Reliability",
        "blocks": [
            {
                "kind": "curves",
                "title": "Reliability",
                "x": "number",
                "x_label": "said",
                "y_label": "came true",
                "diagonal": True,
                "lines": [{"name": "ensemble", "points": [[0.4, 0.42], [0.5, 0.47], [0.6, 0.63]]}],
            }
        ],
    },
]


@pytest.fixture
def report() -> ReportDocument:
    """Everything that a report can say, all made up."""
    return ReportDocument.model_validate(
        {
            "schema": 2,
            "at": NOON,
            "hours": 24,
            "application": "Quantum Trader",
            "mode": "paper",
            "posture": "reduce_only",
            "posture_reasons": ("risk_guard: daily loss limit",),
            "running": True,
            "since": NOON - timedelta(hours=3, minutes=5),
            "status": "degraded",
            "counts": {"failed": 0, "critical": 0, "unknown": 1, "degraded": 1, "healthy": 1, "off": 1},
            "groups": [
                {"cause": FINDINGS["supervisor"], "severity": "critical"},
                {"cause": FINDINGS["feed"], "effects": [FINDINGS["models"]], "severity": "high"},
            ],
            "components": [
                _component(
                    _line("feed", "degraded", "running", summary="1 of 5 streams stale"), "Data", effective="degraded"
                ),
                _component(_line("guard", "healthy", "running", summary="limits | kept"), "Trading", vital=True),
                _component(_line("models", "unknown", "starting", restarts=7), "Trading", alive="unknown"),
                _component(
                    _line("notify", "off", "disabled", host=None, pid=None, summary="disabled in plugins.yaml"), ""
                ),
            ],
            "scorecard": {
                "formula_version": 1,
                "score": 60,
                "mean": 70,
                "caps": [
                    {"ceiling": 60, "reason": "guard is unknown"},
                    {"ceiling": 75, "reason": "feed is critical"},
                ],
                "plugins": [
                    {
                        "plugin": "feed",
                        "area": "Data",
                        "vital": False,
                        "status": "degraded",
                        "score": 5,
                        "deductions": [
                            {"points": 3, "reason": "status degraded"},
                            {"points": 2, "reason": "finding QT-FEED-STALE (high)"},
                        ],
                    },
                    {"plugin": "guard", "area": "Trading", "vital": True, "status": "healthy", "score": 10},
                    {
                        "plugin": "models",
                        "area": "Trading",
                        "vital": False,
                        "status": "unknown",
                        "score": 3,
                        "deductions": [
                            {"points": 5, "reason": "status unknown"},
                            {"points": 2, "reason": "7 restarts"},
                        ],
                    },
                    {"plugin": "notify", "vital": False, "status": "off", "score": None},
                ],
            },
            "steps": [
                {
                    "priority": "critical",
                    "code": "QT-JOURNAL-UNWRITABLE",
                    "what": "the disk is full",
                    "kind": "manual",
                    "command": "df -h",
                    "expected": "room is left",
                    "takes_s": 600,
                    "measured": 0,
                },
                {
                    "priority": "high",
                    "plugin": "feed",
                    "code": "QT-FEED-STALE",
                    "what": "candles are old",
                    "kind": "safe",
                    "command": "qt doctor --fix",
                    "expected": "candles arrive",
                    "takes_s": 1.5,
                    "measured": 3,
                },
            ],
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
            "watched": [
                {
                    "at": NOON - timedelta(minutes=30),
                    "who": "ola (uid 1000)",
                    "until": "healthy",
                    "for_s": 600,
                    "held": False,
                    "waited_s": 660,
                    "held_s": 212.5,
                    "breaks": 1,
                    "why": "degraded: feed",
                }
            ],
            "mutes": [{"fingerprint": "feed/QT-FEED-STALE/BTC/USDT", "until": NOON + timedelta(hours=1), "open": True}],
            "contributions": [
                {
                    "plugin": "executor",
                    "produced_at": NOON - timedelta(seconds=90),
                    "age_s": 90,
                    "stale": True,
                    "sections": SECTIONS,
                }
            ],
            "configuration": {
                "schema": 1,
                "at": NOON - timedelta(hours=3),
                "application": "Quantum Trader",
                "mode": "paper",
                "file": "/srv/plugins.yaml",
                "file_sha256": "00" * 32,
                "environment": ["QT_FEED__SYMBOLS"],
                "fingerprint": "ef" * 32,
                "values": [
                    {"name": "feed.symbols", "value": ["BTC"], "source": "environment", "where": "QT_FEED__SYMBOLS"},
                    {"name": "feed.key", "value": "#1a2b", "secret": True, "source": "environment", "where": "QT_KEY"},
                    {"name": "feed.age_s", "value": 5.0, "source": "default", "where": "default"},
                ],
                "problems": [
                    {
                        "code": "QT-CONFIG-CONFLICT",
                        "weight": "finding",
                        "sentence": "two settings disagree",
                        "where": "plugins.yaml:3:1",
                        "names": ["feed.a", "models.a"],
                    }
                ],
            },
            "configuration_changed": True,
            "reporter": {
                "status": "degraded",
                "configured": 4,
                "covered": 3,
                "oldest_s": 12.5,
                "asked": 1200,
                "missed": 3,
                "contributions": 1,
                "stale_contributions": 1,
                "kept": 5,
                "kept_at": NOON - timedelta(hours=1),
                "took_s": 0.041,
            },
            "missing_protections": ["no cgroup: memory is not limited"],
            "damage": ["the state file x.json is not a state file"],
            "usage": [
                {"what": "logs", "path": "/home/var/logs", "bytes": 5_300_000},
                {"what": "journal", "path": "/home/var/journal.db", "bytes": 900_000, "limit_bytes": 67_108_864},
            ],
            "free_bytes": 79_000_000_000,
            "days_left": 41.7,
            "norwegian": {"Equity": "Egenkapital", "candles are old": "kursdataene er gamle"},
        }
    )
