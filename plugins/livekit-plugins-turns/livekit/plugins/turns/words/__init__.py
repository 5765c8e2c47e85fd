"""Whether a turn is over, by its words alone."""

from . import english, korean
from .asked import Asked, primary
from .said import said

UNKNOWN = 0.5
_JUDGES = {"ko": korean.finished, "en": english.finished}


def finished(text: str, language: str, asked: Asked = Asked.NONE) -> float:
    """Probability, 0 to 1, that somebody who has said `text` so far has finished their turn.

    `text`: the turn's words so far; case, spacing at the ends and between words, and the last mark count little or
    nothing. `language`: an ISO 639-1 code, with or without a region; "ko" and "en" are known. `asked`: what the turn
    answers, from `what_was_asked`. 0.5 where the language is unknown or `text` holds no word. Pure; of a long turn
    only the last words are read. The first Korean call loads the analyser, see `load`.
    """
    words = said(text)
    judge = _JUDGES.get(primary(language))
    return judge(words, asked) if words and judge else UNKNOWN


def words_said(text: str, language: str) -> int | None:
    """How many words `text` has as whoever judges a turn by its length counts them; None but in English."""
    if primary(language) != "en":
        return None
    words = said(text)
    return english.words_said(words) if words else 0


def load(language: str) -> None:
    """Loads what `finished` needs for `language`, once a process. Blocks: call it in a thread, or before calls come."""
    if primary(language) == "ko":
        korean.load()


def loaded(language: str) -> bool:
    """Whether `finished` judges `language` without loading first; False for languages it does not know."""
    code = primary(language)
    return code in _JUDGES and (code != "ko" or korean.loaded())
