"""What the utterances of `speech.py` come to: the tables, and the bars of accuracy and latency."""

from collections.abc import Callable, Sequence

from bench import report
from bench.ears.figures import INTERIM_EVERY_S, PREFLIGHT_WITHIN_S, by_character, ratio, share, word_errors
from bench.ears.speech import CONDITIONS, Row

_WORSE_BY_AT_MOST = 1.0
"""Points of word error rate, in percent."""

Figure = Callable[[Sequence[Row]], float | None]


def bars(rows: Sequence[Row]) -> list[report.Bar]:
    """The bars over all conditions together, but for the accuracy, which is judged in silence and at 20 dB."""
    value = {name: figure(rows) for name, figure in FIGURES.items()}

    def told(name: str, unit: str = "s") -> report.Bar:
        return report.Bar(name=name, value=value[name], unit=unit)

    def most(name: str, bound: float, unit: str = "s") -> report.Bar:
        return report.Bar(name=name, value=value[name], unit=unit, bound=bound)

    def least(name: str, bound: float, unit: str = "") -> report.Bar:
        return report.Bar(name=name, value=value[name], unit=unit, bound=bound, must_be="at least")

    return [
        least("flushes answered, share", 1.0),
        most("flush → FINAL, p50", 0.10),
        most("flush → FINAL, p95", 0.30),
        told("end of speech → FINAL, p50"),
        told("end of speech → FINAL, p95"),
        most("end of speech → text, p50: ours / plain", 0.25, "×"),
        told("end of speech → text, p50: ours / plain, all cores, beam 1", "×"),
        least(f"PREFLIGHT within {PREFLIGHT_WITHIN_S} s, share", 0.80),
        least("PREFLIGHT with the final words, share", 0.95),
        told(f"PREFLIGHT or FINAL within {PREFLIGHT_WITHIN_S} s, share", ""),
        most("first sample → first words, p50", 0.8),
        told("first sample → first words, p95"),
        most("between transcripts in speech, p95", INTERIM_EVERY_S),
        told("between transcripts in speech, most"),
        told(f"between transcripts in speech, share above {INTERIM_EVERY_S} s", ""),
        most("words that flickered, share", 0.15, ""),
        *(_accuracy(rows, condition) for condition in CONDITIONS),
        told("word errors of recorded Korean, by character: ours - plain", "points"),
        most("CPU for a second of speech: ours / plain", 1.6, "×"),
        told("CPU for a second of speech in the caller's process"),
        told("sending late, most"),
    ]


def table(rows: Sequence[Row]) -> str:
    """Every figure in each condition and over all of them."""
    columns = [[row for row in rows if row.condition == condition] for condition in CONDITIONS]
    lines = [(name, *(figure(column) for column in [*columns, rows])) for name, figure in FIGURES.items()]
    return report.table("Speech", ("figure", *CONDITIONS, "all"), lines)


def _accuracy(rows: Sequence[Row], condition: str) -> report.Bar:
    chosen = [row for row in rows if row.condition == condition]
    ours, plain = _words("heard")(chosen), _words("plain")(chosen)
    return report.Bar(
        name=f"word errors, {condition}: ours - plain",
        value=None if ours is None or plain is None else ours - plain,
        unit="points",
        bound=None if condition == "10 dB" else _WORSE_BY_AT_MOST,
    )


def _spread(of: Callable[[Row], float | None], at: float) -> Figure:
    return lambda rows: report.percentile([of(row) for row in rows], at)


def _in_time(seconds: float | None) -> bool:
    return seconds is not None and seconds <= PREFLIGHT_WITHIN_S


def _gaps(rows: Sequence[Row]) -> list[float]:
    return [gap for row in rows for gap in row.gaps_s]


def _text(row: Row, who: str) -> str:
    return {"heard": row.heard, "plain": row.plain.text, "fast": row.fast.text}[who]


def _words(who: str) -> Figure:
    """Word error rate of the English, in percent."""
    return lambda rows: word_errors([(row.text, _text(row, who)) for row in rows if row.language == "en"])


