"""Trusts nobody's word: checks what must hold over the whole, and whether what runs has any effect."""

from plugins.auditor.plugin import Auditor

__all__ = ["Auditor"]
