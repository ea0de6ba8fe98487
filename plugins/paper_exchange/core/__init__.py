"""The venue's rules: `(state, event) -> (state, changes)`. No clock, no I/O, no randomness."""
