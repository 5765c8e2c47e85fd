"""Decisions by words alone, on the half of the written utterances that tuning has not seen."""

from unit.plugins.turns.test_turns_words import share_right

from bench import report

LEAST_RIGHT = 95.0
LANGUAGES = {"korean": "ko", "english": "en"}


def measure() -> dict[str, float]:
    """Per cent right, by language. Blocks; Korean loads its analyser."""
    return {language: 100 * share_right(language, code, held_out=True) for language, code in LANGUAGES.items()}


def bars(right: dict[str, float]) -> list[report.Bar]:
    return [
        report.Bar(
            name=f"words alone, {language}, held-out half: right",
            value=share,
            unit="%",
            bound=LEAST_RIGHT,
            must_be="at least",
        )
        for language, share in right.items()
    ]