def _characters(rows: Sequence[Row]) -> float | None:
    korean = [row for row in rows if row.language == "ko"]
    ours, plain = (
        word_errors([(by_character(row.text), by_character(_text(row, who))) for row in korean])
        for who in ("heard", "plain")
    )
    return None if ours is None or plain is None else ours - plain


def _a_second(of: Callable[[Row], float]) -> Callable[[Sequence[Row]], float]:
    return lambda rows: sum(of(row) for row in rows) / sum(row.speech_s for row in rows)


_ours, _plain, _fast = (
    _spread(of, 0.5) for of in (lambda row: row.end_to_final_s, lambda row: row.plain_s, lambda row: row.fast_s)
)
_engine_cpu, _plain_cpu = _a_second(lambda row: row.engine_cpu_s), _a_second(lambda row: row.plain.cpu_s)

FIGURES: dict[str, Figure] = {
    "utterances": len,
    "flushes answered, share": lambda rows: share([row.flush_to_final_s is not None for row in rows]),
    "flush → FINAL, p50": _spread(lambda row: row.flush_to_final_s, 0.5),
    "flush → FINAL, p95": _spread(lambda row: row.flush_to_final_s, 0.95),
    "end of speech → FINAL, p50": _ours,
    "end of speech → FINAL, p95": _spread(lambda row: row.end_to_final_s, 0.95),
    "end of speech → plain's text, p50": _plain,
    "end of speech → plain's text, p95": _spread(lambda row: row.plain_s, 0.95),
    "end of speech → plain's text, all cores, beam 1, p50": _fast,
    "end of speech → plain's text, all cores, beam 1, p95": _spread(lambda row: row.fast_s, 0.95),
    "end of speech → text, p50: ours / plain": lambda rows: ratio(_ours(rows), _plain(rows)),
    "end of speech → text, p50: ours / plain, all cores, beam 1": lambda rows: ratio(_ours(rows), _fast(rows)),
    f"PREFLIGHT within {PREFLIGHT_WITHIN_S} s, share": lambda rows: share(
        [row.preflight_s is not None for row in rows]
    ),
    f"PREFLIGHT or FINAL within {PREFLIGHT_WITHIN_S} s, share": lambda rows: share(
        [_in_time(row.preflight_s) or _in_time(row.end_to_final_s) for row in rows]
    ),
    "PREFLIGHT with the final words, share": lambda rows: share(
        [row.preflight_right for row in rows if row.preflight_right is not None]
    ),
    "end of speech → PREFLIGHT, p50": _spread(lambda row: row.preflight_s, 0.5),
    "end of speech → PREFLIGHT, p95": _spread(lambda row: row.preflight_s, 0.95),
    "first sample → first words, p50": _spread(lambda row: row.first_words_s, 0.5),
    "first sample → first words, p95": _spread(lambda row: row.first_words_s, 0.95),
    "utterances without words before their end, share": lambda rows: share([not row.gaps_s for row in rows]),
    "between transcripts in speech, p50": lambda rows: report.percentile(_gaps(rows), 0.5),
    "between transcripts in speech, p95": lambda rows: report.percentile(_gaps(rows), 0.95),
    "between transcripts in speech, most": lambda rows: max(_gaps(rows), default=None),
    f"between transcripts in speech, share above {INTERIM_EVERY_S} s": lambda rows: share(
        [gap > INTERIM_EVERY_S for gap in _gaps(rows)]
    ),
    "words that flickered, share": lambda rows: ratio(
        sum(row.flicker_changes for row in rows), sum(row.flicker_shown for row in rows)
    ),
    "word errors, ours, %": _words("heard"),
    "word errors, plain, %": _words("plain"),
    "word errors, plain, beam 1, %": _words("fast"),
    "word errors of recorded Korean, by character: ours - plain": _characters,
    "CPU for a second of speech, ours": _engine_cpu,
    "CPU for a second of speech, plain": _plain_cpu,
    "CPU for a second of speech: ours / plain": lambda rows: ratio(_engine_cpu(rows), _plain_cpu(rows)),
    "CPU for a second of speech in the caller's process": _a_second(lambda row: row.caller_cpu_s),
    "sending late, most": _spread(lambda row: row.late_s, 1.0),
}
"""Every figure by its name; times in seconds."""
