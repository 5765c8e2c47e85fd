"""The service's own figures, for Prometheus."""

import math
import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_CALLS = ("POST", "/api/calls")
_OUTCOMES = {201: "admitted", 401: "no access", 422: "invalid", 429: "too often"}
_NO_PLACE = 503
_FULL, _NO_SERVER = "full", "no server"
OTHER = "other"
"""The label of what is no route of ours, the page's files among it. Labels never hold what a request said."""


class Figures:
    """What one web process has counted since it started."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "malbeot_web_requests", "Requests answered", ("route", "method", "status"), registry=self.registry
        )
        self.first_byte_s = Histogram(
            "malbeot_web_first_byte_seconds",
            "Time to the first byte of an answer's body: of a streamed answer, its first words",
            ("route", "method"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.calls = Counter(
            "malbeot_web_calls", "Calls asked for, and what became of it", ("outcome",), registry=self.registry
        )
        self.places_taken = Gauge("malbeot_places_taken", "Calls that hold a place", registry=self.registry)
        self.places = Gauge("malbeot_places", "Places in all (MAX_CALLS)", registry=self.registry)
        for outcome in (*_OUTCOMES.values(), _FULL, _NO_SERVER, OTHER):
            self.calls.labels(outcome)  # told from the start, as zero

    def text(self, *, places_taken: int | None, places: int) -> bytes:
        """Everything, as Prometheus reads it. `places_taken` is None where nobody can tell."""
        self.places_taken.set(math.nan if places_taken is None else places_taken)
        self.places.set(places)
        return generate_latest(self.registry)

    def count(self, *, route: str, method: str, status: int, first_byte_s: float) -> None:
        """One request that was answered."""
        self.requests.labels(route, method, str(status)).inc()
        self.first_byte_s.labels(route, method).observe(first_byte_s)
        if (method, route) == _CALLS and status != _NO_PLACE:
            self.calls.labels(_OUTCOMES.get(status, OTHER)).inc()

    def no_place(self, *, full: bool) -> None:
        """A call that got no place: every one is taken, or nobody can tell. Both are answered alike."""
        self.calls.labels(_FULL if full else _NO_SERVER).inc()


class CountRequests:
    """Counts every request in the door's figures."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, first_byte_s = time.perf_counter(), 500, None

        async def send_and_look(message: Message) -> None:
            nonlocal status, first_byte_s
            if message["type"] == "http.response.start":
                status = message["status"]
            elif first_byte_s is None and message.get("body"):
                first_byte_s = time.perf_counter() - began
            await send(message)

        try:
            await self._app(scope, receive, send_and_look)
        finally:
            figures: Figures = scope["app"].state.door.figures
            figures.count(
                route=_template(scope),
                method=scope["method"] if scope["method"] in _METHODS else OTHER,
                status=status,
                first_byte_s=time.perf_counter() - began if first_byte_s is None else first_byte_s,
            )


def _template(scope: Scope) -> str:
    """The path of the route that answered, its parameters not filled in."""
    path = getattr(scope.get("route"), "path_format", None)
    return path if isinstance(path, str) and path not in ("", "/") else OTHER
