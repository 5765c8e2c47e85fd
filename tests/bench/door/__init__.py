"""What callers meet before and during a call, measured at their browser."""
