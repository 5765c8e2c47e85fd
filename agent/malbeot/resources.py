"""Where the data that comes with Malbeot lies: in the wheel, or in the checkout of an editable install."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parents[1]


def resource(name: str) -> Path:
    """`name` is `prompts` or `livekit.yaml`."""
    shipped = _PACKAGE / "data" / name
    return shipped if shipped.exists() else _CHECKOUT / name
