"""What the application offers to the doctor: damage is found in files alone, and nothing is changed by looking."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plugins.checks import archives, databases, keys, learned, safety
from plugins.domain import MemberName
from plugins.learning.artefacts import ArtefactStore
from plugins.store.arming import arm
from plugins.store.kill_switch import FILE_NAME, write_kill_switch
from qtcore import Fine, Patient, Seen, Skipped, Trouble, Verdict
from qtcore.records.home import Home

NOW = datetime.now(UTC)


@pytest.fixture
def patient(tmp_path: Path) -> Patient:
    """An empty home."""
    home = Home(tmp_path / "var")
    home.create()
    return Patient(home, tmp_path / "plugins.yaml")


def _codes(verdict: Verdict) -> list[str]:
    assert isinstance(verdict, Trouble)
    return [finding.code for finding in verdict.findings]


def _database(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE rows (text TEXT)")
        connection.executemany("INSERT INTO rows VALUES (?)", [("x" * 900,)] * 200)
        connection.commit()


def _damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[8192 : 8192 + 20_000] = b"\xaa" * 20_000
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("check", "place", "code"),
    [
        (databases.history, "quantum.db", "QT-DATABASE-DAMAGED"),
        (databases.orders, "exchange.db", "QT-EXCHANGE-DB-DAMAGED"),
        (databases.venue, "data/paper_exchange/ledger.db", "QT-VENUE-LEDGER"),
    ],
)
def test_a_damaged_database_is_told_from_a_whole_one_and_from_none(
    patient: Patient, check: object, place: str, code: str
) -> None:
    """By SQLite's own check of every page."""
    assert callable(check)
    assert isinstance(check(patient), Skipped)
    _database(patient.root / place)
    assert isinstance(check(patient), Fine)
    _damage(patient.root / place)
    assert _codes(check(patient)) == [code]


def test_a_history_without_a_copy_is_news_once_one_was_due(patient: Patient) -> None:
    """Not in the first hours of a home, and not while nothing runs."""
    assert isinstance(databases.backups(patient), Skipped)
    _database(patient.root / "quantum.db")
    assert isinstance(databases.backups(patient), Fine)
    folder = patient.root / "backups"
    folder.mkdir()
    (folder / f"quantum-0002-{NOW - timedelta(days=3):%Y%m%dT%H%M%S}.db").touch()
    with patient.home.lock(run_dir=patient.root / "run"):
        assert _codes(databases.backups(patient)) == ["QT-DATABASE-BACKUP"]
        (folder / f"quantum-0002-{NOW:%Y%m%dT%H%M%S}.db").touch()
        assert isinstance(databases.backups(patient), Fine)


def test_a_pulled_kill_switch_and_one_that_cannot_be_read_are_told(patient: Patient) -> None:
    """Both stop entries."""
    assert isinstance(safety.kill_switch(patient), Fine)
    write_kill_switch(patient.root, on=True, who="ada", when=NOW, why="drill")
    assert _codes(safety.kill_switch(patient)) == ["QT-RISK-KILL-SWITCH"]
    write_kill_switch(patient.root, on=False, who="ada", when=NOW, why="over")
    assert isinstance(safety.kill_switch(patient), Fine)
    (patient.root / FILE_NAME).write_text("{")
    assert _codes(safety.kill_switch(patient)) == ["QT-RISK-KILL-SWITCH"]


def test_leave_to_trade_real_money_is_told_with_its_end(patient: Patient) -> None:
    """Whoever looks should see at once that it counts."""
    assert safety.leave_to_trade(patient) == Fine("nobody has armed real money")
    arm(patient.root, fingerprint="sha256:0", who="ada", when=NOW, life=timedelta(hours=8))
    told = safety.leave_to_trade(patient)
    assert isinstance(told, Fine)
    assert told.sentence.startswith("ARMED by ada until ")


def test_keys_that_others_may_read_are_told(patient: Patient) -> None:
    """As a finding whose remedy the doctor can carry out itself."""
    assert isinstance(keys.keys(patient), Skipped)
    key = patient.root / "keys" / "artefacts.key"
    key.parent.mkdir(mode=0o700)
    key.touch(mode=0o600)
    assert isinstance(keys.keys(patient), Fine)
    key.chmod(0o640)
    seen = keys.keys(patient)
    assert isinstance(seen, Trouble)
    assert [(one.code, one.subject) for one in seen.findings if isinstance(one, Seen)] == [
        ("QT-HOME-PERMISSIONS", "keys/artefacts.key")
    ]


def test_a_champion_that_is_gone_is_told_under_the_name_of_its_member(patient: Patient) -> None:
    """As it is where somebody tidied the folder of artefacts."""
    assert isinstance(learned.artefacts(patient), Skipped)
    folder = ArtefactStore(patient.root).root / MemberName.XGBOOST
    folder.mkdir(parents=True)
    ArtefactStore(patient.root)._change(  # the store itself refuses to promote what is not there
        MemberName.XGBOOST, lambda now: now.promoted("a" * 64, who="test", why="test", at=NOW)
    )
    assert _codes(learned.artefacts(patient)) == ["QT-MODELS-ARTEFACT-XGBOOST"]


def test_a_file_of_candles_that_cannot_be_read_is_told(patient: Patient) -> None:
    """The others are read all the same."""
    assert isinstance(archives.archive(patient), Skipped)
    folder = patient.root / "history" / "simulated"
    folder.mkdir(parents=True)
    (folder / "BTCUSDT-1m.parquet").write_bytes(b"no parquet")
    assert _codes(archives.archive(patient)) == ["QT-HISTORY-DAMAGED"]
