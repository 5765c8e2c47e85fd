"""What a recogniser's events say, and the same events saying something else."""

from dataclasses import replace

from livekit.agents import stt

SUPPOSED = "supposed_text"
"""In a transcript's metadata: its text and the words behind it that are not sure enough to be shown, where the
recogniser tells (livekit-plugins-whisper does)."""


def text_of(event: stt.SpeechEvent) -> str:
    return event.alternatives[0].text if event.alternatives else ""


def supposed(event: stt.SpeechEvent) -> str:
    """All words of the recogniser's hypothesis; "" where it does not tell."""
    metadata = event.alternatives[0].metadata if event.alternatives else None
    text = metadata.get(SUPPOSED) if metadata else None
    return text if isinstance(text, str) else ""


def as_kind(event: stt.SpeechEvent, kind: stt.SpeechEventType) -> stt.SpeechEvent:
    return replace(event, type=kind)


def saying(event: stt.SpeechEvent, text: str) -> stt.SpeechEvent:
    said = replace(event.alternatives[0], text=text, words=None)
    return replace(event, alternatives=[said, *event.alternatives[1:]])


def preceded_by(words: str, event: stt.SpeechEvent) -> stt.SpeechEvent:
    """Says `words` before its own, and supposes them as well."""
    told = saying(event, f"{words} {text_of(event)}")
    if hypothesis := supposed(event):
        metadata = {**(told.alternatives[0].metadata or {}), SUPPOSED: f"{words} {hypothesis}"}
        told.alternatives[0] = replace(told.alternatives[0], metadata=metadata)
    return told
