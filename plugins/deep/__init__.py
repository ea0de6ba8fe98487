"""The nets (N-HiTS, PatchTST) in a host of their own: torch is heavy, and whoever has used it must not be forked."""

from plugins.deep.plugin import Deep

__all__ = ["Deep"]
