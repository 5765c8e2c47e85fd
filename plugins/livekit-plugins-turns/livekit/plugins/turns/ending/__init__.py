"""Whether a turn is over, and how long to wait for it."""
