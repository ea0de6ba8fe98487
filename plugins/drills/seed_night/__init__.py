"""The night of the seed: the state that the document of 23 November 2025 describes, brought about and judged."""
