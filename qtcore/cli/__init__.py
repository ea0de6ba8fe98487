"""The `qt` command: one module per command, each imported only when it is asked for."""
