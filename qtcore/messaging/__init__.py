"""Typed topics and actions between plugins, in memory inside a host and by ZeroMQ between hosts."""
