"""What tests share: speech, a caller, the servers of a call."""
