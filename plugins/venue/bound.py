"""The last gate before the wire: no connection is made to a host that the client may not speak to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aiohttp
from typing_extensions import override


class BoundConnector(aiohttp.TCPConnector):
    """Asks `check` about the URL of each request, also where a redirect leads, and about any proxy."""

    def __init__(self, check: Callable[[str], None], **settings: Any) -> None:
        super().__init__(**settings)
        self._check = check

    @override
    async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:
        """A connection for this request; whatever `check` raises when there may be none."""
        self._check(str(req.url))
        if req.proxy is not None:
            self._check(str(req.proxy))
        return await super().connect(req, traces, timeout)
