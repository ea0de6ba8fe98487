"""One file with everything that somebody elsewhere needs to understand what happened here, and no secret."""
