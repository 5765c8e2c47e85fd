"""What stops the companion while it speaks, and how fast: in real calls, measured at the caller."""
