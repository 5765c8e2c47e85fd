"""Small files that are kept for a while, which other processes may delete at any time."""

from pathlib import Path


def changed_at(path: Path) -> float:
    """Unix time; 0 for one that is gone."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def why(error: Exception) -> str:
    """An error in the system's words, without the file's name."""
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
