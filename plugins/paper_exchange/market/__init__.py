"""Where the paper venue's prices come from: a seeded simulator, Parquet recordings, public CSV dumps."""
