"""What the venue remembers: one SQLite file, written before anybody is told."""
