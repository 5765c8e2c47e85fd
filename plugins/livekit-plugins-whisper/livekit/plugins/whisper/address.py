"""Where an engine listens."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_LONGEST_PATH = 107
"""Bytes of a Unix socket's path on Linux (unix(7): 108 with the zero at the end)."""


@dataclass(frozen=True)
class Address:
    """A Unix socket's path, or a host and port."""

    path: Path | None = None
    host: str = ""
    port: int = 0

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Reads `unix:/run/ears.sock` or `tcp://10.0.0.5:9870`. Raises `ValueError` in one line."""
        scheme, _, rest = text.partition(":")
        if scheme == "unix" and rest.startswith("/"):
            path = Path("/", rest.lstrip("/"))
            if len(os.fsencode(path)) > _LONGEST_PATH:
                raise ValueError(f"{text} is longer than the {_LONGEST_PATH} bytes that a Unix socket's path may have")
            return cls(path=path)
        with suppress(ValueError):
            parts = urlsplit(text)
            if parts.scheme == "tcp" and parts.hostname and parts.port is not None:
                return cls(host=parts.hostname, port=parts.port)
        raise ValueError(f"{text!r} is no address of an engine: give unix:/PATH or tcp://HOST:PORT")

    @property
    def url(self) -> str:
        """The beginning of its HTTP addresses."""
        if self.path:
            return "http://localhost"
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    def __str__(self) -> str:
        return f"unix:{self.path}" if self.path else self.url.replace("http", "tcp", 1)
