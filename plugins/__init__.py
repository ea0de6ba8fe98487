"""Quantum Trader: an automatic trader for crypto perpetual futures, as plugins of qtcore."""
