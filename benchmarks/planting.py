"""Plants secrets everywhere in a home, and looks for them in a bundle with code that imports nothing of ours."""

from __future__ import annotations

import base64
import html
import json
import random
import sqlite3
import string
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

_LETTERS = string.ascii_letters + string.digits
_AWKWARD = _LETTERS + "+/=_-.~!$%&*'\"\\ äß"


@dataclass
class Garden:
    """What was planted: variables, texts of files, and every secret."""

    draw: random.Random
    secrets: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    def secret(self, letters: str = _LETTERS) -> str:
        """A new one, between 12 and 48 characters."""
        first = self.draw.choice(_LETTERS)
        made = first + "".join(self.draw.choices(letters, k=self.draw.randint(10, 46))) + self.draw.choice(_LETTERS)
        self.secrets.append(made)
        return made


def disguised(secret: str, draw: random.Random) -> str:
    """The secret as it may stand in a text, in a way that is drawn."""
    raw = secret.encode()
    forms = (
        lambda: secret,
        lambda: json.dumps({"nested": {"under_another_key": secret}}),
        lambda: json.dumps(json.dumps({"deeper": secret}, ensure_ascii=False)),
        lambda: base64.b64encode(raw).decode(),
        lambda: base64.urlsafe_b64encode(raw).decode().rstrip("="),
        lambda: "Authorization: Basic " + base64.b64encode(b"user:" + raw).decode(),
        lambda: base64.b64encode(b"x" + raw + b"--rest").decode(),
        raw.hex,
        lambda: raw.hex().upper(),
        lambda: f"https://bob:{quote(secret, safe='')}@example.org/path",
        lambda: "?key=" + quote_plus(secret),
        lambda: html.escape(secret),
        lambda: repr(secret),
        lambda: secret[: len(secret) // 2] + "\n    " + secret[len(secret) // 2 :],
        lambda: secret[:5] + "\\n" + secret[5:],
    )
    return draw.choice(forms)()


def plant(root: Path, config: Path, count: int, seed: int = 7) -> Garden:
    """Fill a home (already made, with a journal) and a configuration with `count` secrets and their copies."""
    garden = Garden(random.Random(seed))
    draw = garden.draw
    settings = []
    for number in range(count):
        match number % 6:
            case 0:
                garden.environment[f"QT_TOY__API_KEY_{number}"] = garden.secret(_AWKWARD)
            case 1:
                garden.environment[f"SERVICE_{number}_TOKEN"] = garden.secret(_AWKWARD)
            case 2:
                garden.environment[f"DATABASE_{number}_URL"] = f"postgresql://bob:{garden.secret()}@db.example.org/x"
            case 3:
                settings.append(f"      password_{number}: {json.dumps(garden.secret(_AWKWARD))}")
            case 4:
                settings.append(f"      address_{number}: 'amqp://guest:{garden.secret()}@mq.example.org'")
            case 5:
                keys = root / "keys"
                keys.mkdir(mode=0o700, exist_ok=True)
                (keys / f"{number}.key").write_text(garden.secret())
    config.write_text("version: 1\nplugins:\n  toy:\n    use: toy\n    settings:\n" + "\n".join(settings) + "\n")
    _scatter(root, garden, draw)
    return garden


def _scatter(root: Path, garden: Garden, draw: random.Random) -> None:
    """At least one disguised copy of every secret in each kind of file."""

    def line(secret: str) -> str:
        return f"2026-11-23T12:00:00Z something went wrong with {disguised(secret, draw)} and went on\n"

    secrets = garden.secrets
    (root / "logs" / "main.jsonl").write_text("".join(json.dumps({"event": line(one)}) + "\n" for one in secrets))
    (root / "logs" / "main.out").write_text("".join(map(line, secrets)))
    (root / "traces" / "host-main-1.jsonl").write_text(
        "".join(json.dumps({"attributes": [{"key": "note", "value": disguised(one, draw)}]}) + "\n" for one in secrets)
    )
    (root / "state" / "toy.json").write_text(json.dumps({"plugin": "toy", "facts": {"seen": list(map(line, secrets))}}))
    (root / "sections" / "toy.json").write_text(json.dumps({"plugin": "toy", "text": "".join(map(line, secrets))}))
    (root / "notices.jsonl").write_text("".join(json.dumps({"text": line(one)}) + "\n" for one in secrets))
    with sqlite3.connect(root / "journal.db") as journal:
        journal.executemany(
            "UPDATE events SET reason = ?, details = ? WHERE seq = ?",
            [(line(one), json.dumps({"output": [line(one)]}).encode(), seq) for seq, one in enumerate(secrets, 1)],
        )
    journal.close()


def leaks(bundle: Path, secrets: list[str]) -> list[str]:
    """Every secret that stands in the bundle in some form, as `where: form`."""
    found = []
    with zipfile.ZipFile(bundle) as packed:
        contents = {name: packed.read(name) for name in packed.namelist()}
    contents["the names"] = "\n".join(contents).encode()
    contents["the file itself"] = bundle.read_bytes()
    for where, content in contents.items():
        joined = b"".join(part.strip() for part in content.replace(b"\\\\n", b"\n").replace(b"\\n", b"\n").split(b"\n"))
        for secret in secrets:
            found += [f"{where}: {secret}" for form in _searched(secret) if form in content or form in joined]
    return found


def _searched(secret: str) -> set[bytes]:
    raw = secret.encode()
    forms = {
        raw,
        raw.hex().encode(),
        raw.hex().upper().encode(),
        html.escape(secret).encode(),
        repr(secret)[1:-1].encode(),
    }
    for text in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        forms |= {text.encode(), json.dumps(text)[1:-1].encode(), json.dumps(text, ensure_ascii=False)[1:-1].encode()}
    forms |= {quote(secret, safe="").encode(), quote_plus(secret).encode(), quote(secret).encode()}
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw + b"\0" * (-(shift + len(raw)) % 3))
        inner = encoded[4 if shift else 0 : len(encoded) - (4 if (shift + len(raw)) % 3 else 0)]
        forms |= {inner, inner.translate(bytes.maketrans(b"+/", b"-_"))}
    return {form for form in forms if len(form) >= 8}
