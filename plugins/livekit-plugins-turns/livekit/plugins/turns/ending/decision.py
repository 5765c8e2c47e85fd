"""What was decided in a pause."""

from dataclasses import dataclass

from ..words.asked import Asked


@dataclass(frozen=True)
class Decision:
    """One pause and how it ended. Holds no word that was said."""

    probability: float
    """That the turn was over, as it was judged last."""
    audio: float | None
    """What the sound said, 0 to 1. None where the audio model had not answered, or had failed."""
    words: float | None
    """What the words said, 0 to 1. None where none had come, or their language is not known."""
    asked: Asked
    """What the turn answered."""
    wait_s: float
    """The wait that was chosen, from the last speech."""
    waited_s: float
    """From the last speech until the turn was called or they went on. With late words or a late answer of the audio
    model it is longer than `wait_s` when that is short."""
    called: bool
    """Whether the turn was called over. If not, they went on, or the turn ended by other means."""
    cost_s: float
    """What judging took, all the times in this pause: wall clock on the event loop, without the audio model."""
