"""`malbeot up`: everything on this machine, started, watched and stopped together."""

from malbeot.up.run import run

__all__ = ["run"]
