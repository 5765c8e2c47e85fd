"""Notices a conversation that has outgrown the model's context."""

from collections.abc import Mapping, Sequence
from typing import Any

from .log import logger


class ContextWatch:
    """Says once that the context is full. Ollama itself drops the oldest turns in silence."""

    def __init__(self, *, model: str, num_ctx: int) -> None:
        self._model = model
        self._limit = num_ctx
        self._warned = False

    def loaded(self, context_length: int | None) -> None:
        """Takes the context, in tokens, that the loaded model really has; None when it is not known."""
        if not context_length or context_length >= self._limit:
            return
        logger.warning(
            "Ollama gives %s %d tokens of context, not the %d asked for: set num_ctx to %d",
            *(self._model, context_length, self._limit, context_length),
        )
        self._limit = context_length

    def answered(self, messages: Sequence[Mapping[str, Any]], prompt_tokens: int) -> None:
        """Takes a request's messages and the tokens that Ollama made of them.

        Ollama drops turns until the rest fits, so a cut prompt ends just below the limit; and no
        tokenizer makes fewer tokens than there are words in a text with spaces.
        """
        words = sum(len(str(message.get("content", "")).split()) for message in messages)
        if not self._warned and (prompt_tokens >= 0.9 * self._limit or words > prompt_tokens > 0):
            self._warned = True
            logger.warning(
                "the conversation fills the %d tokens of context of %s, so its oldest turns are dropped: raise num_ctx",
                *(self._limit, self._model),
            )
