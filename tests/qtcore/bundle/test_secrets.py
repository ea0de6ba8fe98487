"""No secret leaves in a bundle, in whatever form and place it stands."""

from __future__ import annotations

import base64
import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qtcore.bundle.known_secrets import known_secrets
from qtcore.bundle.making import make_bundle
from qtcore.bundle.pseudonyms import Pseudonyms
from qtcore.bundle.scrubbing import Scrubber
from qtcore.bundle.token_forms import without_tokens
from qtcore.doctor.check import Patient
from qtcore.records.home import Home
from qtcore.records.journal import Journal
from qtcore.records.journal_event import EventKind


@pytest.fixture(scope="module")
def planting() -> ModuleType:
    """The benchmark's gardener, which imports nothing of ours."""
    path = Path(__file__).resolve().parents[3] / "benchmarks" / "planting.py"
    spec = importlib.util.spec_from_file_location("planting", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["planting"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("seed", range(3))
def test_none_of_sixty_planted_secrets_leaks(tmp_path: Path, planting: ModuleType, seed: int) -> None:
    """In variables, settings, addresses, key files; copied into logs, traces, states, sections, rows and outputs."""
    home = Home(tmp_path / "var")
    home.create()
    with Journal.open(home) as journal:
        for number in range(60):
            journal.append(EventKind.NOTE, f"event {number}")
    garden = planting.plant(home.root, tmp_path / "plugins.yaml", 60, seed)
    patient = Patient(home, tmp_path / "plugins.yaml", garden.environment)
    made = make_bundle(patient, tmp_path / "bundle.zip", seconds=20.0)
    assert len(garden.secrets) == 60
    assert made.removed > 60
    assert planting.leaks(Path(made.file), garden.secrets) == []


def test_the_search_finds_what_was_not_removed(tmp_path: Path, planting: ModuleType) -> None:
    """A search that finds nothing anywhere would prove nothing."""
    import zipfile

    with zipfile.ZipFile(tmp_path / "b.zip", "w") as packed:
        packed.writestr("a.txt", base64.b64encode(b"user:swordfish-and-more"))
    assert planting.leaks(tmp_path / "b.zip", ["swordfish-and-more"]) != []


SECRET = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Z"]), min_size=8, max_size=40)


@given(SECRET, st.integers(0, 2), st.booleans())
def test_a_value_is_found_in_json_base64_and_hex(secret: str, shift: int, ascii_only: bool) -> None:
    """Wherever it begins in what is encoded."""
    scrubber = Scrubber([secret.encode()])
    inside = json.dumps({"note": json.dumps({"deep": secret}, ensure_ascii=ascii_only)})
    encoded = base64.b64encode(b"x" * shift + secret.encode() + b"yz").decode()
    for text in (secret, inside, encoded, secret.encode().hex()):
        clean, removed = scrubber.clean(f"before {text} after".encode())
        assert removed >= 1
        assert b"<secret>" in clean
        assert secret.encode() not in clean


@given(SECRET, st.integers(1, 7), st.sampled_from(["\n", "\r\n", "\n    ", "\\n", "\n> "]))
def test_a_value_that_is_split_over_lines_is_found(secret: str, at: int, between: str) -> None:
    """Terminals, mails and tracebacks break lines where they like; marks of quoting are taken for a break."""
    assume(len(secret) - sum(map(secret.count, ">|#\\")) >= 8)
    clean, removed = Scrubber([secret.encode()]).clean(f"a {secret[:at]}{between}{secret[at:]} z".encode())
    assert removed >= 1
    left = clean.decode().removeprefix("a ").removesuffix(" z").replace("<secret>", "")
    assert not set(left) - set(">|#\\")  # marks of quoting at its ends may stay: they say nothing


@given(st.binary(max_size=300))
def test_a_text_without_secrets_stays_as_it_is(text: bytes) -> None:
    """Whatever bytes it is made of."""
    assert Scrubber([b"a value that is never there"]).clean(text) == (text, 0) or b"<secret>" in without_tokens(text)[0]


@pytest.mark.parametrize(
    "text",
    [
        "AKIAABCDEFGHIJKLMNOP",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghijk",
        "Authorization: Bearer abcdef123456",
        "password=hunter22hunter",
        '{"api_key": "abcdefgh1234"}',
        "redis://:hunter22@cache:6379",
        "-----BEGIN EC PRIVATE KEY-----\nMHcCAQ\n-----END EC PRIVATE KEY-----",
    ],
)
def test_secrets_that_nobody_named_are_told_by_their_form(text: str) -> None:
    """Tokens of well-known services, keys, and what follows a telling name."""
    clean, removed = without_tokens(f"before {text} after".encode())
    assert removed == 1
    assert clean.startswith(b"before ")
    assert clean.endswith(b" after")


def test_fingerprints_and_plain_words_stay_readable() -> None:
    """Else the audit would say nothing."""
    for text in (b'"secret": true', b"token: sha256:0123abcd", b"tokens are rotated", b"password: (empty)"):
        assert without_tokens(text) == (text, 0)


def test_host_and_user_are_called_something_else() -> None:
    """As words only: a name may be a part of another."""
    names = Pseudonyms({"wolke7": "host-1", "ada": "user-1"})
    assert names.put_in(b"ada@wolke7 in /home/ada, not adagio") == b"user-1@host-1 in /home/user-1, not adagio"


def test_values_are_known_from_environment_configuration_and_key_files(patient: Callable[..., Patient]) -> None:
    """By what their names say; a path and a fingerprint are none."""
    looked_at = patient(
        {
            "MY_TOKEN": "value-of-token",
            "A_URL": "pg://u:value-in-url@h/x",
            "KEY_PATH": "/etc/harmless",
            "PLAIN": "x" * 9,
        },
        "plugins:\n  a: {settings: {password: value-in-file, size: 3, url: 'http://u:value-in-file-url@h'}}\n",
    )
    (looked_at.root / "keys").mkdir()
    (looked_at.root / "keys" / "a.key").write_bytes(b"\x00\x01value-in-key-file")
    found = known_secrets(looked_at.home, looked_at.config, looked_at.environment)
    assert {b"value-of-token", b"value-in-url", b"value-in-file", b"value-in-file-url"} <= found
    assert b"\x00\x01value-in-key-file" in found
    assert not {b"/etc/harmless", b"x" * 9, b"3"} & found
