"""The caller page and the service behind it."""

from malbeot.web.server import serve

__all__ = ["serve"]
