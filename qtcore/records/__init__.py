"""What lasts: the journal, which is the truth, and the state files projected from it."""
