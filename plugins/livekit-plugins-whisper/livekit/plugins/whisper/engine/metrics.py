"""What the engine does, in Prometheus' terms."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)


class Metrics:
    """One engine's figures, apart from those of other engines in the process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.queue_wait_s = Histogram(
            "whisper_queue_wait_seconds",
            "From a question's arrival to the beginning of its recognition",
            ["kind"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.work_s = Histogram(
            "whisper_work_seconds",
            "Time to recognise one batch",
            ["kind"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.batch_size = Histogram(
            "whisper_batch_size",
            "Questions recognised together",
            buckets=(1, 2, 3, 4, 6, 8, 12, 16),
            registry=self.registry,
        )
        self.audio_s = Counter(
            "whisper_audio_seconds", "Audio recognised, as often as it was", ["kind"], registry=self.registry
        )
        self.audio_rate = Gauge(
            "whisper_audio_seconds_per_second",
            "Audio recognised in a second of work, in the latest batch",
            registry=self.registry,
        )
        self.dropped = Counter(
            "whisper_dropped",
            "Questions not answered: replaced by a newer one, refused (busy), their asker gone, or failed",
            ["reason"],
            registry=self.registry,
        )
        self.waiting = Gauge("whisper_waiting", "Questions that wait", registry=self.registry)
        self.users = Gauge("whisper_users", "Processes that hold a lease", registry=self.registry)

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)
