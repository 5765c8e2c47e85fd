"""What a call's process counts of its voice replicas, in Prometheus' terms.

`replica` is the server's URL without credentials.
"""

from prometheus_client import Counter, Gauge, Histogram

from .breaker import State

TIME_TO_FIRST_BYTE = Histogram(
    "gpt_sovits_time_to_first_byte_seconds",
    "From a request to its first sound",
    ["replica"],
    buckets=(0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1, 1.5, 2, 3, 5, 10, 30),
)
REAL_TIME_FACTOR = Histogram(
    "gpt_sovits_real_time_factor",
    "From a request to the end of its sound, by the length of the sound",
    ["replica"],
    buckets=(0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 5),
)
QUEUE_WAIT = Histogram(
    "gpt_sovits_queue_wait_seconds",
    "Wait for a replica that is free",
    ["replica"],
    buckets=(0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
REQUESTS = Counter(
    "gpt_sovits_requests",
    "Requests by how they went: ok, left (by the listener), or the kind of failure",
    ["replica", "outcome"],
)
BREAKER_STATE = Gauge(
    "gpt_sovits_breaker_state",
    "0 asked as any other (closed), 1 on trial (half open), 2 left alone (open)",
    ["replica"],
    multiprocess_mode="mostrecent",
)
BREAKER_LEVEL = {State.CLOSED: 0, State.HALF_OPEN: 1, State.OPEN: 2}
