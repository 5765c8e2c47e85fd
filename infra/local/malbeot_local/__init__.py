"""Malbeot on one machine."""
