"""Secrets are removed by value."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from qtcore.telemetry.redaction import Redactor, fingerprint

SECRETS = st.text(st.characters(codec="utf-8"), min_size=8, max_size=40)


@settings(max_examples=60)
@given(secret=SECRETS)
def test_a_secret_is_found_in_every_usual_encoding(secret: str) -> None:
    """Plain, inside JSON, in a URL, in base64."""
    redactor = Redactor()
    redactor.register(secret)
    forms = [
        secret.encode(),
        json.dumps(secret, ensure_ascii=False).encode()[1:-1],
        quote(secret, safe="").encode(),
        base64.b64encode(secret.encode()),
    ]

    for form in forms:
        line = b"<<" + form + b">>"
        assert form not in redactor.clean(line)
        assert fingerprint(secret).encode() in redactor.clean(line)


def test_the_longest_of_overlapping_secrets_goes_first() -> None:
    """So that no end of it stays."""
    redactor = Redactor()
    redactor.register("hunter2")
    redactor.register("hunter2-and-more")

    assert b"and-more" not in redactor.clean(b"key=hunter2-and-more")


def test_what_is_too_short_to_be_a_secret_is_left() -> None:
    """Otherwise every line would be full of fingerprints."""
    redactor = Redactor()
    redactor.register("abc")

    assert redactor.clean(b"abc") == b"abc"
