"""How much room all traces together may take."""

TRACES_MAX_BYTES = 256 * 1024 * 1024
