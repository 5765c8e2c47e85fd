"""A voice companion that people call."""

__version__ = "0.1.0"
