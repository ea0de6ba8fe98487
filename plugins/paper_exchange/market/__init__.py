"""Where the paper venue's prices come from: a seeded simulator, Parquet recordings, or the venue's public CSV dumps."""
