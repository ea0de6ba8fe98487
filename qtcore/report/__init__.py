"""What people read: the status document and the report, rendered from records."""
