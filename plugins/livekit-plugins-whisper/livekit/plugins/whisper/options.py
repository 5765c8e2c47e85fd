"""What a call's recognition is told."""

from dataclasses import dataclass

from livekit.agents import LanguageCode

from .protocol import MAX_PROMPT


@dataclass(frozen=True, kw_only=True)
class StreamOptions:
    """What may change while a stream lives."""

    language: LanguageCode | None
    keyterms: tuple[str, ...] = ()
    """Names and words that may well come up."""
    context: str = ""
    """What the agent said last."""

    def prompt(self, *, answers: bool, before: str = "") -> str:
        """What the model is told before it listens: key terms, and what was said `before`.

        That is what the agent said, where this `answers` it; in the middle of a long speech its words would only be
        repeated.
        """
        # The model keeps the end of what is too long for it.
        parts = (self.context if answers and not before else "", ", ".join(self.keyterms), before)
        return " ".join(part for part in parts if part)[-MAX_PROMPT:]
