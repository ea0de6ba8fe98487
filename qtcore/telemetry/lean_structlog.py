"""structlog without rich.

structlog's renderers for development import rich where it is installed: 4 MB and 50 ms in every
process, for tracebacks on terminals that we never draw. While structlog is first imported rich is
made to look absent, which structlog allows for.
"""

from __future__ import annotations

import sys

_HIDDEN = "rich" not in sys.modules
if _HIDDEN:
    sys.modules["rich"] = None  # type: ignore[assignment] # the import system's own sign for "not there"
try:
    import structlog
finally:
    if _HIDDEN:
        del sys.modules["rich"]

__all__ = ["structlog"]
