"""Why there is no place."""

from malbeot.errors import MalbeotError


class Full(Exception):
    """Every place is taken. `retry_after_s`: when it is worth asking again, in seconds."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("every place is taken")
        self.retry_after_s = retry_after_s


class TooMany(Exception):
    """An invitation has `at_once` calls, and no more. `retry_after_s`: when it is worth asking again, in seconds."""

    def __init__(self, at_once: int, retry_after_s: float) -> None:
        super().__init__("the invitation has too many calls at once")
        self.at_once = at_once
        self.retry_after_s = retry_after_s


class Unavailable(MalbeotError):
    """Nobody can say how many calls there are: LiveKit does not answer, or what keeps the places does not."""
