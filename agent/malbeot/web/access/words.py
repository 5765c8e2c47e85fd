"""What is said to who may not call, in the language their browser prefers."""

from fastapi import Request

from malbeot.call import Language
from malbeot.web.sentences import sentence

NOT_INVITED = sentence("not_invited")
TOO_OFTEN = sentence("too_often")
TOO_MANY_CALLS = sentence("too_many_calls")
ANOTHER_SITE = sentence("another_site")


def language_of(request: Request) -> Language:
    """Korean or English, whichever `Accept-Language` puts first; English where it names neither (RFC 9110, 12.5.4)."""
    best: Language = "en"
    weight = 0.0
    for part in ",".join(request.headers.getlist("accept-language")).split(","):
        tag, _, parameter = part.strip().lower().partition(";")
        language: Language | None = {"ko": "ko", "en": "en"}.get(tag.strip().split("-")[0])  # type: ignore[assignment]
        if language and (found := _weight(parameter)) > weight:
            best, weight = language, found
    return best


def _weight(parameter: str) -> float:
    name, _, value = parameter.replace(" ", "").partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
