"""What a call's process counts, in Prometheus' terms. The engine has figures of its own."""

from prometheus_client import Counter

DROPPED = Counter(
    "whisper_texts_dropped", "Texts that nobody seems to have said, by the guard that dropped them", ["reason"]
)
